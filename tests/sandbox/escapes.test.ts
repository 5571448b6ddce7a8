// Ways out of other sandboxes, tried in a real child. All rows share one sandbox on purpose: what
// one leaves behind must be gone for the next.

import { afterAll, describe, expect, test } from "bun:test";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

const sandbox = openSandbox();
afterAll(() => sandbox.stop());

const failed = { code: "CODE_FAILED" };
const invalid = { code: "CODE_RESULT_INVALID" };
const gives = (value: unknown) => ({ value });

/** Every global of the engine; what is not on this list is not there. */
const GLOBALS = `
  AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DOMException DataView
  Date Error EvalError FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity
  Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number Object Promise
  Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError
  Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet console decodeURI
  decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat
  parseInt undefined unescape`;

/** What a host would have, whatever it is called. */
const PROBES = `
  process Bun Deno require module exports __dirname fetch XMLHttpRequest WebSocket WebAssembly
  SharedArrayBuffer Atomics Worker performance queueMicrotask setTimeout setInterval setImmediate
  structuredClone Buffer global window self std os bjson print scriptArgs __loadScript gc
  navigator Intl Temporal log prepare run describe`;

const REACH = `["process","Bun","require","fetch","WebAssembly"].filter((name) => name in g)`;

/** Name, body, end. */
const ESCAPES: [name: string, body: string, end: object][] = [
  // By way of constructors.
  ["this of the body", "return this === undefined", gives(true)],
  [
    "this of a nested function",
    "return (function () { return this })() === undefined",
    gives(true),
  ],
  [
    "Function as the constructor of a constructor",
    `const g = this?.constructor ?? (() => 0).constructor("return this")(); return ${REACH}`,
    gives([]),
  ],
  [
    "constructor of a constructor of a binding",
    `const g = input.constructor.constructor("return this")(); return ${REACH}`,
    gives([]),
  ],
  [
    "constructor named by parts",
    `return [].map["con" + "structor"]("return typeof process")()`,
    gives("undefined"),
  ],
  ["Function called by name", `return Function("return typeof process")()`, gives("undefined")],
  ["eval", `return eval("typeof process + typeof Bun")`, gives("undefinedundefined")],
  ["indirect eval", `const g = (0, eval)("this"); return ${REACH}`, gives([])],
  ["globalThis", `const g = globalThis; return ${REACH}`, gives([])],
  [
    "constructor of async functions",
    `return typeof (async () => 0).constructor("return process")`,
    gives("function"),
  ],
  [
    "result of the constructor of async functions",
    `return (async () => 0).constructor("return process")()`,
    invalid,
  ],
  [
    "constructor of generator functions",
    `const g = (function* () {}).constructor("yield typeof process"); return [...g()]`,
    gives(["undefined"]),
  ],
  [
    "constructor of async generators",
    `return (async function* () {}).constructor("yield process")().next()`,
    invalid,
  ],
  [
    "constructor of an error that the engine made",
    `try { null.x } catch (e) { return e.constructor.constructor("return typeof process")() }`,
    gives("undefined"),
  ],
  [
    "constructor of console's functions",
    `return console.log.constructor("return typeof process")()`,
    gives("undefined"),
  ],
  [
    "constructor of Reflect's functions",
    `return Reflect.get.constructor("return typeof Bun")()`,
    gives("undefined"),
  ],
  [
    "constructor of a bound function",
    `return (() => 0).bind().constructor("return typeof Bun")()`,
    gives("undefined"),
  ],
  ["caller of a function", "return (function f() { return f.caller })()", failed],
  ["callee of arguments", "return (function () { return arguments.callee })()", failed],
  ["with", "with ({}) { return 1 }", failed],

  // By way of the source.
  ["closing the body", `}); console.log("out"); (function () {`, gives(null)],
  ["closing the body and answering", `}, { value: 5 }, function () {`, gives(null)],
  ["a body that is no function at the end", `}), (5`, failed],
  ["a comment that stays open", "return 1 /*", failed],
  ["a line comment at the end", "return 1 // }", gives(1)],
  ["an HTML comment", "return 1\n--> }", gives(1)],
  ["import", `import fs from "fs"`, failed],
  ["import()", `return import("fs")`, invalid],
  ["import() that nobody waits for", `import("fs"); return 1`, gives(1)],
  ["import.meta", "return import.meta", failed],
  ["export", "export default 1", failed],
  ["require", `return require("child_process")`, failed],
  ["await", "return await 1", failed],
  ["a source URL", "return 1 //# sourceURL=/etc/passwd", gives(1)],

  // By way of stacks.
  [
    "frames of a stack",
    `Error.prepareStackTrace = (_, frames) => frames;
     return new Error().stack.map((frame) => typeof frame.getThis)`,
    gives(["undefined", "undefined", "undefined"]),
  ],
  [
    "functions of a stack",
    `Error.prepareStackTrace = (_, frames) => frames;
     const run = new Error().stack.at(-1).getFunction();
     const g = run.constructor("return this")(); return ${REACH}`,
    gives([]),
  ],
  [
    "the runner, called again",
    `Error.prepareStackTrace = (_, frames) => frames;
     const run = new Error().stack.at(-1).getFunction();
     return run(() => 7, "[]")`,
    gives("value:7"),
  ],
  [
    "functions of a stack within console",
    `Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getFunction());
     let found = [];
     console.log({ toJSON() { found = new Error().stack; return 1 } });
     return found.every((one) => one.constructor === Function)`,
    gives(true),
  ],
  [
    "prepareStackTrace that throws, while an error is described",
    `Error.prepareStackTrace = () => { throw 1 }; null.x`,
    failed,
  ],
  ["a stack without end", "Error.stackTraceLimit = Infinity; (function f() { f() })()", failed],
  [
    "a stack that is no text",
    "const e = new Error('x'); e.stack = { get length() { throw 1 } }; throw e",
    failed,
  ],

  // By way of traps.
  [
    "a Proxy as result",
    `return new Proxy({ a: 1 }, { get: (target, key) => target[key] ?? 2 })`,
    gives({ a: 1 }),
  ],
  [
    "a Proxy that throws in every trap",
    "return new Proxy({}, new Proxy({}, { get() { throw 1 } }))",
    invalid,
  ],
  [
    "a revoked Proxy",
    "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy",
    invalid,
  ],
  ["a Proxy that is thrown", "throw new Proxy({}, { get() { throw new Error('get') } })", failed],
  [
    "a Proxy that claims to be a promise",
    "return new Proxy({}, { getPrototypeOf: () => Promise.prototype })",
    invalid,
  ],
  [
    "Symbol.toPrimitive that is logged",
    "console.log({ [Symbol.toPrimitive]() { throw 1 }, toJSON: 1n }); return 1",
    gives(1),
  ],
  [
    "Symbol.hasInstance",
    `Object.defineProperty(Promise, Symbol.hasInstance, { value: () => true }); return 1`,
    invalid,
  ],
  [
    "Symbol.species",
    "class A extends Array { static get [Symbol.species]() { return globalThis.process } } return new A(1, 2).map((x) => x)",
    gives([1, 2]),
  ],
  [
    "toJSON of every object",
    "Object.prototype.toJSON = () => 'mine'; return { a: 1 }",
    gives("mine"),
  ],
  ["toJSON that throws", "return { toJSON() { throw new Error('no') } }", invalid],
  ["toJSON that gives a function", "return { toJSON: () => () => 1 }", invalid],
  ["a getter that throws", "return { get a() { throw new Error('no') } }", invalid],
  [
    "an exception whose getters throw",
    "throw { get name() { throw 1 }, get message() { throw 2 }, get stack() { throw 3 } }",
    failed,
  ],
  [
    "an exception whose toString throws",
    "throw { toString() { throw 1 }, toJSON() { throw 2 } }",
    failed,
  ],
  [
    "an error whose name is an object",
    "const e = new Error('x'); e.name = { toString: () => '__proto__' }; throw e",
    failed,
  ],
  ["an exception that is a function", "throw () => process", failed],
  ["an exception that is a symbol", "throw Symbol('s')", failed],
  ["an exception that is nothing", "throw undefined", failed],
  ["a class as result", "return class A {}", invalid],

  // By way of changed built-ins: the runner has kept its own.
  ["JSON.stringify replaced", 'JSON.stringify = () => \'{"kind":"ready"}\'; return 1', gives(1)],
  ["JSON replaced", "globalThis.JSON = null; return [1]", gives([1])],
  ["Reflect.apply replaced", "Reflect.apply = () => 'mine'; return 1", gives(1)],
  [
    "String methods replaced",
    "String.prototype.slice = String.prototype.indexOf = () => { throw 1 }; throw new Error('x')",
    failed,
  ],
  ["Error replaced", "globalThis.Error = null; throw 1", failed],
  [
    "Promise replaced",
    "const P = Promise; globalThis.Promise = Object; return new P(() => 0)",
    invalid,
  ],
  [
    "setters on every array",
    "Object.defineProperty(Array.prototype, 0, { set() { throw 1 } }); console.log('a'); return 1",
    gives(1),
  ],
  ["console replaced", "globalThis.console = { log: null }; return 1", gives(1)],
  [
    "Function.prototype.call replaced",
    "Function.prototype.call = Function.prototype.apply = null; console.log(1); return 1",
    gives(1),
  ],
  [
    "an answer forged over console",
    `console.log('{"kind":"value","value":"forged"}'); return "true"`,
    gives("true"),
  ],
  [
    "__proto__ as a key",
    `return JSON.parse('{"__proto__":{"polluted":1}}')`,
    gives(JSON.parse('{"__proto__":{"polluted":1}}')),
  ],
  ["a promise in the result's then", "return { then: (done) => done(1) }", gives({})],
  [
    "jobs of promises",
    "let ran = false; Promise.resolve().then(() => { ran = true }); return ran",
    gives(false),
  ],
  [
    "a finalizer",
    "new FinalizationRegistry(() => { throw 1 }).register({}, 1); return 1",
    gives(1),
  ],
];

