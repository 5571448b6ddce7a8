import { expect, test } from "bun:test";
import type { Json } from "../../src/lib/json-value";
import { answerJson } from "../../src/providers/echo-sample";

const SCHEMA: Json = {
  type: "object",
  required: ["kind", "title", "score", "tags", "open", "nested"],
  properties: {
    kind: { enum: ["bug", "question"] },
    title: { type: "string" },
    score: { type: "integer", minimum: 1 },
    tags: { type: "array", items: { type: "string" }, minItems: 1 },
    open: { type: "boolean" },
    nested: { properties: { fixed: { const: 7 }, any: { default: "d" }, none: { type: "null" } } },
    optional: { type: "string" },
  },
};

test("a prompt that is JSON is answered as it is", () => {
  expect(answerJson('{"a":1}', SCHEMA)).toBe('{"a":1}');
});

test("any other is answered with the smallest value of the form, the same each time", () => {
  const answer = answerJson("It broke", SCHEMA);
  expect(JSON.parse(answer)).toEqual({
    kind: "bug",
    title: "It broke",
    score: 1,
    tags: ["It broke"],
    open: false,
    nested: { fixed: 7, any: "d", none: null },
  });
  expect(answerJson("It broke", SCHEMA)).toBe(answer);
});

test("a schema that goes on for ever ends in null", () => {
  let schema: Json = { type: "string" };
  for (let depth = 0; depth < 40; depth += 1) {
    schema = { type: "object", required: ["a"], properties: { a: schema } };
  }
  expect(answerJson("x", schema)).toContain('{"a":null}');
});
