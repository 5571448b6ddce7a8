// Folders that go with their scope, and the bodies of real deliveries.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { endWithFile } from "./process-cleanup";
import { makeTempFolder, type TempFolder } from "./temp-folder";

/** A new folder, deleted at the end of its scope. */
export function makeFolder(): TempFolder {
  const folder = makeTempFolder();
  const forget = endWithFile(() => folder[Symbol.dispose]());
  return {
    ...folder,
    [Symbol.dispose]() {
      forget();
      folder[Symbol.dispose]();
    },
  };
}

/** The bytes of `tests/fixtures/<name>.body`. */
export const readDelivery = (name: string): Buffer =>
  readFileSync(resolve(import.meta.dir, "../fixtures", `${name}.body`));

/** The bytes of all files under a folder, by path. */
export function readFiles(folder: string): Map<string, Buffer> {
  const glob = new Bun.Glob("**/*");
  const paths = [...glob.scanSync({ cwd: folder, dot: true, onlyFiles: true })];
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path))]));
}
