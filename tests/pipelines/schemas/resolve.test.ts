import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { compileInputSchema } from "../../../src/pipelines/schemas/compile";

const faultsOf = (schema: Json): string[] => {
  const compiled = compileInputSchema(schema);
  return compiled.ok ? [] : compiled.faults.map(({ path, message }) => `${path}: ${message}`);
};

const UNRESOLVED: [Json, string][] = [
  [{ $ref: "#/definitions/x" }, "/$ref"],
  [{ properties: { a: { $ref: "#/$defs/missing" } }, $defs: {} }, "/properties/a/$ref"],
  [{ items: { $ref: "https://example.com/schema.json" } }, "/items/$ref"],
  [{ items: { $ref: "other.json#/x" } }, "/items/$ref"],
  [{ $ref: "#nowhere" }, "/$ref"],
  [{ $ref: "#/toString" }, "/$ref"],
  [{ $ref: "__proto__" }, "/$ref"],
  [{ "x-schemas": { a: {} }, $ref: "#/x-schemas/a" }, "/$ref"],
];

test.each(UNRESOLVED)("%j has a reference without a target", (schema, path) => {
  expect(faultsOf(schema)).toEqual([
    `${path}: This $ref has no target inside the schema; others are never fetched.`,
  ]);
});

const ENDLESS: Json[] = [
  { $ref: "#" },
  { allOf: [{ $ref: "#" }] },
  { not: { $ref: "#" } },
  { if: { $ref: "#" } },
  { dependentSchemas: { a: { $ref: "#" } } },
  { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { anyOf: [{ $ref: "#/$defs/a" }] } } },
  { properties: { x: { $ref: "#/properties/x" } } },
];

test.each(ENDLESS)("%j never ends and is refused", (schema) => {
  expect(faultsOf(schema).map((fault) => fault.split(": ")[1])).toEqual([
    "This schema refers to itself for the same value, which never ends.",
  ]);
});

const PROGRESS: Json[] = [
  { properties: { a: { $ref: "#" } } },
  { items: { $ref: "#" } },
  { additionalProperties: { $ref: "#" } },
  { propertyNames: { $ref: "#" } },
  { contains: { $ref: "#" } },
  { anyOf: [{ type: "null" }, { properties: { next: { $ref: "#" } } }] },
];

test.each(PROGRESS)("%j goes on to a part of the value and is accepted", (schema) => {
  expect(faultsOf(schema)).toEqual([]);
});

test.each([
  [{ $id: "http://[" }],
  [{ properties: { "\ud800": {} } }],
  [{ $defs: { a: { $id: "x.json", type: "null" }, b: { $id: "x.json" } } }],
] as [Json][])("%j is refused as malformed", (schema) => {
  expect(faultsOf(schema)).toHaveLength(1);
});

/** `n0` to `n<length - 1>`, each a reference to the next. */
const chainOf = (length: number): Json => ({
  $defs: Object.fromEntries(
    Array.from({ length }, (_, index) => [
      `n${index}`,
      index === length - 1 ? {} : { $ref: `#/$defs/n${index + 1}` },
    ]),
  ),
});

test("a chain of more than 100 references is refused, however long it is", () => {
  expect(faultsOf(chainOf(100))).toEqual([]);
  expect(faultsOf(chainOf(101))).toHaveLength(1);
  expect(faultsOf(chainOf(1_900))).toHaveLength(1);
});
