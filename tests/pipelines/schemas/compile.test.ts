import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import { compileInputSchema } from "../../../src/pipelines/schemas/compile";

function check(schema: Json, value: Json) {
  const compiled = compileInputSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.check(value);
}

const PULL_REQUEST: Json = {
  type: "object",
  required: ["action", "pull_request"],
  properties: {
    action: { enum: ["opened", "closed"] },
    pull_request: {
      type: "object",
      required: ["number", "title"],
      properties: { number: { type: "integer", minimum: 1 }, title: { type: "string" } },
    },
  },
};

test("an input that fits has no details", () => {
  const input = { action: "opened", pull_request: { number: 7, title: "x" }, more: true };
  expect(check(PULL_REQUEST, input)).toEqual([]);
});

test("what does not fit is listed with JSON pointers into the input", () => {
  const details = check(PULL_REQUEST, { action: "x", pull_request: { number: "7" } });
  expect(details.map(({ path, code }) => `${path} ${code}`).toSorted()).toEqual([
    "/action ENUM",
    "/pull_request/number TYPE",
    "/pull_request/title REQUIRED",
  ]);
});

test("the root's pointer is empty", () => {
  expect(check({ type: "object" }, [])).toEqual([
    { path: "", code: "TYPE", message: "Send a value of type object." },
  ]);
});

test.each([
  [true, null, 0],
  [false, null, 1],
  [{}, 1, 0],
])("the schema %j finds %j in a value", (schema, value, count) => {
  expect(check(schema, value)).toHaveLength(count);
});

test.each([
  ["http://json-schema.org/draft-07/schema#", { items: [{ type: "string" }] }, [1], 1],
  ["https://json-schema.org/draft/2020-12/schema", { prefixItems: [{ type: "string" }] }, [1], 1],
  ["http://json-schema.org/draft-07/schema", { dependencies: { a: ["b"] } }, { a: 1 }, 1],
  [
    "http://json-schema.org/draft-07/schema",
    { dependencies: { type: { required: ["b"] } } },
    { type: 1 },
    1,
  ],
] as [string, { [key: string]: Json }, Json, number][])(
  "under %s %j is applied",
  ($schema, schema, value, count) => {
    expect(check({ $schema, ...schema }, value)).toHaveLength(count);
  },
);

test("in draft-07 what stands beside a $ref is ignored, in 2020-12 it counts", () => {
  const schema = {
    properties: { a: { $ref: "#/definitions/s", minLength: 5 } },
    definitions: { s: { type: "string" } },
  };
  const draft07 = { $schema: "http://json-schema.org/draft-07/schema#", ...schema };
  expect(check(draft07, { a: "x" })).toEqual([]);
  expect(check(schema, { a: "x" })).toHaveLength(1);
});

test.each(["http://json-schema.org/draft-04/schema#", "https://example.com/mine", "", 7, null])(
  "$schema %j is refused",
  ($schema) => {
    const compiled = compileInputSchema({ $schema });
    expect(compiled.ok ? [] : compiled.faults.map(({ path, code }) => `${path} ${code}`)).toEqual([
      "/$schema SCHEMA_INVALID",
    ]);
  },
);

test("a recursive schema with progress follows the input", () => {
  const tree: Json = {
    type: "object",
    properties: { children: { type: "array", items: { $ref: "#" } }, name: { type: "string" } },
  };
  const value = (name: Json): Json => ({
    name: "a",
    children: [{ name: "b", children: [{ name }] }],
  });
  expect(check(tree, value("c"))).toEqual([]);
  expect(check(tree, value(1)).map((detail) => detail.path)).toEqual([
    "/children/0/children/0/name",
  ]);
});

test("the stored schema is not changed by compiling and checking it", () => {
  const schema: Json = {
    type: "object",
    properties: { a: { $ref: "#/$defs/a" } },
    $defs: { a: false },
  };
  const keys = () => JSON.stringify([schema, Reflect.ownKeys(Object(schema)).length]);
  const before = keys();
  expect(check(schema, { a: 1 })).toHaveLength(1);
  expect(keys()).toBe(before);
  expect(() => check(Object.freeze(schema), { a: 1 })).not.toThrow();
});

test("a check that would take exponentially long ends with CHECK_LIMIT", () => {
  const branch = (op: string): Json => ({
    properties: { left: { $ref: "#" }, right: { $ref: "#" }, op: { const: op } },
  });
  const schema: Json = { oneOf: [branch("add"), branch("mul"), branch("sub")] };
  let value: Json = { op: "sub" };
  for (let depth = 0; depth < 30; depth++) value = { left: value, op: "sub" };
  expect(check(schema, value).map((detail) => detail.code)).toEqual(["CHECK_LIMIT"]);
});

test("after a check that was given up the next one starts afresh", () => {
  const compiled = compileInputSchema({ items: { type: "number" } });
  if (!compiled.ok) throw new Error("must compile");
  const codes = (value: Json) => compiled.check(value).map((detail) => detail.code);
  expect(codes(Array.from({ length: 60_000 }, () => 1))).toEqual(["CHECK_LIMIT"]);
  expect(codes([1, 2])).toEqual([]);
  expect(codes([1, "2"])).toEqual(["TYPE"]);
});

test("100,000 unknown properties do not overflow, they reach the limit", () => {
  const schema: Json = { properties: { x: { additionalProperties: false } } };
  const x = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]));
  expect(check(schema, { x })[0]?.code).toBe("CHECK_LIMIT");
});

test("a property name with half a surrogate pair is a detail, not an exception", () => {
  const details = check({ additionalProperties: { type: "number" } }, { "\ud800": 1 });
  expect(details.map((detail) => detail.code)).toEqual(["SCHEMA_MISMATCH"]);
});

test("properties named like parts of a prototype are properties like any other", () => {
  const schema: Json = JSON.parse(
    '{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"}},"required":["toString"]}',
  );
  const value: Json = JSON.parse('{"__proto__":1,"constructor":"x"}');
  expect(
    check(schema, value)
      .map(({ path, code }) => `${path} ${code}`)
      .toSorted(),
  ).toEqual(["/__proto__ TYPE", "/constructor TYPE", "/toString REQUIRED"]);
});

test("no schema and no input make it throw, and no message holds what was sent", () => {
  const keyword = fc.constantFrom(
    "type",
    "items",
    "properties",
    "anyOf",
    "not",
    "$ref",
    "enum",
    "required",
    "minLength",
    "additionalProperties",
    "if",
    "$id",
    "dependencies",
    "$defs",
  );
  const schemas = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.boolean(),
      fc.dictionary(
        keyword,
        fc.oneof(
          tie("schema"),
          fc.array(tie("schema"), { maxLength: 2 }),
          fc.constantFrom("string", "#", "#/$defs/a", 1, 2),
          fc.dictionary(fc.constantFrom("a", "b"), tie("schema"), { maxKeys: 2 }),
        ),
        { maxKeys: 4 },
      ),
    ),
  })).schema;
  fc.assert(
    fc.property(schemas, fc.jsonValue({ maxDepth: 3 }), (rawSchema, rawValue) => {
      const schema: Json = JSON.parse(JSON.stringify(rawSchema));
      const value: Json = JSON.parse(JSON.stringify({ secret: "CANARY-7f3a", value: rawValue }));
      const compiled = compileInputSchema(schema);
      if (!compiled.ok) {
        expect(compiled.faults.length).toBeGreaterThan(0);
        return;
      }
      const details = compiled.check(value);
      expect(details.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(details)).not.toContain("CANARY");
    }),
    { numRuns: 1_000 },
  );
});
