import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { compileInputSchema } from "../../../src/pipelines/schemas/compile";

const faultsOf = (schema: Json): string[] => {
  const compiled = compileInputSchema(schema);
  return compiled.ok ? [] : compiled.faults.map(({ path, code }) => `${path} ${code}`);
};

const UNAVAILABLE: [Json, string][] = [
  [{ pattern: "^a+$" }, "/pattern"],
  [{ patternProperties: { "^a": {} } }, "/patternProperties"],
  [{ format: "email" }, "/format"],
  [{ uniqueItems: true }, "/uniqueItems"],
  [{ uniqueItems: false }, "/uniqueItems"],
  [{ properties: { mail: { format: "email" } } }, "/properties/mail/format"],
  [{ allOf: [{}, { pattern: "x" }] }, "/allOf/1/pattern"],
  [{ items: { uniqueItems: true } }, "/items/uniqueItems"],
  [{ $defs: { "a/b": { format: "uri" } } }, "/$defs/a~1b/format"],
  [{ if: { format: "uri" } }, "/if/format"],
  [{ dependentSchemas: { a: { pattern: "x" } } }, "/dependentSchemas/a/pattern"],
];

test.each(UNAVAILABLE)("%j is named as not available, with its place", (schema, path) => {
  expect(faultsOf(schema)).toEqual([`${path} SCHEMA_KEYWORD_UNAVAILABLE`]);
  const compiled = compileInputSchema(schema);
  const keyword = path.split("/").at(-1) ?? "";
  expect(compiled.ok ? "" : compiled.faults[0]?.message).toContain(`keyword ${keyword} `);
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

test.each(ALLOWED)("%j is accepted", (schema) => {
  expect(faultsOf(schema)).toEqual([]);
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
  expect(faultsOf({ type: "x", properties: { a: { format: "f", minLength: -1 } } })).toEqual([
    "/type SCHEMA_INVALID",
    "/properties/a/format SCHEMA_KEYWORD_UNAVAILABLE",
    "/properties/a/minLength SCHEMA_INVALID",
  ]);
  const many = Array.from({ length: 50 }, () => ({ type: "x" }));
  expect(faultsOf({ anyOf: many })).toHaveLength(20);
  expect(faultsOf({ anyOf: [...many, { format: "x" }] })[20]).toBe(
    "/anyOf/50/format SCHEMA_KEYWORD_UNAVAILABLE",
  );
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
