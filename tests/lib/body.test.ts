// Bodies read whole: declared and chunked, within their own bound and the bound of all together.

import { describe, expect, test } from "bun:test";
import type { BodyReading, ByteBudget } from "../../src/lib/body";
import { createByteBudget, IN_FLIGHT_BYTES, readBody } from "../../src/lib/body";
import { passTurns } from "../support/turns";

const MAX = 10;

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
  readBody({ budget }, { request: toRequest(sending), maxBytes: MAX });

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
    const budget = createByteBudget(MAX);
    expect(textOf(await read(budget, sending()))).toBe(outcome);
    expect(budget.reserve(MAX)).toBe(true);
    expect(budget.reserve(1)).toBe(false);
  });

  test.each([
    ["declared", () => declared(6, "012345")],
    ["chunked", () => ({ body: chunksOf("01", "2345") })],
  ])("a %s body beyond what all may take is refused and takes nothing", async (_name, sending) => {
    const budget = createByteBudget(MAX);
    budget.reserve(5);
    expect(textOf(await read(budget, sending()))).toBe("overloaded");
    expect(budget.reserve(5)).toBe(true);
    expect(budget.reserve(1)).toBe(false);
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
    await readBody({ budget: createByteBudget() }, { request, maxBytes: MAX });
    expect(request.bodyUsed).toBe(false);
  });
});

test("a sender that announces much and sends little holds up no other", async () => {
  const budget = createByteBudget(MAX);
  const { promise: rest, resolve: sendRest } = Promise.withResolvers<void>();
  const slow = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    async pull(controller) {
      await rest;
      controller.enqueue(new Uint8Array(MAX - 1));
      controller.close();
    },
  });
  const waiting = read(budget, declared(MAX, slow));
  await passTurns(2);
  expect(textOf(await read(budget, declared(5, "hello")))).toBe("hello");
  sendRest();
  expect((await waiting).ok).toBe(true);
  expect(budget.reserve(MAX)).toBe(true);
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

  test("does not lift the bound of all bodies together", async () => {
    const budget = createByteBudget(MAX);
    await read(budget, twice(5, "hello"));
    expect(budget.reserve(MAX + 1)).toBe(false);
  });
});

describe("createByteBudget", () => {
  test("takes 64 MiB, not one byte more, and takes again what was given back", () => {
    const budget = createByteBudget();
    expect(budget.reserve(IN_FLIGHT_BYTES - 1)).toBe(true);
    expect(budget.reserve(2)).toBe(false);
    expect(budget.reserve(1)).toBe(true);
    expect(budget.reserve(1)).toBe(false);
    budget.release(1);
    expect(budget.reserve(1)).toBe(true);
    expect(IN_FLIGHT_BYTES).toBe(64 * 1024 * 1024);
  });
});
