// Whatever a payload holds: it stays a value, and reads as if the code had been given it directly.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../../src/pipelines/record";
import { scopeOf } from "../fixtures";
import { bindingsOf, compileAs, compileText, runText } from "./programs";

const HOSTILE = [
  '"};throw 1;//',
  "'+(()=>{throw 1})()+'",
  "`${(()=>{throw 1})()}`",
  "${1+1}",
  "{{input.secret}}",
  "\\{{input}}",
  "\\",
  "\\u0022",
  "\n\r\u2028\u2029\0",
  "</script><!-- -->",
  "*/ throw 1 /*",
  "__proto__",
  "constructor",
  "\ud800",
  "$0",
];

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.constantFrom(...HOSTILE), { maxLength: 4 }).map((parts) => parts.join("")),
);

const value: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc
        .array(fc.tuple(text, tie("value")), { maxLength: 3 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  })).value,
);

const toText = (one: Json): string => (typeof one === "string" ? one : JSON.stringify(one));

test("a bare expression is the value, in code and in brackets, calls and objects", () => {
  fc.assert(
    fc.property(value, (v) => {
      const input = { v };
      const code = "return [{{input.v}}, [{{input.v}}], { a: {{input.v}} }, input.v]";
      expect(runText(code, { input })).toEqual([v, [v], { a: v }, v]);
    }),
  );
});

test("an expression in a literal is the text, whatever quotes are around it", () => {
  fc.assert(
    fc.property(value, (v) => {
      const code = `return ["<{{input.v}}>", '<{{input.v}}>', \`<{{input.v}}>\`, "{{input.v}}".length]`;
      const whole = `<${toText(v)}>`;
      const expected = [whole, whole, whole, toText(v).length];
      expect(runText(code, { input: { v } })).toEqual(expected);
    }),
  );
});

test("a condition has the truth that direct access has", () => {
  fc.assert(
    fc.property(value, text, (v, other) => {
      const scope = { input: { v, other } };
      const truth = (code: string) => runText(code, scope, "expression");
      expect(truth("{{input.v}}")).toBe(Boolean(v));
      expect(truth("{{input.v}} === {{input.other}}")).toBe(v === other);
      expect(truth("'{{input.v}}' === `{{input.other}}`")).toBe(toText(v) === other);
    }),
  );
});

test("a key in a literal is the text, and no prototype is set by it", () => {
  fc.assert(
    fc.property(text, value, (key, v) => {
      const made = runText('return { "{{input.key}}": {{input.v}} }', { input: { key, v } });
      expect(Object.entries(made as object)).toEqual([[key, v]]);
      expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    }),
  );
});

test("text around an expression stays as it was written, escapes read", () => {
  const around = text.filter((one) => !one.includes("{{"));
  fc.assert(
    fc.property(around, around, value, (before, after, v) => {
      const escape = (one: string) => JSON.stringify(one).slice(1, -1);
      const open = before.endsWith("{") ? `${before} ` : before;
      // A backslash before the braces makes them a literal.
      const head = open.endsWith("\\") ? `${open} ` : open;
      const code = `return "${escape(head)}{{input.v}}${escape(after)}"`;
      expect(runText(code, { input: { v } })).toBe(`${head}${toText(v)}${after}`);
      const quoted = `return \`${escape(head).replaceAll("`", "\\`").replaceAll("${", "\\${")}{{input.v}}\``;
      expect(runText(quoted, { input: { v } })).toBe(`${head}${toText(v)}`);
    }),
  );
});

test("what is compiled is the same text for every value", () => {
  const code = compileText('return "{{input.v}}" + {{input.v}} + input.v + `{{nodes.a.output}}`');
  const { body } = code;
  fc.assert(
    fc.property(value, (v) => {
      const bindings = bindingsOf(code, scopeOf({ input: { v }, outputs: new Map([["a", v]]) }));
      expect(Object.keys(bindings)).toEqual(["$0", "$1", "$2", "input"].toSorted());
      expect(code.body).toBe(body);
    }),
  );
});

const PIECES = [
  "{{input.v}}",
  '"a{{input.v}}"',
  "'{{input.v}}'",
  "`b{{input.v}}`",
  "`${",
  "}`",
  "// {{input.v}}\n",
  "/* {{ */",
  "/r{{input.v}}/",
  "input",
  "nodes.a.output",
  ..."return const let var = => ( ) { } [ ] ; , . ?. + ++ ! ... a 1 #a".split(" "),
  ..."if else for of in class static get function delete typeof new case".split(" "),
  "? 1 :",
  "\n",
  '"',
  "\\",
];

test("what compiles is a function that can be made, and what does not has faults", () => {
  const codes = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(codes, fc.constantFrom("body", "expression"), (pieces, kind) => {
      const compiled = compileAs(kind, `${pieces.join(" ")}${kind === "body" ? ";return 1" : ""}`);
      if (!compiled.ok) return expect(compiled.faults.length).toBeGreaterThan(0);
      const { body, bindings } = compiled.code;
      const names = bindings.map(({ name }) => name);
      // oxlint-disable-next-line typescript/no-implied-eval
      expect(() => new Function(...names, `"use strict";\n${body}`)).not.toThrow();
    }),
    { numRuns: 3_000 },
  );
});
