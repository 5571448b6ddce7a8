import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import {
  MAX_EXPRESSION_LENGTH,
  MAX_TEMPLATE_LENGTH,
  parseTemplate,
  renderText,
  renderValue,
  type Template,
  type TemplateScope,
} from "../../../src/pipelines/templates/template";
import { scopeOf } from "../fixtures";

function parse(text: string): Template {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.template;
}

const codesOf = (text: string): string[] => {
  const parsed = parseTemplate(text);
  return parsed.ok ? [] : parsed.faults.map((fault) => fault.code);
};

const INPUT: Json = {
  name: "Ada",
  count: 3,
  none: null,
  flag: false,
  list: ["a", { b: 1 }],
  "odd key": "odd",
  quote: `"'\\`,
};

const SCOPE: Partial<TemplateScope> = {
  input: INPUT,
  outputs: new Map<string, Json>([
    ["a", { text: "hi" }],
    ["skipped", null],
  ]),
};

const RENDERED: [string, Json, string][] = [
  ["", "", ""],
  ["plain", "plain", "plain"],
  ["{{input.name}}", "Ada", "Ada"],
  ["{{ input.count }}", 3, "3"],
  ["{{input.flag}}", false, "false"],
  ["{{input.none}}", null, "null"],
  ["{{input.missing}}", null, ""],
  ["{{input.missing.deeper}}", null, ""],
  ["{{input.list}}", ["a", { b: 1 }], '["a",{"b":1}]'],
  ["{{input.list[1].b}}", 1, "1"],
  ["{{input.list.length}}", 2, "2"],
  ['{{input["odd key"]}}', "odd", "odd"],
  ["{{input.name.length}}", null, ""],
  ["{{input.toString}}", null, ""],
  ["{{nodes.a.output.text}}", "hi", "hi"],
  ["{{nodes.skipped.output}}", null, "null"],
  ["{{nodes.skipped.output.text}}", null, ""],
  ["{{nodes.never.output}}", null, ""],
  ["{{trigger.event}}", "push", "push"],
  ["{{trigger.headers.X-GitHub-Event}}", "push", "push"],
  ["{{trigger.query.page}}", "2", "2"],
  ["{{execution.id}}", "exec_1", "exec_1"],
  ["{{execution.startedAt}}", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"],
  ["Hi {{input.name}}!", "Hi Ada!", "Hi Ada!"],
  [" {{input.count}}", " 3", " 3"],
  ["{{input.count}}{{input.count}}", "33", "33"],
  [
    "<{{input.none}}|{{input.missing}}|{{input.list}}>",
    '<null||["a",{"b":1}]>',
    '<null||["a",{"b":1}]>',
  ],
  [String.raw`\{{input.name}}`, "{{input.name}}", "{{input.name}}"],
  [String.raw`a\{{b}} {{input.count}}`, "a{{b}} 3", "a{{b}} 3"],
  [String.raw`\{{{{input.name}}`, "{{Ada", "{{Ada"],
  ['{"a":{"b":1}}', '{"a":{"b":1}}', '{"a":{"b":1}}'],
  ['{"a":{{input.count}}}', '{"a":3}', '{"a":3}'],
  ["{ {input} }", "{ {input} }", "{ {input} }"],
];

test.each(RENDERED)("%p is rendered as a value and as text", (text, value, asText) => {
  expect(renderValue(scopeOf(SCOPE), parse(text))).toEqual(value);
  expect(renderText(scopeOf(SCOPE), parse(text))).toBe(asText);
});

const REFUSED: [string, string[]][] = [
  ["{{input", ["EXPRESSION_UNCLOSED"]],
  ["a {{ b", ["EXPRESSION_UNCLOSED"]],
  ["{{}}", ["EXPRESSION_EMPTY"]],
  ["{{{input}}}", ["EXPRESSION_INVALID"]],
  ["{{ don't }}", ["EXPRESSION_INVALID"]],
  ['{{input["a}}', ["EXPRESSION_INVALID"]],
  ["{{a}} {{input}} {{nodes.x}}", ["SOURCE_UNKNOWN", "EXPRESSION_INVALID"]],
  ["{{input.__proto__.x}}", ["KEY_FORBIDDEN"]],
];

test.each(REFUSED)("%p is refused with %p", (text, codes) => {
  expect(codesOf(text)).toEqual(codes);
});

test("an expression takes 500 characters, not 501", () => {
  const name = (length: number) => `{{input.${"a".repeat(length - "input.".length)}}}`;
  expect(codesOf(name(MAX_EXPRESSION_LENGTH))).toEqual([]);
  expect(codesOf(name(MAX_EXPRESSION_LENGTH + 1))).toEqual(["EXPRESSION_TOO_LONG"]);
});

test("a template takes 100,000 characters, not 100,001", () => {
  expect(codesOf("x".repeat(MAX_TEMPLATE_LENGTH))).toEqual([]);
  expect(codesOf("x".repeat(MAX_TEMPLATE_LENGTH + 1))).toEqual(["TEMPLATE_TOO_LONG"]);
});

test("at most 20 faults of a template are named, and a repeated one once", () => {
  const many = Array.from({ length: 100 }, (_, index) => `{{x${index}}}`);
  expect(codesOf(many.join(""))).toHaveLength(20);
  expect(codesOf("{{x}}".repeat(100))).toHaveLength(1);
});

test("a template of nothing but open quotes is refused quickly", () => {
  expect(codesOf('{{input["'.repeat(11_000))).toEqual(["EXPRESSION_UNCLOSED"]);
  expect(codesOf(`${'{{input["'.repeat(11_000)}}}`)[0]).toBe("EXPRESSION_TOO_LONG");
});

test("text that outgrows the room of its node fails instead of filling the memory", () => {
  const scope = scopeOf({ input: "x".repeat(1_000), room: 2_500 });
  expect(renderText(scope, parse("{{input}}{{input}}"))).toHaveLength(2_000);
  expect(() => renderText(scope, parse("{{input}}"))).toThrow("longer than 8 MiB");
});

test("a whole expression gives the very object that it names", () => {
  const input = { a: [1] };
  const scope = scopeOf({ input });
  expect(renderValue(scope, parse("{{input}}"))).toBe(input);
  expect(renderValue(scope, parse("{{ input.a }}"))).toBe(input.a);
});

test("a whole expression keeps every JSON value as it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (raw) => {
      const input: Json = JSON.parse(JSON.stringify({ value: raw }));
      const value = renderValue(scopeOf({ input }), parse("{{input.value}}"));
      expect(JSON.stringify({ value })).toBe(JSON.stringify(input));
    }),
  );
});

