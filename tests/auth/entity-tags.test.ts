// If-Match as RFC 9110 writes it: lists, weak tags, the asterisk, and what is none of them.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { matchesTag, parseIfMatch } from "../../src/auth/entity-tags";

describe("parseIfMatch", () => {
  const ROWS: [text: string, parsed: "*" | string[] | null][] = [
    ["*", "*"],
    [" * ", "*"],
    ['"1"', ['"1"']],
    ['"1", "2"', ['"1"', '"2"']],
    ['"1","2"', ['"1"', '"2"']],
    [', "1" ,, "2",', ['"1"', '"2"']],
    ['"a,b"', ['"a,b"']],
    ['""', ['""']],
    ['"ü"', ['"ü"']],
    ['W/"1"', []],
    ['W/"1", "2"', ['"2"']],
    ["", null],
    [",", null],
    ["1", null],
    ['"1', null],
    ['1"', null],
    ['"1" "2"', null],
    ['"1", *', null],
    ["* *", null],
    ['w/"1"', null],
    ['W/ "1"', null],
    ['"a b"', null],
    ['"a"b"', null],
  ];
  test.each(ROWS)("of %j is %j", (text, parsed) => {
    expect(parseIfMatch(text)).toEqual(parsed);
  });

  test("reads back every list of tags, in linear time", () => {
    const opaque = fc.stringMatching(/^[!#-~]{0,8}$/).map((text) => `"${text}"`);
    fc.assert(
      fc.property(fc.array(opaque, { minLength: 1, maxLength: 200 }), (tags) => {
        expect(parseIfMatch(tags.join(" , "))).toEqual(tags);
      }),
    );
  });

  test("takes no longer where 16 KiB are almost a list", () => {
    expect(parseIfMatch(`${'"1", '.repeat(3_000)}x`)).toBeNull();
    expect(parseIfMatch(`${", ".repeat(8_000)}x`)).toBeNull();
  });
});

test("a tag matches by its very text, and the asterisk matches any", () => {
  expect(matchesTag("*", '"1"')).toBe(true);
  expect(matchesTag(['"2"', '"1"'], '"1"')).toBe(true);
  expect(matchesTag(['"2"'], '"1"')).toBe(false);
  expect(matchesTag([], '"1"')).toBe(false);
});
