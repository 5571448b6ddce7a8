// Building blocks of wire shapes, and pages by keyset.

import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import {
  answer,
  answerList,
  closed,
  CURSOR_PATTERN,
  DetailSchema,
  orNull,
  PAGE_DEFAULT,
  PAGE_MAX,
  success,
  successList,
  toPage,
  words,
} from "../../src/lib/wire";

test("a closed object takes its fields and refuses any other", () => {
  const shape = closed({ a: Type.Integer(), b: Type.Optional(Type.String()) });
  expect(Value.Check(shape, { a: 1 })).toBe(true);
  expect(Value.Check(shape, { a: 1, b: "x" })).toBe(true);
  expect(Value.Check(shape, { a: 1, c: 2 })).toBe(false);
  expect(Value.Check(shape, JSON.parse('{"a":1,"__proto__":{}}'))).toBe(false);
});

test.each([
  ["one", true],
  ["two", true],
  ["three", false],
  ["", false],
  ["ONE", false],
  [null, false],
  [1, false],
])("a list of the words one and two takes %p: %p", (value, fits) => {
  expect(Value.Check(words(["one", "two"]), value)).toBe(fits);
});

test("orNull takes the schema's values and null, nothing else", () => {
  const shape = orNull(Type.Integer());
  expect([1, null, "1", undefined].map((value) => Value.Check(shape, value))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("a detail carries code and message, and where", () => {
  expect(Value.Check(DetailSchema, { code: "INVALID", message: "x." })).toBe(true);
  expect(Value.Check(DetailSchema, { path: "/a", code: "INVALID" })).toBe(false);
  expect(Value.Check(DetailSchema, { code: "A", message: "x.", value: "secret" })).toBe(false);
});

describe("an answer", () => {
  test("around one thing fits its schema, and no other", () => {
    const body = success({ id: "x" });
    expect(body).toEqual({ success: true, data: { id: "x" } });
    const schema = answer(closed({ id: Type.String() }));
    expect(Value.Check(schema, body)).toBe(true);
    expect(Value.Check(schema, { ...body, success: false })).toBe(false);
  });

  test("around a list says whether there is more, and where", () => {
    const last = successList({ items: [1, 2], nextCursor: null });
    const more = successList({ items: [3], nextCursor: "3" });
    expect(last).toEqual({
      success: true,
      data: [1, 2],
      page: { nextCursor: null, hasMore: false },
    });
    expect(more.page).toEqual({ nextCursor: "3", hasMore: true });
    for (const body of [last, more]) {
      expect(Value.Check(answerList(Type.Integer()), body)).toBe(true);
    }
  });
});

describe("toPage", () => {
  const rows = (...seqs: number[]) => seqs.map((seq) => ({ seq }));
  const pageOf = (limit: number, ...seqs: number[]) =>
    toPage({ rows: rows(...seqs), limit }, (row) => row.seq);

  test.each([
    ["no rows", [], [], null],
    ["fewer rows than the limit", [9], [9], null],
    ["as many rows as the limit", [9, 8], [9, 8], null],
    ["a row more than the limit", [9, 8, 7], [9, 8], "8"],
  ])("%s: shows %p of them", (_name, seqs, items, nextCursor) => {
    expect(pageOf(2, ...seqs)).toEqual({ items, nextCursor });
  });

  test("leads over all rows once, page by page", () => {
    const all = [50, 49, 47, 44, 12, 3, 1];
    const seen: number[] = [];
    let before = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const fetched = all.filter((seq) => seq < before).slice(0, 4);
      const page = pageOf(3, ...fetched);
      seen.push(...page.items);
      if (page.nextCursor === null) break;
      expect(page.nextCursor).toMatch(new RegExp(CURSOR_PATTERN));
      before = Number(page.nextCursor);
    }
    expect(seen).toEqual(all);
  });
});

test.each([
  ["1", true],
  ["9007199254740991", true],
  ["", false],
  ["-1", false],
  ["1.5", false],
  ["12345678901234567", false],
  ["1\n", false],
])("the cursor %p is one: %p", (cursor, fits) => {
  expect(new RegExp(CURSOR_PATTERN).test(cursor)).toBe(fits);
});

test("a page has 50 entries, and 200 at most", () => {
  expect([PAGE_DEFAULT, PAGE_MAX]).toEqual([50, 200]);
});
