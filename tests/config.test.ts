// The settings: defaults, what each takes and refuses, and all faults told at once without secrets.

import { describe, expect, test } from "bun:test";
import type { Config, Setting } from "../src/config";
import {
  ConfigError,
  createConfig,
  environment,
  loadConfig,
  MAX_WEBHOOK_BODY_BYTES,
  SETTINGS,
  showDefault,
} from "../src/config";

type Env = Record<string, string | undefined>;
type Files = Record<string, string>;

const load = (env: Env, files: Files = {}): Config =>
  loadConfig({
    env,
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return text;
    },
  });

/** All faults, or none. */
function faultsOf(env: Env, files: Files = {}): string[] {
  try {
    load(env, files);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

const TOKEN = `hk_live_${"a".repeat(32)}`;
const KEY = Buffer.alloc(32, 5).toString("base64");
const MIB = 1024 * 1024;

test("an empty environment gives the documented defaults", () => {
  expect(load({})).toEqual({
    port: 3000,
    host: "127.0.0.1",
    dataDir: "hookline-data",
    publicUrl: null,
    allowedHosts: [],
    trustProxy: [],
    adminToken: null,
    encryptionKey: null,
    durability: "full",
    slots: 10,
    webhookRatePerMinute: 100,
    webhookMaxConcurrent: 10,
    maxBody: MIB,
    requireWebhookAuth: false,
    readLinks: true,
    executionTimeout: 15 * 60_000,
    maxNodeRuns: 5_000,
    maxModelCalls: 200,
    maxToolCalls: 200,
    maxTokens: 200_000,
    maxCost: 10,
    pipelineMaxNodes: 100,
    pipelineMaxEdges: 500,
    allowPrivate: [],
    docs: "public",
    logLevel: "info",
  });
  expect(createConfig({ slots: 2 })).toEqual({ ...load({}), slots: 2 });
});

test("every setting has a variable of its own, a form and a line of documentation", () => {
  const rows = Object.values(SETTINGS);
  expect(new Set(rows.map((row) => row.variable)).size).toBe(rows.length);
  for (const row of rows) {
    expect(row.variable).toMatch(/^(PORT|HOOKLINE_[A-Z]+(_[A-Z]+)*)$/);
    expect(row.form).toMatch(/^\S.{2,}\S$/);
    expect(row.doc).toMatch(/^[A-Z][^\r\n]{10,}\.$/);
  }
  const secrets = rows.filter((row) => row.secret === true).map((row) => row.variable);
  expect(secrets).toEqual(["HOOKLINE_ADMIN_TOKEN", "HOOKLINE_ENCRYPTION_KEY"]);
});

test("a default is shown as it would be written", () => {
  const rows = Object.values<Setting<unknown>>(SETTINGS);
  const shown = rows.flatMap((row) => showDefault(row) ?? []);
  expect(shown).toEqual(expect.arrayContaining(["3000", "hookline-data", "1mb", "15m", "true"]));
  for (const row of rows) {
    const text = showDefault(row);
    if (text !== null) expect(row.read(text)).toEqual({ value: row.fallback });
  }
});

/** Name, text, value. */
const GOOD: [name: keyof Config, text: string, value: string | number | boolean][] = [
  ["port", "0", 0],
  ["port", "65535", 65_535],
  ["host", "0.0.0.0", "0.0.0.0"],
  ["dataDir", "/var/lib/hookline", "/var/lib/hookline"],
  ["publicUrl", "https://hooks.example.com", "https://hooks.example.com"],
  ["publicUrl", "https://example.com/hooks//", "https://example.com/hooks"],
  ["publicUrl", "http://[::1]:3000/", "http://[::1]:3000"],
  ["adminToken", TOKEN, TOKEN],
  ["encryptionKey", KEY, KEY],
  ["encryptionKey", KEY.replace("=", ""), KEY.replace("=", "")],
  ["slots", "1", 1],
  ["slots", "1000", 1000],
  ["webhookRatePerMinute", "1000000", 1_000_000],
  ["webhookMaxConcurrent", "1", 1],
  ["maxBody", "1024b", 1024],
  ["maxBody", "512kb", 512 * 1024],
  ["maxBody", "2MB", 2 * MIB],
  ["maxBody", "25mb", MAX_WEBHOOK_BODY_BYTES],
  ["requireWebhookAuth", "true", true],
  ["readLinks", "false", false],
  ["executionTimeout", "1000ms", 1_000],
  ["executionTimeout", "90s", 90_000],
  ["executionTimeout", "5m", 300_000],
  ["executionTimeout", "1h", 3_600_000],
  ["pipelineMaxNodes", "2", 2],
  ["pipelineMaxEdges", "2500", 2500],
  ["durability", "normal", "normal"],
  ["logLevel", "debug", "debug"],
];

test.each(GOOD)("%s takes %p", (name, text, value) => {
  expect(load({ [SETTINGS[name].variable]: text })[name]).toEqual(value);
});

/** Name, texts that are refused, what the fault says. */
const BAD: [name: keyof Config, texts: string[], fault: string][] = [
  ["port", ["65536", "-1", "1.5", "0x50", "1e3", "80 ", "tcp://10.0.0.1:80"], "0 to 65535"],
  ["slots", ["0", "1001", "ten", "99999999999999999999"], "1 to 1000"],
  ["webhookRatePerMinute", ["0", "1000001", "100/m"], "1 to 1000000"],
  ["webhookMaxConcurrent", ["0", "1000001", "∞"], "1 to 1000000"],
  ["pipelineMaxNodes", ["1", "501"], "2 to 500"],
  ["pipelineMaxEdges", ["0", "2501"], "1 to 2500"],
  ["maxBody", ["1", "1024", "1gb", "1.5mb", "mb", "1 mb", "1constructor"], "size such as"],
  ["maxBody", ["1023b", "0kb", "26mb", "999999999999mb"], "from 1kb to 25mb"],
  ["executionTimeout", ["900", "15", "1w", "1h30m", "s", "-5m"], "duration such as"],
  ["executionTimeout", ["999ms", "0s", "61m", "2h", "1d"], "from 1s to 1h"],
  ["requireWebhookAuth", ["1", "yes", "TRUE", "on"], "true or false"],
  ["readLinks", ["0", "no", "False"], "true or false"],
  ["durability", ["off", "FULL", "extra"], "one of full, normal"],
  ["logLevel", ["trace", "INFO", "warning"], "one of debug, info, warn, error"],
  ["publicUrl", ["hooks.example.com", "ftp://x.example", "file:///x", "javascript:0"], "http"],
  ["publicUrl", ["https://x.example/?a=1", "https://x.example/#a"], "without query"],
  ["adminToken", ["secret", `hk_test_${"a".repeat(32)}`, TOKEN.slice(0, -1), `${TOKEN} x`], "32"],
  ["encryptionKey", ["short", KEY.slice(2), `${KEY}AAAA`, "!".repeat(43)], "32 bytes as base64"],
  ["allowedHosts", ["https://x.example", "x.example:80", "*.example", "x,", ","], "write a name"],
  ["trustProxy", ["proxy.lan", "10.1", "10.0.0.1:80", "10.0.0.1,", "all"], "write an address"],
  ["trustProxy", ["0.0.0.0/0", "10.0.0.0/33", "::/0"], "the size of the network"],
  ["allowPrivate", ["10.0.0.1", "10.0.0.0/33:80", "host:0", "host:80,"], "cannot be read"],
];

const BAD_TEXTS = BAD.flatMap(([name, texts, fault]) =>
  texts.map((text): [keyof Config, string, string] => [name, text, fault]),
);

test.each(BAD_TEXTS)("%s refuses %p", (name, text, says) => {
  const { variable } = SETTINGS[name];
  const [fault = "", ...others] = faultsOf({ [variable]: text });
  expect(others).toEqual([]);
  expect(fault).toStartWith(`${variable} `);
  expect(fault).toContain(says);
});

test.each(Object.keys(SETTINGS) as (keyof Config)[])("%s refuses an empty value", (name) => {
  const { variable } = SETTINGS[name];
  expect(faultsOf({ [variable]: "" })).toEqual([`${variable} is empty; give a value or unset it`]);
});

/** Webhook URLs are made by adding a path to it. */
test.each([
  ["white space around", " https://x.example "],
  ["a bare question mark", "https://x.example/?"],
  ["a bare hash", "https://x.example/#"],
  ["no slashes behind the scheme", "https:x.example"],
  ["backslashes", "https:\\\\x.example"],
])("a public URL with %s is taken as a browser reads it, or refused", (_name, text) => {
  const faults = faultsOf({ HOOKLINE_PUBLIC_URL: text });
  if (faults.length > 0) return expect(faults[0]).toContain("HOOKLINE_PUBLIC_URL");
  expect(load({ HOOKLINE_PUBLIC_URL: text }).publicUrl).toBe("https://x.example");
});

test("private targets are read into rules", () => {
  const { allowPrivate } = load({ HOOKLINE_ALLOW_PRIVATE: "ollama:11434, 10.0.0.0/8:443" });
  expect(allowPrivate).toMatchObject([
    { kind: "name", name: "ollama", port: 11_434 },
    { kind: "range", bits: 8, port: 443 },
  ]);
});

test("host names and trusted networks are read into lists", () => {
  const { allowedHosts, trustProxy } = load({
    HOOKLINE_ALLOWED_HOSTS: "Hookline, hooks.lan",
    HOOKLINE_TRUST_PROXY: "10.0.0.0/8, ::1",
  });
  expect(allowedHosts).toEqual(["hookline", "hooks.lan"]);
  expect(trustProxy.map(({ address, bits }) => `${address.toString()}/${bits}`)).toEqual([
    "10.0.0.0/8",
    "::1/128",
  ]);
});

test("all faults are told at once, each in a line of the message", () => {
  const env = { PORT: "x", HOOKLINE_SLOTS: "0", HOOKLINE_LOG_LEVEL: "loud", HOOKLINE_SLOT: "1" };
  const faults = faultsOf(env);
  const variables = faults.map((fault) => fault.split(" ")[0] ?? "");
  expect(variables.toSorted()).toEqual(Object.keys(env).toSorted());
  expect(new ConfigError(faults).message.split("\n")).toEqual(faults);
});

describe("a secret from a file", () => {
  const file = {
    HOOKLINE_ADMIN_TOKEN_FILE: "/run/token",
    HOOKLINE_ENCRYPTION_KEY_FILE: "/run/key",
  };

  test("is its content without white space around it", () => {
    const config = load(file, { "/run/token": `${TOKEN}\n`, "/run/key": `  ${KEY}\r\n` });
    expect([config.adminToken, config.encryptionKey]).toEqual([TOKEN, KEY]);
  });

  test("is refused beside the variable itself", () => {
    const env = { HOOKLINE_ADMIN_TOKEN: TOKEN, HOOKLINE_ADMIN_TOKEN_FILE: "/run/token" };
    expect(faultsOf(env, { "/run/token": TOKEN })).toEqual([
      "HOOKLINE_ADMIN_TOKEN and HOOKLINE_ADMIN_TOKEN_FILE are both set; keep one",
    ]);
  });

  test("that cannot be read is a fault for each file", () => {
    expect(faultsOf(file)).toEqual([
      "HOOKLINE_ADMIN_TOKEN has a _FILE that cannot be read",
      "HOOKLINE_ENCRYPTION_KEY has a _FILE that cannot be read",
    ]);
  });

  test("that is empty is a fault", () => {
    expect(faultsOf(file, { "/run/token": "\n", "/run/key": KEY })).toEqual([
      "HOOKLINE_ADMIN_TOKEN is empty; give a value or unset it",
    ]);
  });

  test("exists for secrets alone", () => {
    expect(faultsOf({ HOOKLINE_HOST_FILE: "/run/host" })).toEqual([
      'HOOKLINE_HOST_FILE is not a setting. Did you mean "HOOKLINE_HOST"?',
    ]);
  });
});

test("no fault holds anything of a secret, given by variable or by file", () => {
  const planted = "hunter2hunter2";
  const files = { "/run/a": planted, "/run/b": `${planted}\n${planted}` };
  const environments: Env[] = [
    { HOOKLINE_ADMIN_TOKEN: planted, HOOKLINE_ENCRYPTION_KEY: planted },
    { HOOKLINE_ADMIN_TOKEN_FILE: "/run/a", HOOKLINE_ENCRYPTION_KEY_FILE: "/run/b" },
    { HOOKLINE_ADMIN_TOKEN: planted, HOOKLINE_ADMIN_TOKEN_FILE: "/run/a", HOOKLINE_KEY: planted },
  ];
  for (const env of environments) {
    const faults = faultsOf(env, files);
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain("hunter2");
  }
});

describe("a variable that is no setting", () => {
  test.each([
    ["HOOKLINE_ADMIN_TOKENS", "HOOKLINE_ADMIN_TOKEN"],
    ["HOOKLINE_WEBHOOK_RATE_PER_MIN", "HOOKLINE_WEBHOOK_RATE_PER_MINUTE"],
    ["HOOKLINE_LOGLEVEL", "HOOKLINE_LOG_LEVEL"],
    ["HOOKLINE_ENCRYPTON_KEY_FILE", "HOOKLINE_ENCRYPTION_KEY_FILE"],
    ["HOOKLINE_DATADIR", "HOOKLINE_DATA_DIR"],
    ["HOOKLINE_", "HOOKLINE_HOST"],
  ])("%s is refused with the nearest one, %s", (name, nearest) => {
    expect(faultsOf({ [name]: "x" })).toEqual([
      `${name} is not a setting. Did you mean "${nearest}"?`,
    ]);
  });

  test("is let pass where Kubernetes makes it for a Service named hookline", () => {
    const injected = {
      HOOKLINE_PORT: "tcp://10.96.0.7:3000",
      HOOKLINE_PORT_3000_TCP: "tcp://10.96.0.7:3000",
      HOOKLINE_PORT_3000_TCP_ADDR: "10.96.0.7",
      HOOKLINE_SERVICE_HOST: "10.96.0.7",
      HOOKLINE_SERVICE_PORT: "3000",
      HOOKLINE_SERVICE_PORT_HTTP: "3000",
    };
    expect(load(injected)).toEqual(load({}));
    expect(faultsOf({ HOOKLINE_PORTS: "1" })).toHaveLength(1);
    expect(faultsOf({ HOOKLINE_SERVICES: "1" })).toHaveLength(1);
  });

  test("is let pass without our prefix", () => {
    expect(load({ PATH: "/bin", hookline_slots: "0", HOOKLINES: "x" })).toEqual(load({}));
  });
});

test("a variable that is undefined is not set", () => {
  expect(load({ PORT: undefined }).port).toBe(3000);
});

test("the environment is the process's own", () => {
  expect(environment()).toBe(process.env);
});
