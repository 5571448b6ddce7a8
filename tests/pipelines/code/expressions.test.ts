import { expect, test } from "bun:test";
import { scanCode } from "../../../src/pipelines/code/expressions";
import { MAX_EXPRESSION_LENGTH } from "../../../src/pipelines/templates/template";

const labelsOf = (text: string): string[] => scanCode(text).expressions.map(({ label }) => label);
const faultsOf = (text: string): string[] =>
  scanCode(text).faults.map(({ at, code }) => `${at} ${code}`);

test("every expression is masked by a name of its length, and the rest stays", () => {
  const text = 'return "{{input.a}}" + {{ input["}}"] }} // \\{{x}}';
  const { masked, expressions } = scanCode(text);
  expect(masked).toBe(`return "zzzzzzzzzzz" + zzzzzzzzzzzzzzzzz // \\{{x}}`);
  expect(masked).toHaveLength(text.length);
  expect(expressions.map(({ start, end }) => text.slice(start, end))).toEqual([
    "{{input.a}}",
    '{{ input["}}"] }}',
  ]);
  expect(labelsOf(text)).toEqual(["input.a", 'input["}}"]']);
});

const FAULTS: [string, string[]][] = [
  ["{{inptu}}", ["0 SOURCE_UNKNOWN"]],
  ["a {{", ["2 EXPRESSION_UNCLOSED"]],
  ["{{}}", ["0 EXPRESSION_EMPTY"]],
  ["() => {{ f() }}", ["6 EXPRESSION_INVALID"]],
  ["{{{input.a}}}", ["0 EXPRESSION_INVALID"]],
  ["{{input.__proto__}}", ["0 KEY_FORBIDDEN"]],
  ["{{input.a\n}}", ["0 EXPRESSION_INVALID"]],
  ["{{\u2028input.a}}", ["0 EXPRESSION_INVALID"]],
  ["// {{\n{{input.a}} {{b}}", ["3 EXPRESSION_INVALID", "18 SOURCE_UNKNOWN"]],
  [`{{input.${"a".repeat(MAX_EXPRESSION_LENGTH)}}}`, ["0 EXPRESSION_TOO_LONG"]],
];

test.each(FAULTS)("%j has the faults %p", (text, expected) => {
  expect(faultsOf(text)).toEqual(expected);
});

test("after a fault the search goes on inside, so that a comment hides nothing", () => {
  expect(labelsOf("// {{ open\nreturn {{input.a}}")).toEqual(["input.a"]);
});

test("only where braces may be JavaScript's own a space is advised", () => {
  const messageOf = (text: string) => scanCode(text).faults[0]?.message ?? "";
  expect(messageOf("if (a) {{ b() }}")).toContain('take a space between them: "{ {".');
  expect(messageOf("{{inptu.a}}")).not.toContain("space");
});
