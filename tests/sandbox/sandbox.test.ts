// What a run is given and what it gives: values, results, lines, errors; and the limits of each.

import { afterAll, describe, expect, test } from "bun:test";
import type { Json } from "../../src/lib/json-value";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

const sandbox = openSandbox();
afterAll(() => sandbox.stop());

const run = (body: string, bindings: Record<string, Json> = {}) =>
  runToEnd(sandbox, callOf(body, { bindings }));

describe("a value goes in and comes out as it is:", () => {
  const values: [string, Json][] = [
    ["null", null],
    ["a boolean", false],
    ["a number", -1.5e-7],
    ["a large number", 2 ** 53],
    ["text in many scripts", 'é\u2028\u0000日本\u{1F600}"\\</script>'],
    ["half a surrogate pair", "\ud800"],
    ["an empty array", []],
    ["an object in its order", { b: 1, a: [{ c: null }], "": {} }],
    ["a key named __proto__", JSON.parse('{"__proto__":{"a":1}}')],
    ["128 levels", JSON.parse("[".repeat(128) + "]".repeat(128))],
  ];
  test.each(values)("%s", async (_name, value) => {
    const { value: given } = await run("return value", { value });
    expect(JSON.stringify(given)).toBe(JSON.stringify(value));
  });

  test("and the one sent is not changed", async () => {
    const value = { list: [3, 1, 2] };
    const body = "value.list.sort(); delete value.list; return value";
    expect((await run(body, { value })).value).toEqual({});
    expect(value).toEqual({ list: [3, 1, 2] });
  });
});

describe("a result becomes JSON as JSON.stringify makes it:", () => {
  test.each<[string, string, Json]>([
    ["no return is null", "1 + 1", null],
    ["undefined is null", "return undefined", null],
    ["NaN is null", "return [NaN, Infinity]", [null, null]],
    ["undefined in an object is left out", "return { a: undefined, b() {}, c: Symbol() }", {}],
    ["undefined in an array is null", "return [undefined, () => 1]", [null, null]],
    ["a date is its text", "return new Date(0)", "1970-01-01T00:00:00.000Z"],
    ["a Map is an object without keys", "return new Map([[1, 2]])", {}],
    ["a boxed text is the text", "return new String('a')", "a"],
    ["a typed array is an object", "return new Uint8Array([7])", { 0: 7 }],
    ["-0 is 0", "return -0", 0],
  ])("%s", async (_name, body, value) => {
    expect(await run(body)).toEqual({ value, logs: [] });
  });

  test.each([
    ["a function", "return () => 1", []],
    ["a symbol", "return Symbol('s')", []],
    ["a BigInt", "return { a: 1n }", ["TypeError: BigInt are forbidden in JSON.stringify"]],
    ["a cycle", "const a = {}; a.a = a; return a", ["TypeError: circular reference"]],
    ["129 levels", `return JSON.parse("[".repeat(129) + "]".repeat(129))`, []],
  ])("%s is refused", async (_name, body, logs) => {
    const message = "The code returned something that is not JSON, or nests too deeply.";
    expect(await run(body)).toEqual({ code: "CODE_RESULT_INVALID", message, logs });
  });

  test("a promise is refused, and told that there is no await", async () => {
    const { code, message } = await run("return Promise.resolve(1)");
    expect(code).toBe("CODE_RESULT_INVALID");
    expect(message).toContain("await and promises are not available");
  });

  test.each([
    ["exactly 1 MiB is taken", 1_048_574, undefined],
    ["one byte more is refused", 1_048_575, "OUTPUT_TOO_LARGE"],
  ])("%s", async (_name, length, code) => {
    expect((await run(`return "x".repeat(${length})`)).code).toBe(code);
  });
});

