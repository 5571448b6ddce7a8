import { expect, test } from "bun:test";
import { validate } from "@cfworker/json-schema";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import { copySchema, type SchemaCopy } from "../../../src/pipelines/schemas/copy";
import { createCostMeter } from "../../../src/pipelines/schemas/cost";
import { resolveReferences } from "../../../src/pipelines/schemas/resolve";

function prepare(schema: Json) {
  const copy: SchemaCopy = {
    draft: "2020-12",
    faults: [],
    schemas: [],
    refusing: new Set(),
    needsSandbox: false,
  };
  const root = copySchema(copy, { path: "", value: schema, depth: 0 });
  const lookup = resolveReferences(copy, root);
  return lookup === null ? null : { copy, root, lookup };
}

function measure(schema: Json, value: Json, limit = 1_000_000): number {
  const prepared = prepare(schema);
  if (prepared === null) throw new Error("must compile");
  return createCostMeter(prepared.root, limit)(value);
}

test.each([
  [{}, 1, 1],
  [{ allOf: [{}, {}] }, 1, 3],
  [{ items: {} }, [1, 2, 3], 4],
  [{ prefixItems: [{}, {}] }, [1], 2],
  [{ contains: {}, items: {} }, [1, 2], 5],
  [{ not: false }, 1, 3],
  [{ $ref: "#/$defs/a", $defs: { a: {}, unused: {} } }, 1, 2],
] as [Json, Json, number][])("%j applied to %j takes %d steps", (schema, value, steps) => {
  expect(measure(schema, value)).toBe(steps);
});

test("large objects and large schemas cost more a step", () => {
  const object = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, 1]));
  const names = Object.keys(object);
  const properties = Object.fromEntries(names.map((name) => [name, {}]));
  expect(measure({}, object)).toBeGreaterThan(40);
  expect(measure({ enum: names }, 1)).toBeGreaterThan(4);
  expect(measure({ required: names }, 1)).toBeGreaterThan(20);
  expect(measure({ properties }, 1)).toBeGreaterThan(100);
  expect(measure({}, "x".repeat(10_000))).toBe(11);
});

test("counting stops at the limit, even where the whole would take for ever", () => {
  const branch = { properties: { left: { $ref: "#" }, right: { $ref: "#" } } };
  let value: Json = {};
  for (let depth = 0; depth < 50; depth++) value = { left: value, right: value };
  expect(measure({ oneOf: [branch, branch, branch] }, value, 10_000)).toBeLessThan(11_000);
});

test("a meter counts each value afresh", () => {
  const prepared = prepare({ items: {} });
  if (prepared === null) throw new Error("must compile");
  const meter = createCostMeter(prepared.root, 10);
  expect([meter([1]), meter(Array(100).fill(1)) > 10, meter([1])]).toEqual([2, true, 2]);
});

const KEYWORDS = fc.constantFrom(
  "items",
  "allOf",
  "anyOf",
  "not",
  "if",
  "then",
  "contains",
  "$ref",
  "additionalProperties",
  "propertyNames",
  "unevaluatedProperties",
  "prefixItems",
);
const SCHEMAS = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.record({ type: fc.constantFrom("string", "number", "object", "array") }),
    fc.dictionary(
      KEYWORDS,
      fc.oneof(
        tie("schema"),
        fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
        fc.constant("#/$defs/a"),
      ),
      { maxKeys: 3 },
    ),
    fc.record({ properties: fc.dictionary(fc.constantFrom("a", "b"), tie("schema")) }),
  ),
})).schema;

test("the checker never applies more schemas than were counted before", () => {
  let checked = 0;
  fc.assert(
    fc.property(SCHEMAS, SCHEMAS, fc.jsonValue({ maxDepth: 3 }), (main, target, raw) => {
      const schema: Json = JSON.parse(JSON.stringify({ allOf: [main], $defs: { a: target } }));
      const value: Json = JSON.parse(JSON.stringify({ a: raw, b: [raw, raw] }));
      const prepared = prepare(schema);
      if (prepared === null) return;
      const { copy, lookup, root } = prepared;
      let applied = 0;
      for (const one of copy.schemas) {
        // The checker reads this property once for each application of a schema.
        Object.defineProperty(one.schema, "__absolute_recursive_ref__", {
          get: () => void (applied += 1),
        });
      }
      validate(value, root.schema, "2020-12", lookup, false);
      expect(createCostMeter(root, 1_000_000)(value)).toBeGreaterThanOrEqual(applied);
      expect(applied).toBeGreaterThan(0);
      checked += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(checked).toBeGreaterThan(100);
});
