// The scanner under the rules: what it blanks, and that it misses no import.

import { describe, expect, test } from "bun:test";
import { findImports, scanValueImports } from "./imports";
import { lineAt, maskLiterals, readSources } from "./source";

describe("masking", () => {
  test.each([
    ["a line comment", "a(); // Date.now()", "a();              "],
    ["a block comment", "a(/* x\ny */ b)", "a(    \n     b)"],
    ["a string with an escaped quote", String.raw`a("b\"c", d)`, `a("    ", d)`],
    ["an apostrophe that opens nothing", "<p>don't go\nfetch(x)", "<p>don'    \nfetch(x)"],
    ["a template, but not what it computes", "`a ${f(`b`, {})} c`", "`  ${f(` `, {})}  `"],
    ["a regular expression with quotes", `x = /["'/]/g; y`, `x = /       ; y`],
  ])("blanks %s", (_name, text, code) => {
    expect(maskLiterals(text)).toBe(code);
  });

  test("leaves a division alone", () => {
    expect(maskLiterals("a = b / c; d = (e) / f")).toBe("a = b / c; d = (e) / f");
  });

  test("keeps length and lines of every file of ours", () => {
    for (const { text } of [...readSources("src"), ...readSources("tests/rules")]) {
      const code = maskLiterals(text);
      expect(code).toHaveLength(text.length);
      expect(lineAt(code, code.length)).toBe(lineAt(text, text.length));
    }
  });
});

describe("imports", () => {
  const text = [
    `import a, { b, type C } from "./a";`,
    `import type { D } from "./d";`,
    `import { type E } from "./e";`,
    `import * as f from "f";`,
    `export { g as h } from "./g";`,
    `export type { I } from "./i";`,
    `import "./j";`,
    `const k = await import("../k");`,
    `type L = import("./l").L;`,
    `// import m from "./m";`,
    `const n = 'import n from "./n"';`,
    `console.log(a, b, f, k, n);`,
  ].join("\n");

  test("are found with their lines, values and targets, in code only", () => {
    const known = new Set(["src/x/a.tsx"]);
    const found = findImports({ path: "src/x/y.ts", text }, known);
    expect(
      found.map((entry) => [entry.line, entry.target ?? entry.specifier, entry.values]),
    ).toEqual([
      [1, "src/x/a.tsx", ["b", "default"]],
      [2, "src/x/d", []],
      [3, "src/x/e", []],
      [4, "f", ["*"]],
      [5, "src/x/g", ["g"]],
      [6, "src/x/i", []],
      [7, "src/x/j", []],
      [8, "src/k", ["*"]],
      [9, "src/x/l", []],
    ]);
    expect(found.filter((entry) => entry.typeOnly).map((entry) => entry.line)).toEqual([
      2, 3, 6, 9,
    ]);
  });

  test("that JSX needs are not taken for ours", () => {
    const text = `import x from "./x";\nexport const page = <p>{x}</p>;`;
    expect([...scanValueImports({ path: "src/ui/page.tsx", text })]).toEqual(["./x"]);
  });

  test("that Bun itself sees are all found, in every file of ours", () => {
    for (const file of [
      ...readSources("src"),
      ...readSources("tests"),
      ...readSources("scripts"),
    ]) {
      const found = new Set(findImports(file).map((entry) => entry.specifier));
      const missed = [...scanValueImports(file)].filter((specifier) => !found.has(specifier));
      expect(missed.map((specifier) => `${file.path} ${specifier}`)).toEqual([]);
    }
  });
});
