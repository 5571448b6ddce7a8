// The systemd unit and the compose file: what they must not lose when they are changed.

import { expect, test } from "bun:test";
import { readText } from "./source";

/** Directives of a unit, without comments and sections. */
const readDirectives = (unit: string): string[] =>
  unit.split("\n").filter((line) => /^[A-Z]\w*=/.test(line));

test("the unit writes nowhere but in its state directory and gains no rights", () => {
  const directives = readDirectives(readText("docs/deploy/hookline.service"));
  expect(directives).toEqual(
    expect.arrayContaining([
      "ExecStart=/usr/local/bin/hookline serve",
      "EnvironmentFile=-/etc/hookline/hookline.env",
      "Environment=HOOKLINE_DATA_DIR=/var/lib/hookline",
      "StateDirectory=hookline",
      "DynamicUser=yes",
      "CapabilityBoundingSet=",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "ProtectHome=yes",
      "SystemCallFilter=@system-service",
    ]),
  );
});

test("the unit waits longer for the end than the server takes", () => {
  const stop = readDirectives(readText("docs/deploy/hookline.service")).find((line) =>
    line.startsWith("TimeoutStopSec="),
  );
  expect(Number(stop?.split("=")[1])).toBeGreaterThan(25);
});

test("the container is read-only but for its volume, without capabilities, on loopback", () => {
  expect(Bun.YAML.parse(readText("docs/deploy/compose.yaml"))).toMatchObject({
    services: {
      hookline: {
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        ports: ["127.0.0.1:3000:3000"],
        volumes: ["data:/data"],
        stop_grace_period: "30s",
      },
    },
  });
});
