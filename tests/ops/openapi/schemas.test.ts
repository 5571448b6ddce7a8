// Schemas of the document: named ones once, words as enumerations, null as a type, no leftovers.

import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { closed, named, orNull, words } from "../../../src/lib/wire";
import type { Components, Schema } from "../../../src/ops/openapi/schemas";
import { exampleOf, placeSchema } from "../../../src/ops/openapi/schemas";

function place(schema: object): { placed: Schema; components: Components } {
  const components: Components = new Map();
  const placed = placeSchema(components, JSON.parse(JSON.stringify(schema)));
  return { placed, components };
}

const Inner = named("Inner", closed({ id: Type.String() }), { id: "a" });
const REFERENCE = { $ref: "#/components/schemas/Inner" };

describe("a named schema", () => {
  test.each([
    ["alone", Inner, REFERENCE],
    ["in a list", Type.Array(Inner), { type: "array", items: REFERENCE }],
    ["or null, as a union", orNull(Inner), { anyOf: [REFERENCE, { type: "null" }] }],
    [
      "or null, as the library merges it",
      { ...Inner, type: ["object", "null"] },
      { anyOf: [REFERENCE, { type: "null" }] },
    ],
  ])("%s is referred to", (_name, schema, expected) => {
    const { placed, components } = place(schema);
    expect(placed).toEqual(expected);
    expect([...components]).toEqual([
      [
        "Inner",
        {
          type: "object",
          required: ["id"],
          properties: { id: { type: "string" } },
          additionalProperties: false,
        },
      ],
    ]);
  });

  test("in another one is referred to from there", () => {
    const { placed, components } = place(named("Outer", closed({ inner: Inner })));
    expect(placed).toEqual({ $ref: "#/components/schemas/Outer" });
    expect(components.get("Outer")).toMatchObject({ properties: { inner: REFERENCE } });
  });

  test("may not share its name with a different one", () => {
    const other = named("Inner", closed({ id: Type.Integer() }));
    expect(() => place(closed({ a: Inner, b: other }))).toThrow("Two schemas are named Inner");
    expect(() => place(closed({ a: Inner, b: Inner }))).not.toThrow();
  });
});

describe("a schema is mended:", () => {
  test.each([
    ["words", words(["a", "b"]), { type: "string", enum: ["a", "b"] }],
    ["words or null", orNull(words(["a"])), { type: ["string", "null"], enum: ["a", null] }],
    ["text or null", orNull(Type.String()), { type: ["string", "null"] }],
    [
      "text or number stays a union",
      Type.Union([Type.String(), Type.Number()]),
      { anyOf: [{ type: "string" }, { type: "number" }] },
    ],
    [
      "a query's integer",
      {
        error: "limit …",
        anyOf: [
          { type: "string", format: "integer", default: 0 },
          { type: "integer", minimum: 1, error: "limit …" },
        ],
      },
      { type: "integer", minimum: 1 },
    ],
    [
      "a record",
      Type.Record(Type.String(), Type.Number()),
      { type: "object", additionalProperties: { type: "number" } },
    ],
    [
      "an open object",
      Type.Object({}, { additionalProperties: true }),
      { type: "object", additionalProperties: true },
    ],
    ["an id of the framework", { $id: "x", type: "string" }, { type: "string" }],
  ])("%s", (_name, schema, expected) => {
    expect(place(schema).placed).toEqual(expected);
  });

  test("fields that are called like keywords stay fields", () => {
    const fields = { error: Type.String(), title: Type.String(), $id: Type.String() };
    expect(Object.keys(Object(place(closed(fields)).placed["properties"]))).toEqual([
      "error",
      "title",
      "$id",
    ]);
  });
});

describe("an example", () => {
  test.each([
    ["of its own", Inner, { id: "a" }],
    ["of what is fixed", Type.Literal(true), true],
    ["of a list", Type.Array(Inner), [{ id: "a" }]],
    [
      "of its parts",
      closed({ ok: Type.Literal(true), one: Inner }),
      { ok: true, one: { id: "a" } },
    ],
    ["of the first that it may be", Type.Union([Inner, Type.Literal(1)]), { id: "a" }],
    ["lacking where a part lacks one", closed({ one: Inner, two: Type.String() }), undefined],
  ])("is put together: %s", (_name, schema, expected) => {
    expect(exampleOf(JSON.parse(JSON.stringify(schema)))).toEqual(expected);
  });
});
