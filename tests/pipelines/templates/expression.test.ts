import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseExpression, type Reference } from "../../../src/pipelines/templates/expression";

const PATHS: [string, Reference][] = [
  ["input", { source: "input", path: [] }],
  [" input.name ", { source: "input", path: ["name"] }],
  ["input.items[0].id", { source: "input", path: ["items", "0", "id"] }],
  ["input[2]", { source: "input", path: ["2"] }],
  ['input["odd key"]', { source: "input", path: ["odd key"] }],
  ["input['odd key'].x", { source: "input", path: ["odd key", "x"] }],
  ['input["a.b}}{{"]', { source: "input", path: ["a.b}}{{"] }],
  [String.raw`input["q\"\\'"]`, { source: "input", path: [`q"\\'`] }],
  ["input.größe.x-y.$ref", { source: "input", path: ["größe", "x-y", "$ref"] }],
  ["input.2fa", { source: "input", path: ["2fa"] }],
  ["nodes.my-node.output", { source: "nodes", nodeId: "my-node", path: [] }],
  ["nodes.a.output.list[1]", { source: "nodes", nodeId: "a", path: ["list", "1"] }],
  ['nodes["a"]["output"]', { source: "nodes", nodeId: "a", path: [] }],
  ["loop.item.name", { source: "loop", path: ["item", "name"] }],
  ["loop.index", { source: "loop", path: ["index"] }],
  ["trigger", { source: "trigger", path: [] }],
  ["trigger.type", { source: "trigger", path: ["type"] }],
  ["trigger.headers.X-GitHub-Event", { source: "trigger", path: ["headers", "x-github-event"] }],
  ["trigger.query.Page", { source: "trigger", path: ["query", "Page"] }],
  ["execution.startedAt", { source: "execution", path: ["startedAt"] }],
];

test.each(PATHS)("%s is a path", (text, reference) => {
  expect(parseExpression(text)).toEqual({ ok: true, reference });
});

const FAULTS: [string, string, string][] = [
  ["", "EXPRESSION_EMPTY", "Name a source"],
  ["   ", "EXPRESSION_EMPTY", "Name a source"],
  ["input.", "EXPRESSION_INVALID", "is not a path"],
  ["input..a", "EXPRESSION_INVALID", "is not a path"],
  ["input.a + 1", "EXPRESSION_INVALID", "is not a path"],
  ["input[-1]", "EXPRESSION_INVALID", "is not a path"],
  ["input[a]", "EXPRESSION_INVALID", "is not a path"],
  ['input["a', "EXPRESSION_INVALID", "is not a path"],
  [String.raw`input["\n"]`, "EXPRESSION_INVALID", "is not a path"],
  ["input.a()", "EXPRESSION_INVALID", "is not a path"],
  ["1input", "EXPRESSION_INVALID", "is not a path"],
  ["inptu.name", "SOURCE_UNKNOWN", 'Did you mean "input"?'],
  ["node.a.output", "SOURCE_UNKNOWN", 'Did you mean "nodes"?'],
  ["secrets.KEY", "SOURCE_UNKNOWN", "Sources are input,"],
  ["nodes", "EXPRESSION_INVALID", "nodes.<id>.output"],
  ["nodes.a", "EXPRESSION_INVALID", "nodes.<id>.output"],
  ["nodes.a.result", "SOURCE_UNKNOWN", "nodes.<id>.output"],
  ["loop", "SOURCE_UNKNOWN", "item, index"],
  ["loop.itme", "SOURCE_UNKNOWN", 'Did you mean "item"?'],
  ["trigger.header.x", "SOURCE_UNKNOWN", 'Did you mean "headers"?'],
  ["execution.started", "SOURCE_UNKNOWN", 'Did you mean "startedAt"?'],
  ["input.__proto__", "KEY_FORBIDDEN", "__proto__"],
  ["input.a.constructor.name", "KEY_FORBIDDEN", "constructor"],
  ['input["prototype"]', "KEY_FORBIDDEN", "prototype"],
  ["nodes.constructor.output", "KEY_FORBIDDEN", "constructor"],
  ["constructor", "KEY_FORBIDDEN", "constructor"],
];

test.each(FAULTS)("%p is refused with %s", (text, code, part) => {
  const parsed = parseExpression(text);
  expect<string | null>(parsed.ok ? null : parsed.fault.code).toBe(code);
  expect(parsed.ok ? "" : parsed.fault.message).toContain(part);
});

test("names written in quotes come back as they were", () => {
  const name = fc
    .string({ minLength: 1 })
    .filter((text) => !/^(__proto__|prototype|constructor)$/.test(text));
  fc.assert(
    fc.property(name, (key) => {
      const quoted = key.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
      expect(parseExpression(`input["${quoted}"]`)).toEqual({
        ok: true,
        reference: { source: "input", path: [key] },
      });
    }),
  );
});

test("no text makes the parser throw, and what it accepts never leads to a prototype", () => {
  const piece = fc.constantFrom(
    "input",
    "nodes",
    ".",
    "[",
    "]",
    '"',
    "'",
    "0",
    "constructor",
    "__proto__",
    " ",
    "\\",
    "output",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const parsed = parseExpression(pieces.join(""));
      if (!parsed.ok) return;
      expect(parsed.reference.path).not.toContain("constructor");
      expect(parsed.reference.path).not.toContain("__proto__");
    }),
    { numRuns: 2_000 },
  );
});
