import { expect, test } from "bun:test";
import { bindingsOf, compileText, faultsOf, runText } from "./programs";
import { scopeOf } from "../fixtures";

const namesOf = (text: string): string[] => compileText(text).bindings.map(({ name }) => name);

const FREE: [string, string[]][] = [
  ["return 1", []],
  ["return input.a", ["input"]],
  ["return input.a + trigger.type + execution.id", ["input", "trigger", "execution"]],
  ["return { input: 1, trigger: 2 }", []],
  ["return { input }", ["input"]],
  ["return [1].input?.trigger", []],
  ["return [1][input]", ["input"]],
  ["class A { input = 1; trigger() {} } return 1", []],
  ["input: for (;;) break input; return 1", []],
  ["const input = 1; return input", []],
  ["return input; function input() {}", []],
  ["class input {} return input", []],
  ["const { a: { input = 1 } } = {}; return input", []],
  ["const [, ...input] = []; return input", []],
  ["const { a = input } = {}; return a", ["input"]],
  ["const { input: a } = {}; return a", []],
  ["return [1].map((input) => input + 1)", []],
  ["return [1].map(({ input }) => input)", []],
  ["return [1].map((input) => input + 1).concat(input)", ["input"]],
  ["return (function input() { return input })", []],
  ["for (const input of [1]) { input } return 1", []],
  ["for (const input of [1]) { input } return input", ["input"]],
  ["for (const one of input) { one } return 1", ["input"]],
  ["try { a } catch (input) { return input }", []],
  ["try { a } catch (input) { 1 } return input", ["input"]],
  ["switch (1) { case 1: let input = 1; return input }", []],
  ["{ let input = 1 } return input", ["input"]],
  ["{ let input = 1; { return input } }", []],
  ["{ function input() {} } return input", ["input"]],
  ["function f() { { var input } return input } return f()", []],
  ["var input = input || 1; return input", ["input"]],
  ["class A { static { var input = 1; input } } return 1", []],
  ["input = 1; return 2", ["input"]],
  ["[input] = [1]; return 2", ["input"]],
];

test.each(FREE)("%s reads %p", (text, expected) => {
  expect(namesOf(text)).toEqual(expected);
});

test("plain variables hold what expressions read", () => {
  const input = { a: [1] };
  const outputs = new Map([["a", "A"]]);
  expect(runText("return [input, nodes.a.output]", { input, outputs })).toEqual([input, "A"]);
  const own = "input.a.push(2); const { type } = trigger; return [input.a, type, execution.id]";
  expect(runText(own, { input })).toEqual([[1, 2], "webhook", "exec_1"]);
  expect(input).toEqual({ a: [1] });
});

const NODES: [string, string[]][] = [
  ["return nodes.a.output", ["a"]],
  ['return nodes["b-c"].output.x + nodes.a?.output', ["b-c", "a"]],
  ["const { output } = nodes.a; return output", ["a"]],
  ["return nodes.hasOwnProperty('a') && nodes.a.output", ["a"]],
  ["return nodes[input].output", ["in", "a", "b-c"]],
  ["return Object.keys(nodes)", ["in", "a", "b-c"]],
  ["const { a } = nodes; return a", ["in", "a", "b-c"]],
];

test.each(NODES)("%s is given the nodes %p, and no other", (text, expected) => {
  const code = compileText(text);
  const outputs = new Map([
    ["a", 1],
    ["later", 2],
  ]);
  const { nodes } = bindingsOf(code, scopeOf({ outputs }));
  expect(Object.keys(nodes as object)).toEqual(expected);
  const shown = code.reads.map(({ label }) => label).filter((label) => label !== "input");
  expect(shown).toEqual(expected.map((id) => `nodes.${id}.output`));
});

test("a node that was skipped reads null", () => {
  expect(runText("return nodes.a.output", { outputs: new Map() })).toBeNull();
});

test("many names among many scopes are read without a long wait", () => {
  expect(faultsOf(`return ${"input+".repeat(16_000)}1; { let input }`)).toEqual([]);
});
