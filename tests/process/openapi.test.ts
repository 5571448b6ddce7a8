// `hookline openapi` of the built binary, in a folder with nothing in it.

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../rules/source";
import { makeFolder } from "../support/process-files";
import { BINARY } from "../support/server";

const COMMITTED = readFileSync(join(REPOSITORY, "openapi.json"), "utf8");

function run(cwd: string, ...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([BINARY, "openapi", ...args], {
    cwd,
    env: {},
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("prints the committed document, and leaves nothing behind", () => {
  using folder = makeFolder();
  expect(run(folder.path)).toEqual({ exitCode: 0, stdout: COMMITTED, stderr: "" });
  expect(readdirSync(folder.path)).toEqual([]);
});

test("writes it to a file with -o", () => {
  using folder = makeFolder();
  expect(run(folder.path, "-o", "api.json")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(readFileSync(join(folder.path, "api.json"), "utf8")).toBe(COMMITTED);
});

test("ends with 1 where the file cannot be written, and with 2 for an unknown flag", () => {
  using folder = makeFolder();
  const unwritable = run(folder.path, "-o", "nowhere/api.json");
  expect([unwritable.exitCode, unwritable.stdout]).toEqual([1, ""]);
  expect(unwritable.stderr).toContain("nowhere/api.json");
  const unknown = run(folder.path, "--format=yaml");
  expect([unknown.exitCode, unknown.stdout]).toEqual([2, ""]);
  expect(unknown.stderr).toContain("--format");
});
