// Writes the files that are printed from the program's tables.
//
//   bun run generate            writes them
//   bun run generate --check    names those that differ, and exits 1

import { parseArgs } from "node:util";
import { findStale, writeGenerated } from "./generated";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const root = process.cwd();

if (values.check) {
  const stale = await findStale(root);
  for (const path of stale) console.error(`${path} differs: run "bun run generate".`);
  process.exit(stale.length === 0 ? 0 : 1);
}
await writeGenerated(root);
