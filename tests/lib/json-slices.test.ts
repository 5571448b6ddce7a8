// Large JSON in slices: the same values, and the same refusals, as in one piece.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseInSlices } from "../../src/lib/json-slices";
import { parseJsonText } from "../../src/lib/json-value";

const pause = (): undefined => undefined;

/** The value, or that it was refused. */
async function outcomeOf(text: string, sliceChars: number): Promise<unknown> {
  try {
    return { value: await parseInSlices({ pause, sliceChars }, text) };
  } catch (error) {
    return error instanceof SyntaxError ? "refused" : error;
  }
}

function expectedOf(text: string): unknown {
  try {
    return { value: parseJsonText(text) };
  } catch {
    return "refused";
  }
}

const sizes = fc.integer({ min: 1, max: 40 });

describe("parseInSlices", () => {
  test("gives what the whole text gives, whatever the size of a slice", async () => {
    const spacing = fc.constantFrom(undefined, 1, 2);
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), sizes, spacing, async (json, size, space) => {
        const text = JSON.stringify(JSON.parse(json), null, space);
        expect(await outcomeOf(text, size)).toEqual(expectedOf(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test("refuses what is refused as a whole, whatever was changed in it", async () => {
    const change = fc.record({
      at: fc.nat(200),
      cut: fc.nat(3),
      insert: fc.constantFrom("", ",", ":", "[", "]", "{", "}", '"', "\\", " ", "1", "\n"),
    });
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), sizes, change, async (json, size, made) => {
        const text = json.slice(0, made.at) + made.insert + json.slice(made.at + made.cut);
        expect(await outcomeOf(text, size)).toEqual(expectedOf(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["[1,2,]", 2],
    ["[,1]", 2],
    ["[1,,2]", 2],
    ["[1]]", 2],
    ["[1][2]", 2],
    ["[1}{2]", 2],
    ['{"a":1,}', 2],
    ['{"a" 1111111}', 2],
    ['{"a":{"b":1}', 2],
    ["{1111111:1}", 2],
    ["[           ]", 2],
    ["{           }", 2],
    ["[      ,     ]", 2],
    ['"unended string', 2],
    ["", 2],
  ])("decides as JSON.parse does of %p", async (text, size) => {
    expect(await outcomeOf(text, size)).toEqual(expectedOf(text));
  });

  test("keeps the last of two members of one name, and __proto__ as a name like any other", async () => {
    const text = '{"a":[1,2,3],"__proto__":{"x":1},"a":[4,5,6],"__proto__":{"y":2}}';
    const value = await parseInSlices({ pause, sliceChars: 4 }, text);
    expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test("pauses between slices, and not more often", async () => {
    let pauses = 0;
    const count = (): undefined => void (pauses += 1);
    await parseInSlices({ pause: count, sliceChars: 100 }, JSON.stringify("x".repeat(1000)));
    expect(pauses).toBe(0);
    const text = JSON.stringify(Array.from({ length: 1000 }, (_, at) => at));
    await parseInSlices({ pause: count, sliceChars: 100 }, text);
    expect(pauses).toBeGreaterThan(text.length / 200);
    expect(pauses).toBeLessThan(text.length / 50);
  });
});
