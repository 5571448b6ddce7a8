// Files, exports and packages that nothing uses, found by knip (`knip.json`).

import { expect, test } from "bun:test";
import { REPOSITORY } from "./source";

test("no file, export, type or package is there that nothing uses", async () => {
  const knip = Bun.spawn([process.execPath, "run", "unused"], {
    cwd: REPOSITORY,
    stdout: "pipe",
    stderr: "ignore",
  });
  const output = await knip.stdout.text();
  expect({ code: await knip.exited, output: output.trim() }).toEqual({ code: 0, output: "" });
}, 30_000);
