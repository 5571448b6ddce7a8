// Bodies read whole: declared and chunked, within their own bound and the bound of all together.

import { describe, expect, jest, test } from "bun:test";
import type { BodyReading, ByteBudget } from "../../src/lib/body";
import { createByteBudget, IN_FLIGHT_BYTES, readBody } from "../../src/lib/body";
import { passTurns } from "../support/turns";

const MAX = 10;
/** Larger than what is read in one piece. */
const LARGE = 100_000;
/** A budget of which one lane gets `bytes`. */
const budgetOf = (bytes: number): ByteBudget => createByteBudget(2 * bytes);
/** Whether nothing of a lane's part is taken, and its part is `bytes`. */
function isFree(budget: ByteBudget, bytes: number): boolean {
  const all = budget.reserve("lane", bytes);
  const more = budget.reserve("lane", 1);
  if (all) budget.release("lane", bytes);
  if (more) budget.release("lane", 1);
  return all && !more;
}

interface Sending {
  headers?: [string, string][];
  body: string | ReadableStream<Uint8Array>;
}

/** Built as the server hands it over: a declared length stands in the headers. */
const declared = (length: number, body: Sending["body"]): Sending => ({
  headers: [["content-length", String(length)]],
  body,
});

const toRequest = ({ headers = [], body }: Sending): Request =>
  new Request("http://localhost/", { method: "POST", headers, body });

/** A stream of these chunks; it breaks off where the last one is an error. */
function chunksOf(...chunks: (string | Error)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  });
}

const read = (budget: ByteBudget, sending: Sending): Promise<BodyReading> =>
  readBody({ budget }, { request: toRequest(sending), maxBytes: MAX, lane: "lane" });

const textOf = (reading: BodyReading): string =>
  reading.ok ? Buffer.from(reading.bytes).toString() : reading.problem;

const broken = new Error("connection lost");

/** What is sent, the text that is read or the problem, and how it is sent. */
const SENT: [name: string, outcome: string, sending: () => Sending][] = [
  ["a declared body", "hello", () => declared(5, "hello")],
  ["a declared body of the largest size", "0123456789", () => declared(10, "0123456789")],
  ["a declared body of nothing", "", () => declared(0, "")],
  ["a declared body that is too large", "too_large", () => declared(11, "0123456789a")],
  ["a declared size of a petabyte", "too_large", () => declared(1e15, "x")],
  ["a declared body that breaks off", "aborted", () => declared(8, chunksOf("abc", broken))],
  ["a chunked body", "hello", () => ({ body: chunksOf("he", "", "llo") })],
  [
    "a chunked body of the largest size",
    "0123456789",
    () => ({ body: chunksOf("01234", "56789") }),
  ],
  ["a chunked body of nothing", "", () => ({ body: chunksOf() })],
  ["a chunked body that is too large", "too_large", () => ({ body: chunksOf("01234567", "890") })],
  ["a chunked body that breaks off", "aborted", () => ({ body: chunksOf("abc", broken) })],
  ["a chunked body that breaks off at once", "aborted", () => ({ body: chunksOf(broken) })],
  ["a compressed body", "encoded", () => ({ headers: [["content-encoding", "gzip"]], body: "x" })],
  [
    "a body that says it is not compressed",
    "x",
    () => ({ headers: [["content-encoding", "Identity"]], body: "x" }),
  ],
];

