import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import { type Mapping, parseMapping, toPointer } from "../../../src/pipelines/templates/mapping";
import { scopeOf } from "../fixtures";

function parse(value: Json): Mapping {
  const parsed = parseMapping(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.mapping;
}

const INPUT: Json = { name: "Ada", list: [1, 2] };

const RENDERED: [Json, Json][] = [
  ["{{input.list}}", [1, 2]],
  [
    { a: "{{input.name}}", b: "Hi {{input.name}}" },
    { a: "Ada", b: "Hi Ada" },
  ],
  [
    ["{{input.list}}", "x", 1, null, true],
    [[1, 2], "x", 1, null, true],
  ],
  [
    { deep: [{ n: "{{input.list[1]}}" }], same: { k: 7 } },
    { deep: [{ n: 2 }], same: { k: 7 } },
  ],
  [
    { a: "{{input.missing}}", b: "<{{input.missing}}>" },
    { a: null, b: "<>" },
  ],
  [{ "{{input.name}}": "x" }, { "{{input.name}}": "x" }],
  [{ lit: String.raw`\{{input}}` }, { lit: "{{input}}" }],
  [{}, {}],
  [[], []],
];

test.each(RENDERED)("the mapping %j gives %j", (mapping, expected) => {
  expect(parse(mapping).render(scopeOf({ input: INPUT }))).toEqual(expected);
});

test("faults name the string that they are in by a JSON pointer", () => {
  const parsed = parseMapping({ a: { "b/c": ["ok", "{{x}}"] }, d: "{{input" });
  expect(parsed.ok ? [] : parsed.faults.map(({ path, code }) => `${path} ${code}`)).toEqual([
    "/a/b~1c/1 SOURCE_UNKNOWN",
    "/d EXPRESSION_UNCLOSED",
  ]);
});

test.each(["__proto__", "constructor", "prototype"])("the name %s is refused as a key", (name) => {
  const parsed = parseMapping(JSON.parse(`{"${name}": "{{input}}"}`));
  expect(parsed.ok ? [] : parsed.faults.map((fault) => fault.code)).toEqual(["KEY_FORBIDDEN"]);
});

test("at most 20 faults of a mapping are named", () => {
  const parsed = parseMapping(Array.from({ length: 50 }, () => "{{x}}"));
  expect(parsed.ok ? 0 : parsed.faults.length).toBe(20);
});

test("references come with the place of their string", () => {
  const { references } = parse({ a: "{{input}} {{nodes.x.output}}", b: ["{{input.y}}"] });
  expect(references.map(({ path, reference }) => [path, reference.source])).toEqual([
    ["/a", "input"],
    ["/a", "nodes"],
    ["/b/0", "input"],
  ]);
});

test("a whole expression inside an object keeps the very value", () => {
  const input = { list: [1] };
  const result = parse({ a: { b: "{{input.list}}" } }).render(scopeOf({ input }));
  expect(result).toEqual({ a: { b: [1] } });
  expect(Reflect.get(Reflect.get(Object(result), "a"), "b")).toBe(input.list);
});

test("a mapping renders to its own shape whatever the payload is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (raw) => {
      const input: Json = JSON.parse(JSON.stringify(raw));
      const result = parse({ a: "{{input}}", b: ["{{input}}", "x"] }).render(scopeOf({ input }));
      expect(JSON.stringify(result)).toBe(JSON.stringify({ a: input, b: [input, "x"] }));
    }),
  );
});

test("a pointer escapes ~ and /", () => {
  expect(toPointer("/x", "a~/b")).toBe("/x/a~0~1b");
});
