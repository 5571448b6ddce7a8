import { expect, test } from "bun:test";
import fc from "fast-check";
import { createHinter, didYouMean, quoteName, suggestName } from "../../src/lib/suggest";

const FIELDS = ["providerId", "userPromptTemplate", "model", "systemPrompt", "temperature"];

test.each([
  ["providerID", "providerId"],
  ["temprature", "temperature"],
  ["modle", "model"],
  ["promptTemplate", "userPromptTemplate"],
  ["schedule", null],
  ["x", null],
  ["p".repeat(100), null],
])("%s is taken for %p", (written, expected) => {
  expect(suggestName(written, FIELDS)).toBe(expected);
});

/** The distance in the textbook's way: the whole table, every cell. */
function distanceOf(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, row) =>
    Array.from({ length: b.length + 1 }, (_, column) => (row === 0 ? column : row)),
  );
  const at = (row: number, column: number) => table[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const cell = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + same,
        swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      table[row]?.splice(column, 1, cell);
    }
  }
  return at(a.length, b.length);
}

test("a name of nine letters or more is taken for another exactly when three edits lead there", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 9, maxLength: 14 });
  fc.assert(
    fc.property(name, name, (written, known) => {
      const isContained = written.includes(known) || known.includes(written);
      const isNear = distanceOf(written, known) <= 3 || isContained;
      expect(suggestName(written, [known])).toBe(isNear ? known : null);
    }),
    { numRuns: 3_000 },
  );
});

test("the nearest of several near names is chosen", () => {
  expect(suggestName("summry", ["summary1", "summary"])).toBe("summary");
});

test("without a near name the fallback stands in its place", () => {
  const options = { known: FIELDS, fallback: "Remove it." };
  expect(didYouMean("modle", options)).toBe(' Did you mean "model"?');
  expect(didYouMean("zzzzzz", options)).toBe(" Remove it.");
});

test("a hinter suggests so many times, then gives the fallback", () => {
  const hint = createHinter(1);
  const options = { known: FIELDS, fallback: "Remove it." };
  expect(hint("modle", options)).toBe(' Did you mean "model"?');
  expect(hint("modle", options)).toBe(" Remove it.");
});

test("a long name is cut when it is quoted", () => {
  expect(quoteName("short")).toBe('"short"');
  expect(quoteName("x".repeat(500)).length).toBeLessThan(70);
});
