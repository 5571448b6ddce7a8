// The files that are printed from the program's tables, and whether those on disk are the same.

import { printOpenApi } from "../src/commands/openapi";
import { printConfig } from "./print-config";
import { printErrors } from "./print-errors";
import { printLogs } from "./print-logs";

interface GeneratedFile {
  /** Relative to the repository. */
  path: string;
  print: () => string | Promise<string>;
}

export const GENERATED: GeneratedFile[] = [
  { path: "docs/config.md", print: printConfig },
  { path: "docs/errors.md", print: printErrors },
  { path: "docs/logs.md", print: printLogs },
  { path: "openapi.json", print: printOpenApi },
];

/** Paths whose file is missing or holds something else. */
export async function findStale(root: string): Promise<string[]> {
  const stale = await Promise.all(
    GENERATED.map(async ({ path, print }) => {
      const file = Bun.file(`${root}/${path}`);
      const same = (await file.exists()) && (await file.text()) === (await print());
      return same ? [] : [path];
    }),
  );
  return stale.flat();
}

/** Writes all of them. */
export async function writeGenerated(root: string): Promise<void> {
  for (const { path, print } of GENERATED) await Bun.write(`${root}/${path}`, await print());
}
