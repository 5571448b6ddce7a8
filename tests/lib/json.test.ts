// Bytes of strangers: depth counted without parsing, UTF-8, and what becomes of every other text.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeUtf8,
  describeJsonProblem,
  MAX_JSON_DEPTH,
  nestsDeeperThan,
  parseJson,
} from "../../src/lib/json";
import { isRecord } from "../../src/lib/json-value";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

/** Levels of arrays and objects of a parsed value. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const PLAIN = ["[", "]", "{", "}", ":", ",", " ", "a", "é", "😀"];
const ESCAPED = [`\\"`, "\\\\", "\\n", "\\/", "\\u0022", "\\u005c", "\\u005B"];

/** String literals full of what the count must not be misled by. */
const literal = fc
  .array(fc.oneof(fc.constantFrom(...PLAIN), fc.constantFrom(...ESCAPED)), { maxLength: 10 })
  .map((parts) => `"${parts.join("")}"`);
const space = fc.constantFrom("", " ", "\n\t", "\r\n");
const scalar = fc.oneof(literal, fc.constantFrom("null", "true", "-1.5e3", "0"));

/** Valid JSON texts with white space, odd keys and odd strings. */
const { text: jsonText } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc
      .tuple(fc.array(tie("text"), { maxLength: 4 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    fc
      .tuple(fc.array(fc.tuple(literal, tie("text")), { maxLength: 4 }), space)
      .map(([pairs, gap]) => {
        // Numbered: of keys that are the same, JSON.parse shows one value only.
        const members = pairs.map(
          ([key, value], at) => `"${at}${key.slice(1)}${gap}:${gap}${value}`,
        );
        return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`;
      }),
  ),
}));

describe("nestsDeeperThan", () => {
  test("agrees with the depth of the parsed value, whatever stands in strings and keys", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const depth = depthOf(JSON.parse(text));
        const bytes = bytesOf(text);
        expect(nestsDeeperThan(bytes, depth)).toBe(false);
        if (depth > 0) expect(nestsDeeperThan(bytes, depth - 1)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["nothing", "", 0],
    ["a scalar", "12", 0],
    ["siblings", "[[],[],[[]]]", 3],
    ["brackets in a string", '["[[[[{{{{"]', 1],
    ["a bracket behind an escaped quote", '["\\"[["]', 1],
    ["a bracket behind an escaped backslash that ends the string", '["\\\\",[[]]]', 3],
    ["a bracket behind three backslashes and a quote", '["\\\\\\"[["]', 1],
    ["a bracket behind four backslashes and a quote", '["\\\\\\\\",[[]]]', 3],
    ["a quote written as a code point", '["\\u0022[["]', 1],
    ["brackets in a key", '{"[[[":{"{{":1}}', 2],
    ["a string that never ends", '["[[[[', 1],
    ["a string that ends in a backslash", '["[[[[\\', 1],
  ])("counts %s right", (_name, text, depth) => {
    expect(nestsDeeperThan(bytesOf(text), depth)).toBe(false);
    if (depth > 0) expect(nestsDeeperThan(bytesOf(text), depth - 1)).toBe(true);
  });
});

/** Whether the text is refused for a number beyond the largest double. */
function isInfinite(text: string): boolean {
  const parsed = parseJson(bytesOf(text));
  if (parsed.ok) return false;
  expect(parsed.problem).toBe("infinite");
  return true;
}

describe("a number that no double holds", () => {
  test("is found wherever it stands, and nothing else is taken for one", () => {
    const number = fc
      .tuple(
        fc.constantFrom("", "-"),
        fc.constantFrom("0", "1", "9.9", `${"9".repeat(308)}`, `${"9".repeat(309)}.5`),
        fc.constantFrom("", "e308", "E+308", "e309", "e-309", "e999"),
      )
      .map((parts) => parts.join(""));
    const pair = fc.tuple(literal, number).map(([key, value]) => `{${key}:[${value},${key}]}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(number, pair, literal)), (items) => {
        const numbers = items.flatMap((item): unknown => {
          const value: unknown = JSON.parse(item);
          return isRecord(value) ? Object.values(value).flat() : value;
        });
        const expected = numbers.some((value) => Math.abs(Number(value)) === Infinity);
        expect(isInfinite(`[${items.join()}]`)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["a number of 309 nines", "9".repeat(309), true],
    ["a number of 308 nines", "9".repeat(308), false],
    ["the largest number", "1.7976931348623157e308", false],
    ["the next one that is written", "1.7976931348623159e308", true],
    ["a small number with many digits", `0.${"1".repeat(400)}`, false],
    ["a number in a string", '"1e999"', false],
    ["a number behind an escaped quote", '"\\"1e999"', false],
    ["a number in a key", '{"1e999":1}', false],
    ["zero with an exponent", "0e999", false],
    ["a number behind a string", '["a",-1e999]', true],
  ])("%s: %p", (_name, text, expected) => {
    expect(isInfinite(text)).toBe(expected);
  });
});

describe("decodeUtf8", () => {
  test.each([
    ["plain ASCII", [0x61], "a"],
    ["two, three and four bytes", [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], "é€😀"],
    ["a byte order mark, which is dropped", [0xef, 0xbb, 0xbf, 0x61], "a"],
    ["a byte order mark within the text, which stays", [0x61, 0xef, 0xbb, 0xbf], "a\uFEFF"],
    ["a NUL", [0x00], "\0"],
    ["nothing", [], ""],
  ])("reads %s", (_name, bytes, text) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBe(text);
  });

  test.each([
    ["a byte of Latin-1", [0xe9]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a cut character", [0xe2, 0x82]],
    ["a code point above the last", [0xf4, 0x90, 0x80, 0x80]],
    ["UTF-16 with its mark", [0xff, 0xfe, 0x61, 0x00]],
  ])("gives null for %s, and reads on after it", (_name, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull();
    expect(decodeUtf8(bytesOf("é"))).toBe("é");
  });
});

describe("parseJson", () => {
  test("gives what JSON.parse gives, or malformed where that throws, for texts and torn texts", () => {
    const torn = fc
      .tuple(jsonText, fc.nat(), fc.string({ maxLength: 2 }))
      .map(([text, at, more]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + more + text.slice(place + 1);
      });
    fc.assert(
      fc.property(fc.oneof(jsonText, torn), (text) => {
        const bytes = bytesOf(text);
        expect(parseJson(bytes)).toEqual(referenceParse(new TextDecoder().decode(bytes)));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["a body of 64 levels", nested(MAX_JSON_DEPTH), null],
    ["65 levels", nested(MAX_JSON_DEPTH + 1), "too_deep"],
    ["100,000 levels", nested(100_000), "too_deep"],
    ["100,000 levels that never close", "[".repeat(100_000), "too_deep"],
    ["nothing", "", "empty"],
    ["white space", " \r\n\t", "empty"],
    ["a byte order mark alone", "\uFEFF", "empty"],
    ["a truncated object", '{"a":', "malformed"],
    ["a second value", "{} {}", "malformed"],
    ["NaN", "NaN", "malformed"],
    ["single quotes", "{'a':1}", "malformed"],
    ["a raw line break in a string", '"a\nb"', "malformed"],
  ])("%s: the problem is %p", (_name, text, problem) => {
    const found = parseJson(bytesOf(text));
    expect<string | null>(found.ok ? null : found.problem).toBe(problem);
  });

  test("skips a byte order mark before the value", () => {
    expect(parseJson(bytesOf('\uFEFF{"a":1}'))).toEqual({ ok: true, value: { a: 1 } });
  });

  test("tells bytes that are not UTF-8 from malformed text", () => {
    expect(parseJson(Uint8Array.from([0x22, 0xe9, 0x22]))).toEqual({
      ok: false,
      problem: "not_utf8",
    });
  });

  test("keeps a key named __proto__ as a key of the value alone", () => {
    const found = parseJson(bytesOf('{"__proto__":{"admin":true}}'));
    expect(found.ok && isRecord(found.value) && Object.keys(found.value)).toEqual(["__proto__"]);
    expect(Reflect.get({}, "admin")).toBeUndefined();
  });
});

function referenceParse(text: string): ReturnType<typeof parseJson> {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, problem: text.trim() === "" ? "empty" : "malformed" };
  }
}

test("each problem has one sentence of its own", () => {
  const problems = ["empty", "not_utf8", "too_deep", "malformed"] as const;
  const sentences = problems.map(describeJsonProblem);
  expect(new Set(sentences).size).toBe(problems.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^The body [^.]+\.$/);
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  ["text", false],
  [undefined, false],
])("isRecord(%p) is %p", (value, expected) => {
  expect(isRecord(value)).toBe(expected);
});
