// What starts a sandbox child: this very program, as a binary or from source.

import { join } from "node:path";

/** The command line of `hookline sandbox`. */
export const sandboxCommand = (): string[] =>
  Bun.isStandaloneExecutable
    ? [process.execPath, "sandbox"]
    : [process.execPath, "--no-env-file", join(import.meta.dir, "../main.ts"), "sandbox"];
