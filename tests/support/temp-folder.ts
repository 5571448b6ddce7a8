// A folder on disk that lives as long as the block that holds it: `using folder = makeTempFolder()`.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempFolder extends Disposable {
  path: string;
  /** The path of a file in it. */
  file(name: string): string;
}

/** A new, empty folder; leaving the block removes it with all that is in it. */
export function makeTempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), "hookline-test-"));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
