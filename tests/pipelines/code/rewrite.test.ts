import { describe, expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { callOf, openSandbox, runToEnd } from "../../support/sandboxes";
import { scopeOf } from "../fixtures";
import { bindingsOf, compileText, faultsOf, messageOf, runText } from "./programs";

const input = {
  name: 'O\'Neil "x" \\ `${y}`',
  list: [1, 2],
  n: 5,
  key: "__proto__",
  yes: true,
  none: null,
};

const VALUES: [string, unknown][] = [
  ["return {{input.name}}", input.name],
  ["return {{ input.list }}.map((one) => one * 2)", [2, 4]],
  ["return {{input.none}}", null],
  ["return {{input.missing.deep}}", null],
  ["return {{input.n}} + {{input.n}}", 10],
  ["return({{input.n}})", 5],
  ["return -{{input.n}}", -5],
  ["return {a: {{input.n}}, b: [{{input.yes}}]}", { a: 5, b: [true] }],
  ["return {a:{b:{c:1}}}", { a: { b: { c: 1 } } }],
  ["const input = {{input}}; return input.n", 5],
  ["return {{nodes.a.output}}.includes('x')", true],
  ['return {{input["list"][1]}}', 2],
  ["return typeof {{input.n}}", "number"],
  ["return { [{{input.n}}]: 1 }", { 5: 1 }],
  ["const {a = {{input.n}}} = {}; return a", 5],
  ["return ((a = {{input.n}}) => a)()", 5],
  ["const $0 = 1, \\u{24}1 = 2; return [{{input.n}}, $0, $1]", [5, 1, 2]],
];

test.each(VALUES)("%s gives the value itself", (text, expected) => {
  expect(runText(text, { input, outputs: new Map([["a", "xyz"]]) })).toEqual(expected);
});

const TEXTS: [string, unknown][] = [
  ['return "{{input.name}}"', input.name],
  ["return '{{input.name}}'", input.name],
  ["return `{{input.name}}`", input.name],
  ['return "{{input.name}}".length', input.name.length],
  ['return"{{input.n}}"', "5"],
  ['return typeof"{{input.n}}"', "string"],
  ['return "n" in{"n{{input.none}}":1}', false],
  ['return "<{{input.n}}|{{input.list}}|{{input.none}}|{{input.missing}}>"', "<5|[1,2]|null|>"],
  ["return `<{{input.n}}|{{input.list}}|${1 + 1}|{{input.missing}}>`", "<5|[1,2]|2|>"],
  ['return "\\n\\x41\\u{42}{{input.n}}\\0"', "\nAB5\0"],
  ["return 'it\\'s {{input.n}} \"'", "it's 5 \""],
  ['return "a\\\n{{input.n}}"', "a5"],
  ["return `$${{input.n}}`.length + `${{input.n}}{a}`", "3$5{a}"],
  ["return `{{input.n}}${'a'}`", "5a"],
  ['return "\\{{input.n}}" + `\\{{input.n}}`', "{{input.n}}{{input.n}}"],
  ["return /\\{{2}/.test('{'.repeat(2))", true],
  ['return { "k{{input.n}}": 1 }', { k5: 1 }],
  ['return { "a": 1, get "k{{input.n}}"() { return 2 } }', { a: 1, k5: 2 }],
  ['const { "k{{input.n}}": found } = { k5: 7 }; return found', 7],
  ['const { "k{{input.n}}": found = 8 } = {}; return found', 8],
  ['return "{{input.yes}}" ? `${"{{input.n}}"}!` : 0', "5!"],
  ["return String.raw`\\d{{input.n}}\\n`", "\\d5\\n"],
  ["return ((s, ...v) => [s.length, v])`a{{input.n}}b${1}c`", [3, ["5", 1]]],
  ["return ((s, ...v) => [s[0], v])`\\unicode{{input.n}}`", [undefined, ["5"]]],
  ['"use {{input.n}}"\nreturn "ok"', "ok"],
  ['let a = 1\n"x{{input.n}}".split("")\nreturn a', 1],
  ['if (true)\n"x{{input.n}}".length\nelse throw 1\nreturn 2', 2],
  ['return [1,2].map((one) => "{{input.n}}" + one)', ["51", "52"]],
];

test.each(TEXTS)("%s gives the value as text", (text, expected) => {
  expect(runText(text, { input })).toEqual(expected);
});

test("the sandbox's engine gives the same for each of them", async () => {
  using sandbox = openSandbox();
  const scope = scopeOf({ input, outputs: new Map([["a", "xyz"]]) });
  for (const [text, expected] of [...VALUES, ...TEXTS]) {
    const code = compileText(text);
    const call = callOf(code.body, { bindings: bindingsOf(code, scope) });
    const value: unknown = JSON.parse(JSON.stringify(expected));
    expect([text, await runToEnd(sandbox, call)]).toEqual([text, { value, logs: [] }]);
  }
});

describe("a class", () => {
  test("may have names of fields and methods with expressions, without semicolons", () => {
    const code = `
      class A {
        one = 1
        "two{{input.n}}" = 2
        static 'three{{input.n}}' = 3
        "four{{input.n}}"() { return 4 }
        get "five{{input.n}}"() { return 5 }
      }
      const a = new A()
      return [a.one, a.two5, A.three5, a.four5(), a.five5]`;
    expect(runText(code, { input })).toEqual([1, 2, 3, 4, 5]);
  });
});

test("a key that comes from a value sets a property, never a prototype", () => {
  const made = runText('return { "{{input.key}}": { polluted: 1 } }', { input });
  expect(Object.keys(made as object)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
});

test("an expression in a comment counts for nothing, faulty or not", () => {
  const code = `// {{input.a}} {{wrong}} {{
    /* {{nodes.}} {{input.b}} */ return {{input.n}} // {{input.c`;
  const { reads, bindings } = compileText(code);
  expect(reads.map(({ label }) => label)).toEqual(["input.n"]);
  expect(bindings).toHaveLength(1);
  expect(runText(code, { input })).toBe(5);
});

test("braces that come with a value are text", () => {
  const value: Json = "{{input.n}}${1}";
  expect(runText('return "{{input.v}}" + {{input.v}}', { input: { v: value, n: 1 } })).toBe(
    value + value,
  );
});

const MISPLACED: [string, string][] = [
  ["return a{{input.n}}", "part of a longer name"],
  ["return {{input.n}}b", "part of a longer name"],
  ["return {{input.n}}{{input.n}}", "part of a longer name"],
  ["return{{input.n}}", "part of a longer name"],
  ["class A { #{{input.n}} = 1 } return 1", "part of a longer name"],
  ["return a.{{input.n}}", "in brackets: [{{…}}]"],
  ["return { {{input.n}}: 1 }", "in brackets: [{{…}}]"],
  ["return { {{input.n}} }", "in brackets: [{{…}}]"],
  ["const { {{input.n}} } = {}; return 1", "in brackets: [{{…}}]"],
  ["class A { {{input.n}} = 1 } return 1", "in brackets: [{{…}}]"],
  ["{{input.n}}: for (;;) break; return 1", "in brackets: [{{…}}]"],
  ["{{input.n}} = 1; return 1", "cannot be declared, assigned to or deleted"],
  ["{{input.n}}++; return 1", "cannot be declared, assigned to or deleted"],
  ["let {{input.n}} = 1; return 1", "cannot be declared, assigned to or deleted"],
  ["const [a, ...{{input.n}}] = []; return 1", "cannot be declared, assigned to or deleted"],
  ["const { a: {{input.n}} } = {}; return 1", "cannot be declared, assigned to or deleted"],
  ["for (const {{input.n}} of []); return 1", "cannot be declared, assigned to or deleted"],
  ["function {{input.n}}() {} return 1", "cannot be declared, assigned to or deleted"],
  ["return ({{input.n}}) => 1", "cannot be declared, assigned to or deleted"],
  ['return delete "a{{input.n}}"', "cannot be declared, assigned to or deleted"],
  ["return delete (('{{input.n}}'))", "cannot be declared, assigned to or deleted"],
  ["return /a{{input.n}}/", "new RegExp("],
];

test.each(MISPLACED)("%s is refused, with what to do", (text, advice) => {
  expect(faultsOf(text)).toContain("EXPRESSION_MISPLACED");
  expect(messageOf(text.replace("}}{{input.n}}", "}}b"))).toContain(advice);
});

test("an expression inside a number, an escape or flags is no valid JavaScript", () => {
  for (const text of ["1{{input.n}}", "0x{{input.n}}", '"\\x4{{input.n}}"', "/a/{{input.n}}"]) {
    expect(faultsOf(`return ${text}`)).toEqual(["CODE_INVALID"]);
  }
});

test("an expression that is read twice is bound once, its text apart from its value", () => {
  const code = compileText(
    'return [{{input.n}}, {{ input.n }}, "{{input.n}}", `{{input.n}}`, "{{input.n}}!"]',
  );
  expect(code.bindings.map(({ name }) => name)).toEqual(["$0", "$1", "$2"].toSorted());
  expect(code.reads.map(({ label }) => label)).toEqual(["input.n"]);
});
