import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import { listDifferences } from "../../../src/pipelines/shape/differences";

test.each<[Json, Json, string[]]>([
  [1, 1, []],
  [1, "1", [""]],
  [null, {}, [""]],
  [
    [1, 2, 3],
    [1, 4],
    ["/1", "/2"],
  ],
  [{ a: { b: 1 } }, { a: { b: 2 } }, ["/a/b"]],
  [{ a: 1 }, { b: 1 }, ["/a", "/b"]],
  [{ "a/b~": 1 }, { "a/b~": 2 }, ["/a~1b~0"]],
  [[], {}, [""]],
])("%j and %j differ at %j", (a, b, paths) => {
  expect(listDifferences(a, b)).toEqual(paths);
});

test("equal values differ nowhere, and unequal ones somewhere", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [first, second]: Json[] = [
        JSON.parse(JSON.stringify(a)),
        JSON.parse(JSON.stringify(b)),
      ];
      expect(listDifferences(first ?? null, structuredClone(first ?? null))).toEqual([]);
      const isEqual = Bun.deepEquals(first, second);
      expect(listDifferences(first ?? null, second ?? null).length === 0).toBe(isEqual);
    }),
  );
});

test("at most 100 are listed", () => {
  const list = (value: number): Json => Array.from({ length: 1_000 }, () => value);
  expect(listDifferences(list(1), list(2))).toHaveLength(100);
});
