// `hookline healthcheck`: asks the server of this machine, for containers without a shell.

import { readFileSync } from "node:fs";
import { environment, loadConfig } from "../config";
import { createOutbound } from "../lib/outbound";
import { parseAllowPrivate } from "../lib/network/outbound-address";

const WILDCARDS = new Set(["0.0.0.0", "::", "[::]"]);

/** Exit code 0 where `/healthz` answers 200, else 1. */
export async function healthcheck(): Promise<void> {
  const readFile = (path: string): string => readFileSync(path, "utf8");
  try {
    const { host, port } = loadConfig({ env: environment(), readFile });
    const name = WILDCARDS.has(host) ? "127.0.0.1" : host;
    const target = `${name.includes(":") ? `[${name}]` : name}:${port}`;
    const outbound = createOutbound({ allowPrivate: parseAllowPrivate(target) });
    const response = await outbound.fetch(`http://${target}/healthz`, {});
    process.exit(response.status === 200 ? 0 : 1);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : "no answer"}\n`);
    process.exit(1);
  }
}
