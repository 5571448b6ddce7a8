import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { compileInputSchema } from "../../../src/pipelines/schemas/compile";

function check(schema: Json, value: Json) {
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.check(value);
}

const DETAILS: [string, Json, Json, string[]][] = [
  ["type", { type: ["string", "null"] }, 1, [" TYPE Send a value of type string or null."]],
  ["const", { const: 1 }, 2, [" CONST Send the one value that the schema allows."]],
  ["enum", { enum: ["a", 1] }, "b", [' ENUM Send one of "a", 1.']],
  ["required", { required: ["a/b"] }, {}, ["/a~1b REQUIRED This property is required; add it."]],
  ["minLength", { minLength: 3 }, "x", [" MIN_LENGTH Send at least 3 characters."]],
  ["maxLength", { maxLength: 1 }, "xy", [" MAX_LENGTH Send at most 1 characters."]],
  ["pattern", { pattern: "^a" }, "b", [" PATTERN Send text that matches ^a."]],
  [
    "a long pattern",
    { pattern: "a".repeat(101) },
    "b",
    [" PATTERN Send text that matches the pattern of the schema."],
  ],
  ["format", { format: "email" }, "b", [" FORMAT Send text of the format email."]],
  ["uniqueItems", { uniqueItems: true }, [1, 1], [" UNIQUE_ITEMS Send every item only once."]],
  [
    "patternProperties",
    { patternProperties: { "^a/": { type: "null" } } },
    { "a/b": 1, b: 1 },
    ["/a~1b TYPE Send a value of type null."],
  ],
  [
    "additionalProperties beside patternProperties",
    { patternProperties: { "^a": {} }, additionalProperties: false },
    { ab: 1, b: 1 },
    ["/b ADDITIONAL_PROPERTIES This property is not allowed; remove it."],
  ],
  ["minimum", { minimum: 3 }, 1, [" MINIMUM Send a number of at least 3."]],
  ["exclusiveMaximum", { exclusiveMaximum: 3 }, 3, [" EXCLUSIVE_MAXIMUM Send a number below 3."]],
  ["multipleOf", { multipleOf: 3 }, 4, [" MULTIPLE_OF Send a multiple of 3."]],
  ["minItems", { minItems: 1 }, [], [" MIN_ITEMS Send at least 1 items."]],
  ["maxProperties", { maxProperties: 0 }, { a: 1 }, [" MAX_PROPERTIES Send at most 0 properties."]],
  [
    "additionalProperties",
    { properties: { a: {} }, additionalProperties: false },
    { a: 1, b: 2 },
    ["/b ADDITIONAL_PROPERTIES This property is not allowed; remove it."],
  ],
  [
    "a false property",
    { properties: { a: false } },
    { a: 1 },
    ["/a SCHEMA_MISMATCH Nothing is allowed here; remove it."],
  ],
  ["not", { not: { type: "null" } }, null, [" NOT The schema excludes this value."]],
  [
    "anyOf without its branches",
    { properties: { a: { anyOf: [{ type: "null" }, { type: "string" }] } } },
    { a: 1 },
    ["/a ANY_OF The value fits none of the alternatives of the schema."],
  ],
  [
    "oneOf that fits twice",
    { oneOf: [{}, { type: "number" }] },
    1,
    [" ONE_OF The value must fit exactly one of the alternatives of the schema."],
  ],
  [
    "contains",
    { contains: { const: 1 } },
    [2, 3],
    [" CONTAINS No item is of the kind that the schema asks for; add one."],
  ],
  [
    "propertyNames",
    { propertyNames: { maxLength: 1 } },
    { ab: 1 },
    [" PROPERTY_NAMES A property name here is not one that the schema allows."],
  ],
  [
    "dependentRequired",
    { dependentRequired: { a: ["b"] } },
    { a: 1 },
    [" DEPENDENT_REQUIRED A property that another one here asks for is missing; add it."],
  ],
  [
    "then",
    JSON.parse('{"if":{"type":"string"},"then":{"minLength":2}}'),
    "x",
    [" MIN_LENGTH Send at least 2 characters."],
  ],
  [
    "through $ref",
    { $ref: "#/$defs/s", $defs: { s: { minLength: 2 } } },
    "x",
    [" MIN_LENGTH Send at least 2 characters."],
  ],
  [
    "items",
    { items: { type: "string" } },
    ["a", 1, "b", 2],
    ["/1 TYPE Send a value of type string.", "/3 TYPE Send a value of type string."],
  ],
  [
    "odd names",
    { properties: { "a b/~%é": { type: "string" } } },
    { "a b/~%é": 1 },
    ["/a b~1~0%é TYPE Send a value of type string."],
  ],
];

test.each(DETAILS)("%s is told with a pointer and what to do", (_, schema, value, expected) => {
  const details = check(schema, value).map((one) => `${one.path} ${one.code} ${one.message}`);
  expect(details).toEqual(expected);
});

test("a long list of allowed values is not repeated", () => {
  const schema = { enum: Array.from({ length: 100 }, (_, index) => `value${index}`) };
  expect(check(schema, "x")[0]?.message).toBe("Send a value that the schema lists.");
});

test("at most 20 details are given", () => {
  const value = Array.from({ length: 100 }, () => 1);
  expect(check({ items: { type: "string" } }, value)).toHaveLength(20);
});

test("a long property name does not come back: the pointer ends at its parent", () => {
  const long = "k".repeat(5_000);
  const details = check(
    { properties: { a: { additionalProperties: false } } },
    { a: { [long]: 1 } },
  );
  expect(details.map((one) => one.path)).toEqual(["/a"]);
});

test("of a large input the first fault is enough", () => {
  const value = Array.from({ length: 3_000 }, (_, index) => (index % 1_000 === 999 ? 1 : "x"));
  const details = check({ items: { type: "string" } }, value);
  expect(details.map((one) => one.path)).toEqual(["/999"]);
});
