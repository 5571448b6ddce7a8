// `hookline openapi`: the OpenAPI document without a server.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createApp } from "../app";
import { createConfig } from "../config";
import { migrate } from "../db/migrate";
import { MIGRATIONS } from "../db/migrations";
import { openDatabase } from "../db/open";
import { systemClock } from "../lib/clock";
import { systemIds } from "../lib/ids";
import { silentLog } from "../lib/log";
import { createDocument } from "../ops/openapi/document";
import { assemble } from "./assemble";

/** The app as it is without any setting, on a database in memory: it is described, never called. */
async function createDescribedApp() {
  const db = openDatabase(":memory:");
  migrate({ db, clock: systemClock, migrations: MIGRATIONS, backupPath: () => null });
  const { deps } = await assemble({
    config: createConfig(),
    db,
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    masterKey: { bytes: Buffer.alloc(32), id: "", created: false },
    publicUrl: () => "",
  });
  return createApp(deps);
}

/** The text of `openapi.json`. */
export async function printOpenApi(): Promise<string> {
  const app = await createDescribedApp();
  return `${JSON.stringify(createDocument({ app, publicUrl: null }), null, 2)}\n`;
}

/** `hookline openapi [-o FILE]`; exit code 1 where the file cannot be written, 2 for unknown flags. */
export async function openapi(args: string[]): Promise<void> {
  try {
    const { values } = parseArgs({ args, options: { output: { type: "string", short: "o" } } });
    const text = await printOpenApi();
    if (values.output === undefined) process.stdout.write(text);
    else writeFileSync(values.output, text);
  } catch (error) {
    const isUsage = error instanceof TypeError && "code" in error;
    process.stderr.write(`${error instanceof Error ? error.message : "The document failed."}\n`);
    process.exit(isUsage ? 2 : 1);
  }
}
