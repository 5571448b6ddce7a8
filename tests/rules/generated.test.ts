// The files printed from the program's tables: what is committed is what the program prints.

import { expect, test } from "bun:test";
import { appendFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { findStale, GENERATED, writeGenerated } from "../../scripts/generated";
import { makeTempFolder } from "../support/temp-folder";
import { REPOSITORY } from "./source";

test("every generated file is what the program prints", async () => {
  expect(await findStale(REPOSITORY)).toEqual([]);
});

test("printing twice gives the same bytes", async () => {
  for (const { print } of GENERATED) expect(await print()).toBe(await print());
});

test("a file that was changed and one that is missing are named, and the check exits 1", async () => {
  using folder = makeTempFolder();
  await writeGenerated(folder.path);
  expect(await findStale(folder.path)).toEqual([]);

  appendFileSync(folder.file("docs/config.md"), "One line more.\n");
  rmSync(folder.file("docs/logs.md"));
  const script = resolve(REPOSITORY, "scripts/generate.ts");
  const check = Bun.spawn([process.execPath, script, "--check"], {
    cwd: folder.path,
    stdio: ["ignore", "ignore", "pipe"],
  });
  expect(await check.stderr.text()).toBe(
    'docs/config.md differs: run "bun run generate".\ndocs/logs.md differs: run "bun run generate".\n',
  );
  expect(await check.exited).toBe(1);
});
