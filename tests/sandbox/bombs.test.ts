// Code that would take all the time or all the memory there is: each ends with its code and near
// its deadline, the event loop goes on meanwhile, and the next run works. Times are printed.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

/** Many rows run into their deadline, on machines that may be slow. */
setDefaultTimeout(30_000);

const sandbox = openSandbox();
const overshoots: number[] = [];
const lags: number[] = [];

afterAll(() => {
  sandbox.stop();
  const worst = (list: number[]): string => `${Math.max(0, ...list).toFixed(1)} ms`;
  console.log(
    `${overshoots.length} kills at a deadline, latest ${worst(overshoots)} after it; ` +
      `event loop late by at most ${worst(lags)} meanwhile`,
  );
});

const DEADLINE_MS = 250;
const TICK_MS = 5;

/** How late the event loop is while something runs. */
function watchLoop(): () => void {
  let expected = performance.now() + TICK_MS;
  const timer = setInterval(() => {
    lags.push(performance.now() - expected);
    expected = performance.now() + TICK_MS;
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** Run without an end. */
const CPU_BOMBS: [name: string, body: string][] = [
  ["a loop", "for (;;);"],
  ["a loop that catches", "for (;;) try { throw 1 } catch {}"],
  ["a loop in finally", "try { for (;;); } finally { for (;;); }"],
  ["finally that goes on", "for (;;) try { return 1 } finally { continue }"],
  ["a generator without end", "for (const _ of (function* () { for (;;) yield 1 })());"],
  [
    "an iterator without end",
    "[...{ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) }].length = 0; for (;;);",
  ],
  ["a regular expression", "/^(a+)+$/.test('a'.repeat(40) + '!')"],
  [
    "a regular expression with a back reference",
    String.raw`/^(a|a)*\1$/.test('a'.repeat(40) + '!')`,
  ],
  ["a replacement", "'a'.repeat(1e5).replace(/a*a*a*a*b/g, '')"],
  ["sort with a comparison without end", "[1, 2].sort(() => { for (;;); })"],
  ["a getter of the result", "return { get a() { for (;;); } }"],
  ["toJSON of the result", "return { toJSON() { for (;;); } }"],
  ["a Proxy of the result", "return new Proxy({}, { ownKeys() { for (;;); } })"],
  ["a getter of what is thrown", "throw { toJSON() { for (;;); } }"],
  [
    "the name of an error",
    "const e = new Error(); Object.defineProperty(e, 'name', { get() { for (;;); } }); throw e",
  ],
  [
    "the stack of an error",
    "const e = new Error(); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e",
  ],
  ["prepareStackTrace", "Error.prepareStackTrace = () => { for (;;); }; null.x"],
  [
    "toString of what is logged",
    "console.log({ toString() { for (;;); }, toJSON() { for (;;); } })",
  ],
  ["text of a large BigInt", "(3n ** 600000n).toString()"],
  ["powers of a BigInt", "let n = 3n; for (;;) n = n * n % (2n ** 200000n)"],
  [
    "a JSON text over and over",
    "const t = JSON.stringify(Array(1e5).fill(1)); for (;;) JSON.parse(t)",
  ],
  ["an array with a huge length", "const a = []; a.length = 2 ** 32 - 1; a.indexOf(1)"],
  ["a join of holes", "Array(2 ** 30).join()"],
  ["a search in a huge array-like", "Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)"],
  ["copies within a typed array", "const a = new Uint8Array(3e7); for (;;) a.copyWithin(1, 0)"],
  ["a busy wait on the clock", "const end = Date.now() + 1e9; while (Date.now() < end);"],
  ["eval in a loop", "for (;;) eval('1')"],
  ["logs without end", "for (;;) console.log('x')"],
];

/** Ask for more memory than there is. */
const MEMORY_BOMBS: [name: string, body: string][] = [
  ["an array", "const a = []; for (;;) a.push(a.length)"],
  ["arrays in arrays", "let a = []; for (;;) a = [a, a.slice(), Array(1000).fill(0)]"],
  ["an array filled at once", "Array(1e8).fill(0)"],
  ["texts", "const a = []; for (;;) a.push('x'.repeat(1e6))"],
  ["one text", "'x'.repeat(2 ** 29)"],
  ["a text padded", "''.padEnd(2 ** 29)"],
  ["typed arrays", "const a = []; for (;;) a.push(new Uint8Array(1e6))"],
  ["one typed array", "new Uint8Array(5e8)"],
  ["ArrayBuffers", "const a = []; for (;;) a.push(new ArrayBuffer(1e6))"],
  [
    "an ArrayBuffer that can grow",
    "const b = new ArrayBuffer(1, { maxByteLength: 2 ** 31 - 1 }); b.resize(2 ** 31 - 1)",
  ],
  ["a Map", "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })"],
  ["a Set", "const s = new Set(); for (let i = 0; ; i++) s.add('k' + i)"],
  ["an object", "const o = {}; for (let i = 0; ; i++) o['k' + i] = i"],
  ["BigInts", "const a = []; for (let n = 2n ** 1000000n; ; n++) a.push(n)"],
  ["functions", "const a = []; for (;;) a.push(() => a)"],
  ["promises", "const a = []; for (;;) a.push(Promise.resolve(a))"],
  ["symbols", "const a = []; for (let i = 0; ; i++) a.push(Symbol('s' + i))"],
  ["a result of 100 MB", "return 'x'.repeat(1e8)"],
  [
    "a replacement that multiplies",
    "let s = 'a'.repeat(1e4); for (;;) s = s.replace(/a/g, 'aaaaaaaaaa')",
  ],
  ["a spread", "const a = Array(1e6).fill(1); const b = []; for (;;) b.push([...a])"],
];

/** Too much of something else; where the stack ends first is the engine's own or the code's. */
const OTHER_BOMBS: [name: string, body: string, code: string][] = [
  ["recursion", "(function f() { f() })()", "CODE_FAILED"],
  ["recursion by getters", "const o = { get a() { return this.a } }; o.a", "CODE_FAILED"],
  [
    "recursion by a Proxy",
    "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.a",
    "CODE_FAILED",
  ],
  [
    "recursion by JSON",
    "return { toJSON() { return JSON.stringify(this) } }",
    "CODE_FAILED|CODE_RESULT_INVALID",
  ],
  [
    "a result 50,000 levels deep",
    "let a = []; for (let i = 0; i < 5e4; i++) a = [a]; return a",
    "CODE_TIMEOUT|CODE_FAILED|CODE_RESULT_INVALID",
  ],
  [
    "a result 100,000 levels deep",
    "let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; return a",
    "CODE_TIMEOUT|CODE_FAILED|CODE_RESULT_INVALID",
  ],
  [
    "a result 129 levels deep",
    "let a = 1; for (let i = 0; i < 129; i++) a = [a]; return a",
    "CODE_RESULT_INVALID",
  ],
  ["a result with a cycle", "const a = []; a.push(a); return a", "CODE_RESULT_INVALID"],
  [
    "JSON 100,000 levels deep",
    "return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))",
    "CODE_FAILED",
  ],
  ["parentheses 20,000 deep", `return ${"(".repeat(2e4)}1${")".repeat(2e4)}`, "CODE_FAILED"],
  ["blocks 20,000 deep", `${"{".repeat(2e4)}${"}".repeat(2e4)}`, "CODE_FAILED"],
  [
    "a sum of 50,000 terms",
    `return ${Array(5e4).fill("(1").join("+")}${")".repeat(5e4)}`,
    "CODE_FAILED",
  ],
  [
    "a regular expression 20,000 deep",
    "new RegExp('('.repeat(2e4) + ')'.repeat(2e4))",
    "CODE_FAILED",
  ],
  ["a text that is too long", "let s = 'x'; for (;;) s += s", "CODE_FAILED"],
  ["a BigInt that is too large", "return 2n ** (2n ** 40n)", "CODE_FAILED"],
  ["too many arguments", "Math.max(...Array(1e6).fill(1))", "CODE_FAILED"],
  ["a result of 2 MB", "return 'x'.repeat(2e6)", "OUTPUT_TOO_LARGE"],
  ["a result of 1.2 MB in UTF-8", "return 'é'.repeat(6e5)", "OUTPUT_TOO_LARGE"],
];

async function runBomb(body: string, deadlineMs: number) {
  const stopWatching = watchLoop();
  const startedAt = performance.now();
  const ended = await runToEnd(sandbox, callOf(body, { deadlineMs }));
  const tookMs = performance.now() - startedAt;
  stopWatching();
  return { ...ended, tookMs };
}

const stillWorks = async (): Promise<void> => {
  expect(await runToEnd(sandbox, callOf("return 1 + 1"))).toEqual({ value: 2, logs: [] });
};

describe("is killed at its deadline:", () => {
  test.each(CPU_BOMBS)("%s", async (_name, body) => {
    // A child that is there already: the deadline counts from the start of the run.
    await stillWorks();
    const { code, tookMs } = await runBomb(body, DEADLINE_MS);
    expect(code).toBe("CODE_TIMEOUT");
    overshoots.push(tookMs - DEADLINE_MS);
    await stillWorks();
  });
});

describe("runs out of memory:", () => {
  test.each(MEMORY_BOMBS)("%s", async (_name, body) => {
    expect((await runBomb(body, 10_000)).code).toBe("CODE_OUT_OF_MEMORY");
    await stillWorks();
  });
});

describe("ends with an error:", () => {
  test.each(OTHER_BOMBS)("%s", async (_name, body, codes) => {
    expect(codes.split("|")).toContain((await runBomb(body, 2_000)).code ?? "a value");
    await stillWorks();
  });
});
