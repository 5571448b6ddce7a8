// Checks of values against schemas in a real child: what fits, what does not, and what would block.

import { afterAll, describe, expect, test } from "bun:test";
import type { ErrorDetail } from "../../src/errors";
import { readDetails } from "../../src/sandbox/schema-check";
import type { Json } from "../../src/lib/json-value";
import { rejection } from "../support/rejection";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

const sandbox = openSandbox();
afterAll(() => sandbox.stop());

const check = (schema: Json, value: Json, deadlineMs = 5_000): Promise<ErrorDetail[]> =>
  sandbox.checkSchema({ agent: 1, schema: JSON.stringify(schema), value, deadlineMs });

describe("a value is told what does not fit:", () => {
  test.each<[string, Json, Json, string[]]>([
    ["nothing", { pattern: "^a+$" }, "aaa", []],
    ["a pattern", { pattern: "^a+$" }, "aab", [" PATTERN"]],
    ["a format", { format: "date-time" }, "today", [" FORMAT"]],
    ["items that are there twice", { uniqueItems: true }, [{ a: 1 }, { a: 1 }], [" UNIQUE_ITEMS"]],
    [
      "a property by its name",
      { patternProperties: { "^n": { type: "number" } } },
      { n1: "x", m: "x" },
      ["/n1 TYPE"],
    ],
    [
      "draft-07 by name",
      { $schema: "http://json-schema.org/draft-07/schema#", items: [{ pattern: "a" }] },
      ["b"],
      ["/0 PATTERN"],
    ],
    [
      "a value with __proto__",
      { propertyNames: { pattern: "^a" } },
      JSON.parse('{"__proto__":1}'),
      [" PROPERTY_NAMES"],
    ],
  ])("%s", async (_name, schema, value, details) => {
    const found = await check(schema, value);
    expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual(details);
  });
});

describe("a check that would block is killed at its deadline:", () => {
  const items = Array.from({ length: 30_000 }, (_, n) => n);
  test.each<[string, Json, Json]>([
    ["a pattern with nested repeats", { pattern: "^(a+)+$" }, `${"a".repeat(40)}!`],
    [
      "a name of a property",
      { patternProperties: { "^(a|a)*$": {} } },
      { [`${"a".repeat(60)}!`]: 1 },
    ],
    ["many items to compare", { uniqueItems: true }, items],
  ])("%s", async (_name, schema, value) => {
    expect(await rejection(check(schema, value, 250))).toMatchObject({ code: "CODE_TIMEOUT" });
    expect(await check({ pattern: "^a" }, "a")).toEqual([]);
  });
});

test("a schema with faults ends the child that meets it, and the next check has another", async () => {
  expect(await rejection(check({ pattern: "(" }, "a"))).toMatchObject({
    code: "SANDBOX_UNAVAILABLE",
  });
  expect(await check({ pattern: "^a" }, "a")).toEqual([]);
});

test("a check whose value takes too much memory is killed", async () => {
  const value = Array<Json>(2_000_000).fill({});
  expect(await rejection(check({ uniqueItems: true }, value))).toMatchObject({
    code: "CODE_OUT_OF_MEMORY",
  });
  expect(await check({ pattern: "^a" }, "a")).toEqual([]);
});

test("a value of more than 8 MiB is refused before a child is asked", async () => {
  using own = openSandbox();
  const value = "x".repeat(8 * 1024 * 1024);
  const call = { agent: 1, schema: '{"pattern":"x"}', value, deadlineMs: 250 };
  expect(await rejection(own.checkSchema(call))).toMatchObject({ code: "CODE_VALUES_TOO_LARGE" });
  expect(own.size()).toBe(0);
});

test("checks and code take turns in one child", async () => {
  expect(await check({ pattern: "^a" }, "b")).toHaveLength(1);
  expect((await runToEnd(sandbox, callOf("return 1"))).value).toBe(1);
  expect(await check({ pattern: "^a" }, "a")).toEqual([]);
  expect(sandbox.size()).toBe(1);
});

describe("what a child gives as details is taken only where it is that:", () => {
  const detail = { path: "", code: "PATTERN", message: "Send text." };
  test.each<[string, Json, unknown]>([
    ["none", [], []],
    ["one", [detail], [detail]],
    ["with more beside", [{ ...detail, stack: "x" }], [detail]],
    ["no array", { 0: detail }, null],
    ["texts", ["x"], null],
    ["a message that is no text", [{ ...detail, message: {} }], null],
    ["one that lacks a code", [detail, { path: "", message: "x" }], null],
  ])("%s", (_name, given, details) => {
    expect<unknown>(readDetails(given)).toEqual(details);
  });
});
