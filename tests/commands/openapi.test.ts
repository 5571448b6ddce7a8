// The committed document is the one that the program prints.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printOpenApi } from "../../src/commands/openapi";
import { REPOSITORY } from "../rules/source";
import { createTestApp } from "../support/app";

test("openapi.json is what `bun src/main.ts openapi -o openapi.json` writes", async () => {
  const committed = readFileSync(join(REPOSITORY, "openapi.json"), "utf8");
  // Without the 6,000 lines of a difference.
  expect(committed === (await printOpenApi())).toBe(true);
});

test("the command prints what a server without a public URL answers", async () => {
  const app = await createTestApp();
  const served = await (await app.request("/swagger/json")).json();
  expect(JSON.parse(await printOpenApi())).toEqual(served);
});