describe("readBody", () => {
  test.each(SENT)("%s gives %p, and nothing of the budget stays taken", async (...row) => {
    const [, outcome, sending] = row;
    const budget = budgetOf(MAX);
    const reading = await read(budget, sending());
    expect(textOf(reading)).toBe(outcome);
    if (reading.ok) reading.release();
    expect(isFree(budget, MAX)).toBe(true);
  });

  test.each([
    ["declared", () => declared(LARGE, "x".repeat(LARGE))],
    ["chunked", () => ({ body: chunksOf("x".repeat(LARGE - 1), "x") })],
  ])("a large %s body takes of the budget until it is let go", async (_name, sending) => {
    const budget = budgetOf(LARGE);
    const data = { maxBytes: LARGE, lane: "lane" };
    const reading = await readBody({ budget }, { ...data, request: toRequest(sending()) });
    expect(isFree(budget, LARGE)).toBe(false);
    const refused = await readBody({ budget }, { ...data, request: toRequest(sending()) });
    expect(textOf(refused)).toBe("overloaded");
    if (reading.ok) reading.release();
    expect(isFree(budget, LARGE)).toBe(true);
  });

  test("a small body comes through although the budget is used up", async () => {
    const budget = budgetOf(MAX);
    budget.reserve("lane", MAX);
    expect(textOf(await read(budget, declared(5, "hello")))).toBe("hello");
  });

  test("a large body that does not arrive in time is given up, and gives back what it took", async () => {
    jest.useFakeTimers();
    const budget = budgetOf(LARGE);
    const started = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(9)),
    });
    const request = toRequest(declared(LARGE, started));
    const reading = readBody({ budget }, { request, maxBytes: LARGE, lane: "lane" });
    await passTurns(3);
    expect(isFree(budget, LARGE)).toBe(false);
    jest.advanceTimersByTime(15_000);
    jest.useRealTimers();
    expect(textOf(await reading)).toBe("slow");
    expect(isFree(budget, LARGE)).toBe(true);
  });

  test("a chunked body is cut where it passes its bound, and the rest is not asked for", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(4)),
      cancel: () => resolve("cancelled"),
    });
    expect(textOf(await read(createByteBudget(), { body: endless }))).toBe("too_large");
    expect(await cancelled).toBe("cancelled");
  });

  test("the bytes are those that were sent, none decoded", async () => {
    const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, 0x00, 0xff, 0x0d, 0x0a]);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 2));
        controller.enqueue(bytes.subarray(2));
        controller.close();
      },
    });
    const reading = await read(createByteBudget(), { body });
    expect(reading.ok && Array.from(reading.bytes)).toEqual(Array.from(bytes));
  });

  test("a compressed body is refused unread", async () => {
    const request = toRequest({ headers: [["content-encoding", "br"]], body: "x" });
    await readBody({ budget: createByteBudget() }, { request, maxBytes: MAX, lane: "lane" });
    expect(request.bodyUsed).toBe(false);
  });
});

test("a sender that announces much and sends little takes only what arrived", async () => {
  const budget = budgetOf(LARGE);
  const { promise: rest, resolve: sendRest } = Promise.withResolvers<void>();
  const slow = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    async pull(controller) {
      await rest;
      controller.enqueue(new Uint8Array(LARGE - 1));
      controller.close();
    },
  });
  const request = toRequest(declared(LARGE, slow));
  const waiting = readBody({ budget }, { request, maxBytes: LARGE, lane: "lane" });
  await passTurns(3);
  expect(isFree(budget, LARGE - 1)).toBe(true);
  sendRest();
  expect((await waiting).ok).toBe(true);
});

/** HTTP lets a length be repeated where both say the same; the server joins them by a comma. */
describe("a length that is declared twice", () => {
  const twice = (length: number, body: string): Sending => ({
    headers: [
      ["content-length", String(length)],
      ["content-length", String(length)],
    ],
    body,
  });

  test("does not lift the bound of one body", async () => {
    expect(textOf(await read(createByteBudget(), twice(11, "0123456789a")))).toBe("too_large");
  });

  test("takes no more of the budget than arrives", async () => {
    const budget = budgetOf(MAX);
    const reading = await read(budget, twice(5, "hello"));
    expect(isFree(budget, MAX - 5)).toBe(true);
    if (reading.ok) reading.release();
    expect(isFree(budget, MAX)).toBe(true);
  });
});

describe("createByteBudget", () => {
  test("takes 64 MiB in all and half of it from one lane, and again what was given back", () => {
    const budget = createByteBudget();
    const half = IN_FLIGHT_BYTES / 2;
    expect(budget.reserve("a", half)).toBe(true);
    expect(budget.reserve("a", 1)).toBe(false);
    expect(budget.reserve("b", half)).toBe(true);
    expect(budget.reserve("e", 1)).toBe(false);
    budget.release("a", 1);
    expect(budget.reserve("e", 1)).toBe(true);
    expect(IN_FLIGHT_BYTES).toBe(64 * 1024 * 1024);
  });
});
