import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { compileInputSchema } from "../../../src/pipelines/schemas/compile";

const faultsOf = (schema: Json): string[] => {
  const compiled = compileInputSchema(schema);
  return compiled.ok ? [] : compiled.faults.map(({ path, code }) => `${path} ${code}`);
};

/** Whether the check is made in the sandbox. */
function needsSandbox(schema: Json): boolean {
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.needsSandbox;
}

test.each<Json>([
  { pattern: "^a+$" },
  { patternProperties: { "^a": {} } },
  { format: "email" },
  { uniqueItems: true },
  { properties: { mail: { format: "email" } } },
  { allOf: [{}, { pattern: "x" }] },
  { items: { uniqueItems: true } },
  { $defs: { "a/b": { format: "uri" } } },
  { if: { format: "uri" } },
  { dependentSchemas: { a: { pattern: "x" } } },
  { patternProperties: { a: { type: "string" } }, additionalProperties: false },
])("%j is checked in the sandbox", (schema) => {
  expect(needsSandbox(schema)).toBe(true);
});

const ALLOWED: Json[] = [
  { properties: { format: { type: "string" }, pattern: {}, uniqueItems: {}, $ref: {} } },
  { enum: [{ format: "x" }, { pattern: "(" }] },
  { const: { pattern: "x", $ref: "nowhere" } },
  { default: { format: "x" }, examples: [{ pattern: "x" }], "x-own": { format: "x", $ref: 5 } },
  { required: ["format"], title: "t", description: "d", $comment: "c", deprecated: true },
  { type: ["string", "null"] },
  { items: { type: "string" }, contains: { const: 1 }, minContains: 2 },
  { $defs: { a: { $anchor: "here" } }, $ref: "#here" },
  { $id: "https://example.com/root.json", $ref: "root.json#/$defs/a", $defs: { a: {} } },
  { $id: "https://example.com/root.json", $ref: "item.json", $defs: { a: { $id: "item.json" } } },
  { properties: { a: { $ref: "#/properties/b" }, b: { type: "string" } } },
  {
    $schema: "http://json-schema.org/draft-07/schema#",
    definitions: { a: {} },
    $ref: "#/definitions/a",
  },
];

test.each(ALLOWED)("%j is accepted, and needs no sandbox", (schema) => {
  expect(faultsOf(schema)).toEqual([]);
  expect(needsSandbox(schema)).toBe(false);
});

const INVALID: [Json, string][] = [
  ["text", ""],
  [[], ""],
  [null, ""],
  [{ type: "text" }, "/type"],
  [{ type: [] }, "/type"],
  [{ type: ["string", "int"] }, "/type"],
  [{ properties: [] }, "/properties"],
  [{ properties: { a: 1 } }, "/properties/a"],
  [{ required: "a" }, "/required"],
  [{ required: [1] }, "/required"],
  [{ enum: "a" }, "/enum"],
  [{ allOf: {} }, "/allOf"],
  [{ anyOf: [] }, "/anyOf"],
  [{ oneOf: ["x"] }, "/oneOf/0"],
  [{ minLength: -1 }, "/minLength"],
  [{ maxItems: 1.5 }, "/maxItems"],
  [{ minimum: "1" }, "/minimum"],
  [{ multipleOf: 0 }, "/multipleOf"],
  [{ additionalProperties: "no" }, "/additionalProperties"],
  [{ items: [{}] }, "/items"],
  [{ additionalItems: false }, "/additionalItems"],
  [{ dependencies: {} }, "/dependencies"],
  [{ dependentRequired: { a: "b" } }, "/dependentRequired"],
  [{ pattern: "(" }, "/pattern"],
  [{ pattern: "\\-" }, "/pattern"],
  [{ pattern: 1 }, "/pattern"],
  [{ pattern: "a".repeat(1_001) }, "/pattern"],
  [{ patternProperties: { "[": {} } }, "/patternProperties/["],
  [{ patternProperties: ["a"] }, "/patternProperties"],
  [{ patternProperties: { a: 1 } }, "/patternProperties/a"],
  [{ format: true }, "/format"],
  [{ uniqueItems: "yes" }, "/uniqueItems"],
  [{ $dynamicRef: "#x" }, "/$dynamicRef"],
  [{ $recursiveRef: "#" }, "/$recursiveRef"],
  [{ $ref: 5 }, "/$ref"],
  [{ $schema: "http://json-schema.org/draft-07/schema#", prefixItems: [{}] }, "/prefixItems"],
  [
    { $schema: "http://json-schema.org/draft-07/schema#", dependencies: { a: [1] } },
    "/dependencies/a",
  ],
  [
    { $schema: "http://json-schema.org/draft-07/schema#", dependencies: { a: 1 } },
    "/dependencies/a",
  ],
];

test.each(INVALID)("%j is invalid, with its place", (schema, path) => {
  expect(faultsOf(schema)).toEqual([`${path} SCHEMA_INVALID`]);
});

test("all faults of a schema are named at once, up to 20", () => {
  expect(faultsOf({ type: "x", properties: { a: { format: 1, minLength: -1 } } })).toEqual([
    "/type SCHEMA_INVALID",
    "/properties/a/format SCHEMA_INVALID",
    "/properties/a/minLength SCHEMA_INVALID",
  ]);
  const many = Array.from({ length: 50 }, () => ({ type: "x" }));
  expect(faultsOf({ anyOf: many })).toHaveLength(20);
});

test("more than 2,000 schemas in one are refused", () => {
  const schemas = (count: number): Json => ({ oneOf: Array.from({ length: count }, () => ({})) });
  expect(faultsOf(schemas(1_999))).toEqual([]);
  expect(faultsOf(schemas(2_000))).toEqual(["/oneOf/1999 SCHEMA_INVALID"]);
});

test("schemas nested deeper than 64 levels are refused", () => {
  const nest = (levels: number): Json => (levels === 0 ? {} : { not: nest(levels - 1) });
  expect(faultsOf(nest(64))).toEqual([]);
  expect(faultsOf(nest(66))).toHaveLength(1);
});
