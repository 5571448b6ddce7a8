import { describe, expect, test } from "bun:test";
import { faultsOf, messageOf } from "./programs";

const namesUpTo = (count: number): string[] => Array.from({ length: count }, (_, one) => `_${one}`);

/** Codes of as many names as fit; acorn alone takes one to two seconds for each. */
const HOSTILE: [name: string, code: string][] = [
  ["in one list", `let ${namesUpTo(14_000).join()}; return 1`],
  ["in a pattern", `const {${namesUpTo(14_000).join()}} = {}; return 1`],
  [
    "one by one",
    `${namesUpTo(9_000)
      .map((name) => `let ${name};`)
      .join("")}return 1`,
  ],
  [
    "as labels of one statement",
    `${namesUpTo(14_000)
      .map((name) => `${name}:`)
      .join("")}for (;;); return 1`,
  ],
  [
    "in many scopes at once",
    `${"{ ".repeat(1_500)}${"var a;".repeat(12_000)}${"}".repeat(1_500)}return 1`,
  ],
];

describe("a code that declares too many names is refused:", () => {
  test.each(HOSTILE)("%s", (_name, code) => {
    expect(code.length).toBeLessThan(100_000);
    expect(faultsOf(code)).toEqual(["CODE_INVALID"]);
    expect(messageOf(code)).toContain("The code declares too many names");
  });
});

test.each([
  ["a thousand side by side", `let ${namesUpTo(1_000).join()}; return 1`],
  [
    "ten in each of a thousand functions",
    `${namesUpTo(1_000)
      .map((name) => `function ${name}(a, b) { let ${namesUpTo(8).join()} }`)
      .join("\n")}\nreturn 1`,
  ],
])("%s are let pass", (_name, code) => expect(faultsOf(code)).toEqual([]));
