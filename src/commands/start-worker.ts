// How the server's Worker is started: from the binary, or from the sources.

import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Where `src` is; in the binary, which keeps its entries as they lie there, beside the first. */
const root = (): string =>
  Bun.isStandaloneExecutable ? dirname(Bun.main) : join(import.meta.dir, "..");

/** A Worker of `db/checkpoint-worker.ts`. */
export const startCheckpointWorker = (): Worker =>
  new Worker(pathToFileURL(join(root(), "db/checkpoint-worker.ts")), { smol: true });
