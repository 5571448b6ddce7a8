// What the server has loaded once it could listen: start time and idle memory depend on it.

import { expect, test } from "bun:test";
import { REPOSITORY } from "../rules/source";

/** Modules whose path has `part`, in a process of its own that has imported these. */
async function countLoaded(part: string, imports: string[]): Promise<number> {
  const lines = imports.map((path) => `await import(${JSON.stringify(path)});`);
  const count = `console.log(Object.keys(require.cache).filter((key) => key.includes("${part}")).length);`;
  const command = [process.execPath, "-e", [...lines, count].join("\n")];
  const child = Bun.spawn(command, { cwd: REPOSITORY, stdout: "pipe", stderr: "inherit" });
  return Number(await child.stdout.text());
}

test("no SDK of a provider is loaded before its first call", async () => {
  const serve = "./src/commands/serve.ts";
  expect(await countLoaded("/@ai-sdk/", [serve])).toBe(0);
  expect(await countLoaded("/@ai-sdk/", [serve, "@ai-sdk/anthropic"])).toBeGreaterThan(0);
  expect(await countLoaded("/src/providers/", [serve])).toBeGreaterThan(5);
});