describe("what is thrown is told in the last line, with its line in the body:", () => {
  test.each([
    ["an error", "\n\nthrow new TypeError('no')", "TypeError: no (line 3)"],
    [
      "an error whose line the engine does not know",
      "\nreturn null.x",
      "TypeError: cannot read property 'x' of null",
    ],
    [
      "an error of a function of the body",
      "function f() {\n  null.x\n}\n\nf()",
      "TypeError: cannot read property 'x' of null (line 2)",
    ],
    ["a name that is not there", "missing(1)", "ReferenceError: missing is not defined (line 1)"],
    [
      "an assignment that strict code forbids",
      "missing = 1",
      "ReferenceError: missing is not defined (line 1)",
    ],
    ["a parse error", "const a = 1;\nreturn a b", "SyntaxError: expecting ';' (line 2)"],
    [
      "an own class",
      "class Mine extends Error { name = 'Mine' }\nthrow new Mine('x')",
      "Mine: x (line 1)",
    ],
    ["an error without a message", "throw new Error()", "Error (line 1)"],
    ["a text", "throw 'text'", "Uncaught text"],
    ["an object", "throw { a: 1 }", 'Uncaught {"a":1}'],
    ["null", "throw null", "Uncaught null"],
    ["nothing", "throw undefined", "Uncaught undefined"],
  ])("%s", async (_name, body, line) => {
    expect(await run(`${body}`)).toEqual({
      code: "CODE_FAILED",
      message: "The code threw an error; the step's logs have it.",
      logs: [line],
    });
  });

  test("after the lines that were logged before", async () => {
    expect((await run("console.log('a'); throw 1")).logs).toEqual(["a", "Uncaught 1"]);
  });

  test("and cut where it is long", async () => {
    const { logs } = await run("throw new Error('x'.repeat(1e6))");
    expect(logs).toEqual([`Error: ${"x".repeat(500)} (line 1)`]);
  });
});

describe("console", () => {
  test("keeps a line for each call of each of its functions", async () => {
    const body = ["log", "info", "warn", "error", "debug"]
      .map((name) => `console.${name}("${name}")`)
      .join(";");
    expect((await run(body)).logs).toEqual(["log", "info", "warn", "error", "debug"]);
  });

  test.each([
    [
      "values of every kind",
      `"a", 1, true, null, undefined, 2n, Symbol("s")`,
      "a 1 true null undefined 2 Symbol(s)",
    ],
    ["objects as JSON", `{ a: [1] }, [{}]`, '{"a":[1]} [{}]'],
    ["errors by name and message", `new RangeError("r")`, "RangeError: r"],
    [
      "what is no JSON as text",
      `(() => { const a = {}; a.a = a; return a })()`,
      "[a value that cannot be shown]",
    ],
    ["nothing", "", ""],
    ["lines as they are", String.raw`"a\nb"`, "a\nb"],
  ])("shows %s", async (_name, parts, line) => {
    expect((await run(`console.log(${parts})`)).logs).toEqual([line]);
  });

  const CUT = "… more was logged; 64 KiB are kept.";

  test.each([
    ["many short lines", "for (let i = 0; i < 1e5; i++) console.log('1234567')"],
    ["lines of letters that take two bytes", "for (let i = 0; i < 1e5; i++) console.log('ééé1')"],
  ])("keeps 64 KiB of %s, and says that there was more", async (_name, body) => {
    const { logs } = await run(`${body}; return 1`);
    expect(logs).toHaveLength(8_193);
    expect(logs.at(-1)).toBe(CUT);
  });

  test("keeps nothing of a line that is too long", async () => {
    expect((await run("console.log('x'.repeat(1e6)); console.log('b')")).logs).toEqual([CUT]);
  });

  test("keeps what was logged before a run was killed", async () => {
    const call = callOf("console.log('a', 1); for (;;);", { deadlineMs: 200 });
    expect(await runToEnd(sandbox, call)).toMatchObject({ code: "CODE_TIMEOUT", logs: ["a 1"] });
  });
});

describe("values", () => {
  const text = "x".repeat(1024 * 1024);

  test("of nearly 8 MiB go in", async () => {
    const values = Array<string>(7).fill(text);
    expect(
      (await run("return a.length + b.length", { a: values, b: [text.slice(100)] })).value,
    ).toBe(8);
  });

  test("of more than 8 MiB together are refused before a child is asked", async () => {
    using own = openSandbox();
    const bindings = { a: Array<string>(4).fill(text), b: Array<string>(4).fill(text) };
    const { code } = await runToEnd(own, callOf("return 1", { bindings }));
    expect([code, own.size()]).toEqual(["CODE_VALUES_TOO_LARGE", 0]);
  });

  test("that do not fit the memory once they are read end the run", async () => {
    const numbers = Array<number>(4_000_000).fill(1);
    expect((await run("return a.map(String).length", { a: numbers })).code).toBe(
      "CODE_OUT_OF_MEMORY",
    );
  });
});

test("bodies are strict functions whose parameters are the bindings", async () => {
  const body = "return [a, b, arguments.length, this === undefined]";
  expect((await run(body, { a: 1, b: "2" })).value).toEqual([1, "2", 2, true]);
});