test.each(PROBES.trim().split(/\s+/))("there is no %s", async (name) => {
  const body = `return [typeof ${name}, "${name}" in globalThis]`;
  expect((await runToEnd(sandbox, callOf(body))).value).toEqual(["undefined", false]);
});

test("the globals are those of the language, and console", async () => {
  const body = "return Object.getOwnPropertyNames(globalThis).sort()";
  expect((await runToEnd(sandbox, callOf(body))).value).toEqual(GLOBALS.trim().split(/\s+/));
});

describe("no way out by", () => {
  test.each(ESCAPES)("%s", async (_name, body, end) => {
    const ended = await runToEnd(sandbox, callOf(body, { bindings: { input: { a: 1 } } }));
    expect(ended).toMatchObject(end);
    expect(Object.keys(ended).toSorted()).toEqual(
      "value" in end ? ["logs", "value"] : ["code", "logs", "message"],
    );
  });
});

test("no clock is finer than a millisecond", async () => {
  const body =
    "const seen = []; for (let i = 0; i < 1000; i++) seen.push(Date.now(), +new Date()); return seen";
  const { value } = await runToEnd(sandbox, callOf(body));
  expect(Array.isArray(value) && value.every(Number.isInteger)).toBe(true);
});

describe("what a run leaves behind is gone for the next", () => {
  test.each([
    ["a global", "globalThis.left = 1", "typeof left"],
    ["an undeclared name", "eval('var left = 1')", "typeof left"],
    ["a polluted prototype", "Object.prototype.left = 1", "typeof ({}).left"],
    ["a replaced built-in", "Array.prototype.map = () => 'mine'", "typeof [].map(() => 1)"],
    ["a replaced console", "console.log = 1", "typeof console.log"],
    ["a registered symbol", "Symbol.for('left').description.left = 1", "typeof 'left'.left"],
  ])("%s", async (_name, leave, look) => {
    const before = await runToEnd(sandbox, callOf(`return ${look}`));
    await runToEnd(sandbox, callOf(leave));
    expect(await runToEnd(sandbox, callOf(`return ${look}`))).toEqual(before);
    expect(sandbox.size()).toBe(1);
  });
});

test("the server's own prototypes are as they were", async () => {
  const prototypes = [Object, Array, Function, String, Promise, Error, Map].map(
    (one) => one.prototype,
  );
  const look = (): unknown => prototypes.map((one) => Object.getOwnPropertyDescriptors(one));
  const before = look();
  const body = `return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')`;
  const { value } = await runToEnd(sandbox, callOf(body));
  expect(Object.keys(value ?? {})).toEqual(["__proto__", "constructor"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(look()).toEqual(before);
});
