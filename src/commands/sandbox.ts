// `hookline sandbox`, started by the server and by nobody else: runs users' JavaScript and checks
// schemas for it, over its standard input and output.

import { writeSync } from "node:fs";
import { createSchemaChecker } from "../pipelines/schemas/checker";
import { serveRequests } from "../sandbox/child";
import { createEngine } from "../sandbox/engine";
import { dieWithParent } from "../sandbox/parent-death";

const STANDARD_OUTPUT = 1;

function write(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(STANDARD_OUTPUT, bytes, done);
  }
}

/** Serves until the server ends; signals to the whole group are the server's to act on. */
export async function sandbox(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
  dieWithParent();
  const checkSchema = createSchemaChecker();
  const engine = await createEngine();
  await serveRequests({ engine, checkSchema, input: Bun.stdin.stream(), write });
  process.exit(0);
}
