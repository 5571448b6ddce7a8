import { describe, expect, test } from "bun:test";
import { compileText, faultsOf, messageOf, runText } from "./programs";

const INVALID: [string, string][] = [
  ["return 1 +", "Line 1, column 11: This is no valid JavaScript: the code ends too early."],
  ["let a = 1;\n  let a = 2; return a", "Line 2, column 7: This is no valid JavaScript:"],
  ["return 1 }", "Line 1, column 10: This is no valid JavaScript: Unexpected token."],
  ['return "abc', "Line 1, column 8: This is no valid JavaScript: Unterminated string constant."],
  ["return `{{input.a}} ${", "Line 1, column 23: This is no valid JavaScript: the code ends too"],
  ["with (a) {} return 1", "Line 1, column 1: This is no valid JavaScript: 'with' in strict mode."],
  [
    "#!/bin/js\nreturn 1",
    "Line 1, column 2: This is no valid JavaScript: Unexpected character '!'.",
  ],
  ["let {{input.a}}; let {{input.b}}; return 1", "Identifier '{{…}}' has already been declared."],
];

test.each(INVALID)("%j tells where and why", (text, message) => {
  expect(faultsOf(text)).toEqual(["CODE_INVALID"]);
  expect(messageOf(text)).toContain(message);
});

const UNSUPPORTED = [
  "await {{input.a}}; return 1",
  "return await (1)",
  "function f() { await {{input.a}} } return 1",
  "for await (const a of {{input}}) {} return 1",
  "const f = async () => 1; return f()",
  "async function f() {} return 1",
  "return { async f() {} }",
  "return import('x')",
  "import a from 'x'; return a",
  "export const a = 1; return a",
  "return import.meta.url",
];

test.each(UNSUPPORTED)("%s is refused, as code runs to its end at once", (text) => {
  expect(faultsOf(text)).toEqual(["CODE_UNSUPPORTED"]);
  expect(messageOf(text)).toContain("async, await, import and export are not available");
});

test.each(["return {{input}}.await", "return { import: 1, await: 2, async: 3 }"])(
  "%s uses the words as names, and is let pass",
  (text) => expect(faultsOf(text)).toEqual([]),
);

test.each([
  ["const a = {{input}}", ["CODE_NO_RETURN"]],
  ["return", ["CODE_NO_RETURN"]],
  ["[1].map(() => { return 1 })", ["CODE_NO_RETURN"]],
  ["class A { a() { return 1 } }", ["CODE_NO_RETURN"]],
  ["", ["CODE_NO_RETURN"]],
  ["if ({{input}}) { return 1 }", []],
  ["for (;;) { try { return 1 } finally {} }", []],
] as [string, string[]][])("the body %j has the faults %j", (text, expected) => {
  expect(faultsOf(text)).toEqual(expected);
});

describe("an expression", () => {
  test.each([
    "{{input.n}} > 4",
    "  {{input.n}} > 4 // why",
    "(input.n, true)",
    "input.n, true",
    "{a: 1}.a === 1",
    "[1, 2].some((one) => { return one > 1 })",
    "(function () { return true })()",
    "input.n\n> 4",
  ])("%j is read whole, and gives its truth", (text) => {
    expect(runText(text, { input: { n: 5 } }, "expression")).toBe(true);
  });

  test.each([
    ["''", false],
    ["[]", true],
    ["{{input.missing}}", false],
    ["0", false],
    ["'{{input.n}}' === '5'", true],
    ["undefined", false],
    ["() => 1", true],
  ])("%s is %p", (text, truth) => {
    expect(runText(text, { input: { n: 5 } }, "expression")).toBe(truth);
  });

  test.each([
    "return true",
    "1; 2",
    "1;",
    "let a = 1",
    "if (1) {}",
    "1) || (2",
    "1); evil(); (2",
    "1), (2",
    "1)(2",
    "a) => (b",
    "",
    "// nothing",
    "1 +",
  ])("%j is refused, as it is none or more than one", (text) => {
    expect(faultsOf(text, "expression")).toEqual(["CODE_INVALID"]);
    expect(messageOf(text, "expression")).toContain("Write one expression, without return");
  });

  test("that is faulty is told by the lines of the code, without those around it", () => {
    expect(messageOf("1 +\n  * 2", "expression")).toStartWith("Line 2, column 3:");
    expect(messageOf("1 + ", "expression")).toStartWith("Line 1, column 5: This is no valid");
    expect(messageOf("a; b", "expression")).toStartWith("Line 1, column 2:");
  });
});

test("the frame of an expression cannot be left", () => {
  const code = compileText("input.a /* ) */ || ')' === `)`", "expression");
  expect(code.body).toBe("0;return !!(input.a /* ) */ || ')' === `)`\n);");
});

test.each([
  ["parentheses", `return ${"(".repeat(30_000)}1${")".repeat(30_000)}`],
  ["arrays", `return ${"[".repeat(45_000)}${"]".repeat(45_000)}`],
  ["functions", `return ${"()=>".repeat(24_000)}1`],
  ["patterns", `const ${"[".repeat(40_000)}a${"]".repeat(40_000)} = 1; return a`],
  ["templates", `return ${"`${".repeat(15_000)}1${"}`".repeat(15_000)}`],
])("%s that nest without end are a fault, and no crash", (_, text) => {
  expect(faultsOf(text)).toEqual(["CODE_INVALID"]);
  expect(messageOf(text)).toContain("nests too deeply");
});

test("a comment in the last line ends with it", () => {
  expect(compileText("return 1 // one").body).toBe("0;return 1 // one\n");
});

test("a chain as long as a code may be is read", () => {
  expect(faultsOf(`return ${"1+".repeat(49_000)}1`)).toEqual([]);
  expect(faultsOf(`return a${".b".repeat(49_000)}`)).toEqual([]);
  expect(faultsOf(`${";".repeat(99_000)}return 1`)).toEqual([]);
});
