import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../src/pipelines/record";
import { isRecord } from "../../src/lib/json-value";
import { clipText, clipValue, fitsBytes, readOwn, readPath } from "../../src/pipelines/values";

test.each([
  [{ a: 1 }, "a", 1],
  [{ a: null }, "a", null],
  [[10, 20], "1", 20],
  [[10, 20], "length", 2],
  [[10, 20], "2", undefined],
  [[10, 20], "-1", undefined],
  [[10, 20], "map", undefined],
  [{ a: 1 }, "toString", undefined],
  [{ a: 1 }, "constructor", undefined],
  ["text", "length", undefined],
  [null, "a", undefined],
  [7, "toFixed", undefined],
] as [Json, string, Json | undefined][])(
  "of %p the own property %s is %p",
  (value, key, expected) => {
    expect(readOwn(value, key)).toEqual(expected);
  },
);

test("a path ends where a part of it is missing", () => {
  const value = { a: [{ b: "x" }] };
  expect(readPath(value, ["a", "0", "b"])).toBe("x");
  expect(readPath(value, ["a", "0", "b", "c"])).toBeUndefined();
  expect(readPath(value, ["z", "0"])).toBeUndefined();
  expect(readPath(undefined, [])).toBeUndefined();
});

test("objects are told from arrays and null", () => {
  expect([{}, [], null, "x", undefined].map((value) => isRecord(value))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("a value fits exactly when its JSON in UTF-8 does", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: -3, max: 3 }), (value, offset) => {
      const text = JSON.stringify(value);
      const json: Json = JSON.parse(text);
      const bytes = Buffer.byteLength(JSON.stringify(json));
      expect(fitsBytes(json, bytes + offset)).toBe(offset >= 0);
    }),
    { numRuns: 500 },
  );
});

test("a large value that is repeated is counted up to the limit only", () => {
  const large = "x".repeat(1_000_000);
  const value: Json = Array.from({ length: 100_000 }, () => large);
  expect(fitsBytes(value, 1_048_576)).toBe(false);
});

test("a value is kept whole up to the limit, then its start or a note", () => {
  expect(clipValue({ a: "12" }, 10)).toEqual({ a: "12" });
  expect(clipValue({ a: "123" }, 10)).toBe("… (more than 10 bytes of JSON)");
  expect(clipValue("1234567890", 10)).toBe("1234567890");
  expect(clipValue("1234567890x", 10)).toBe("1234567890… (11 characters)");
  expect(clipText("", 0)).toBe("");
});
