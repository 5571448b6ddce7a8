import { expect, test } from "bun:test";
import { createSchemaChecker } from "../../../src/pipelines/schemas/checker";

test("values are checked against the schema that comes with each", () => {
  const check = createSchemaChecker();
  const patterns = Array.from({ length: 30 }, (_, n) => JSON.stringify({ pattern: `^${n}$` }));
  for (const round of [1, 2]) {
    for (const [n, schema] of patterns.entries()) {
      expect([round, check({ schema, value: String(n) })]).toEqual([round, []]);
      expect(check({ schema, value: "x" })).toMatchObject([{ path: "", code: "PATTERN" }]);
    }
  }
});

test("a schema with faults is an error", () => {
  const check = createSchemaChecker();
  expect(() => check({ schema: '{"pattern":"("}', value: "x" })).toThrow("faults");
  expect(() => check({ schema: "{", value: "x" })).toThrow(SyntaxError);
});
