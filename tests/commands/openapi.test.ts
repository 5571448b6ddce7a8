// The committed document is the one that the program prints.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printOpenApi } from "../../src/commands/openapi";
import { REPOSITORY } from "../rules/source";
import { createTestApp } from "../support/app";

test("openapi.json is what `hookline openapi` prints; print it again after a change", async () => {
  const committed = readFileSync(join(REPOSITORY, "openapi.json"), "utf8");
  expect(committed).toBe(await printOpenApi());
});

test("the command prints what a server without a public URL answers", async () => {
  const app = await createTestApp();
  const served = await (await app.request("/swagger/json")).json();
  expect(JSON.parse(await printOpenApi())).toEqual(served);
});