test("what comes with a payload stays text: braces in it are never read again", () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom("{{input.secret}}", "\\{{", "}}", "{{", '{{nodes["a"].output}}', "${input}"),
  );
  const template = parse("<{{input.first}}|{{input.second}}>");
  fc.assert(
    fc.property(hostile, hostile, (first, second) => {
      const scope = scopeOf({ input: { first, second, secret: "TOP" } });
      expect(renderText(scope, template)).toBe(`<${first}|${second}>`);
    }),
    { numRuns: 1_000 },
  );
});

test("no payload and no name reaches a prototype", () => {
  const inherited = [
    ...Object.getOwnPropertyNames(Object.prototype),
    ...Object.getOwnPropertyNames(Array.prototype),
  ].filter((name) => name !== "length");
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...inherited), (raw, name) => {
      const parsed = parseTemplate(`{{input["${name}"]}}`);
      const input: Json = JSON.parse(JSON.stringify(raw));
      if (!parsed.ok) return;
      const isOwn = typeof input === "object" && input !== null && Object.hasOwn(input, name);
      expect(renderValue(scopeOf({ input }), parsed.template) !== null && !isOwn).toBe(false);
    }),
  );
  for (const name of ["__proto__", "prototype", "constructor"]) {
    expect(codesOf(`{{input.${name}}}`)).toEqual(["KEY_FORBIDDEN"]);
  }
});

test("a template is parsed once and rendered for each scope anew", () => {
  const template = parse("{{input}}-{{nodes.a.output}}");
  const before = JSON.stringify(template);
  const render = (text: string) =>
    renderText(scopeOf({ input: text, outputs: new Map([["a", text]]) }), template);
  expect([render("x"), render("{{input}}"), render("y")]).toEqual([
    "x-x",
    "{{input}}-{{input}}",
    "y-y",
  ]);
  expect(JSON.stringify(template)).toBe(before);
});
