// The line that an error is in, of compiled codes in the real engine.

import { afterAll, describe, expect, test } from "bun:test";
import { callOf, openSandbox, runToEnd } from "../../support/sandboxes";
import { bindingsOf, compileText } from "./programs";
import { scopeOf } from "../fixtures";

const sandbox = openSandbox();
afterAll(() => sandbox.stop());

/** The last line that a code logs. */
async function failureOf(text: string, kind: "body" | "expression" = "body"): Promise<string> {
  const code = compileText(text, kind);
  const bindings = bindingsOf(code, scopeOf({ input: {} }));
  return (await runToEnd(sandbox, callOf(code.body, { bindings }))).logs.at(-1) ?? "";
}

describe("an error in a code tells the line of its statement:", () => {
  test.each([
    ["return", "const a = 1\nreturn input.b.c", 2],
    ["return on the first line", "return missing", 1],
    ["a declaration", "\n\nconst a = {{input.b}}.c\nreturn a", 3],
    ["a pattern", "const a = 1;\nlet { b } = input.c;\nreturn b", 2],
    ["if", "\nif (input.a.b) { return 1 }\nelse if (input.c) return 2", 2],
    ["switch", "\nswitch (input.a.b) { default: return 1 }", 2],
    ["a case", "switch (1) {\n case 1:\n  let a = input.b.c\n  return a }", 3],
    ["for", "\nfor (let i = input.a.b; ; ) return i", 2],
    ["for … of", "const a = 5\nfor (const one of a) {}\nreturn 1", 2],
    ["while", "\nwhile (input.a.b) {}\nreturn 1", 2],
    ["a call", "\n\ninput.a()\nreturn 1", 3],
    [
      "a function that was called",
      "function f(x) {\n  const y = 1\n\n  return x.a.b\n}\nreturn f({})",
      4,
    ],
    ["a callback", "return [1].map((one) => {\n  const two = 2\n  return one.a.b + two\n})", 3],
  ])("%s", async (_name, text, line) => {
    expect(await failureOf(text)).toEndWith(` (line ${line})`);
  });
});

test("an error in an expression tells its line, which counts from the expression", async () => {
  expect(await failureOf("{{input.a}}.b", "expression")).toEndWith(" (line 1)");
  expect(await failureOf("missing()", "expression")).toEndWith(" (line 1)");
  expect(await failureOf("input.a ||\n  input.b()", "expression")).toEndWith(" (line 2)");
});
