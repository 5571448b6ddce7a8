// Inputs: kept in memory within a bound, else read from what is stored as the delivery was read.

import { describe, expect, test } from "bun:test";
import type { ExecutionInput } from "../../src/executions/input";
import {
  createFreshInputs,
  decodeBody,
  readInput,
  readInputInTurns,
} from "../../src/executions/input";
import { createManualClock } from "../../src/lib/clock";
import { createLoopTurn } from "../../src/lib/loop-turn";
import { createTestDb } from "../support/app";
import { addAgent, addDelivery, addExecution } from "../support/rows";

const MIB = 1024 * 1024;
/** What each takes besides its text. */
const OWN_BYTES = 4096;
const turn = createLoopTurn({ clock: createManualClock() });

const value = (input: string): ExecutionInput => ({
  input,
  trigger: { type: "webhook", headers: {}, query: {}, event: null, deliveryId: null },
});

describe("fresh inputs", () => {
  test("are given once", () => {
    const fresh = createFreshInputs();
    fresh.keep({ seq: 1, size: 5, value: value("one") });
    expect(fresh.take(1)).toEqual(value("one"));
    expect(fresh.take(1)).toBeUndefined();
    expect(fresh.take(2)).toBeUndefined();
  });

  test("are kept up to 16 MiB of them, and again when some were taken", () => {
    const fresh = createFreshInputs();
    fresh.keep({ seq: 1, size: 10 * MIB, value: value("1") });
    fresh.keep({ seq: 2, size: 6 * MIB - 2 * OWN_BYTES, value: value("2") });
    fresh.keep({ seq: 3, size: 1, value: value("3") });
    expect(fresh.take(3)).toBeUndefined();
    expect(fresh.take(1)?.input).toBe("1");
    fresh.keep({ seq: 4, size: 10 * MIB, value: value("4") });
    expect([fresh.take(2)?.input, fresh.take(4)?.input]).toEqual(["2", "4"]);
  });

  test("are few however small they are: each takes memory of its own", () => {
    const fresh = createFreshInputs();
    const numbers = Array.from({ length: 10_000 }, (_, seq) => seq);
    for (const seq of numbers) fresh.keep({ seq, size: 1, value: value("x") });
    const kept = numbers.filter((seq) => fresh.take(seq) !== undefined);
    expect(kept).toHaveLength(Math.floor((16 * MIB) / (OWN_BYTES + 1)));
  });
});

describe("a stored body", () => {
  const body = (text: string): Uint8Array => Buffer.from(text);

  test.each([
    ["JSON", '{"a":1}', null, { ok: true, value: { a: 1 } }],
    ["JSON, noted as such", "[1]", "json", { ok: true, value: [1] }],
    [
      "a form field",
      "x=1&payload=%7B%22a%22%3A%22%C3%A9%2B%22%7D",
      "payload",
      { ok: true, value: { a: "é+" } },
    ],
    ["a form field with plus signs", "payload=%22a+b%22", "payload", { ok: true, value: "a b" }],
    ["a form without the field", "other=1", "payload", { ok: false, problem: "empty" }],
    ["a form field that is no JSON", "payload=%7B", "payload", { ok: false, problem: "malformed" }],
    ["malformed JSON", "{", null, { ok: false, problem: "malformed" }],
  ])("that is %s is decoded", async (_name, text, decoding, decoded) => {
    expect(await decodeBody({ turn }, { body: body(text), decoding })).toEqual(decoded as never);
  });

  test("that is no UTF-8 is refused, as JSON and as a form", async () => {
    const bytes = Uint8Array.from([0x70, 0x3d, 0xff]);
    for (const decoding of [null, "p"]) {
      const decoded = await decodeBody({ turn }, { body: bytes, decoding });
      expect(decoded).toEqual({ ok: false, problem: "not_utf8" });
    }
  });
});

describe("read from the database", () => {
  test("a large input is the same in slices as in one go", async () => {
    const db = createTestDb();
    const input = Array.from({ length: 30_000 }, (_, at) => ({ [`key ${at}`]: [at] }));
    addExecution(db, { seq: 1, agent: addAgent(db), input });
    const stored = { seq: 1, delivery: null, trigger: "manual" } as const;
    const read = await readInputInTurns({ db, turn }, stored);
    expect(read.input).toEqual(input);
    expect(read).toEqual(readInput({ db }, stored));
  });

  test("a manual input comes with a trigger that says only that", () => {
    const db = createTestDb();
    addExecution(db, { seq: 1, agent: addAgent(db), input: { a: ["x".repeat(9_000)] } });
    expect(readInput({ db }, { seq: 1, delivery: null, trigger: "manual" })).toEqual({
      input: { a: ["x".repeat(9_000)] },
      trigger: { type: "manual", headers: {}, query: {}, event: null, deliveryId: null },
    });
  });

  test("a delivery's input comes with its headers, query, event and id", () => {
    const db = createTestDb();
    const agent = addAgent(db);
    addDelivery(db, {
      seq: 3,
      agent,
      headers: '{"x-github-event":"push"}',
      query: "a=1&b=x%20y",
      event: "push",
      deliveryKey: "guid-1",
      decoding: "json",
    });
    db.raw.query("insert into payloads values (3, 0, ?)").run(Buffer.from("\uFEFF[7]"));
    expect(readInput({ db }, { seq: 3, delivery: 3, trigger: "webhook" })).toEqual({
      input: [7],
      trigger: {
        type: "webhook",
        headers: { "x-github-event": "push" },
        query: { a: "1", b: "x y" },
        event: "push",
        deliveryId: "guid-1",
      },
    });
  });

  test("the input is null where the body is gone", () => {
    const db = createTestDb();
    const found = readInput({ db }, { seq: 1, delivery: null, trigger: "manual" });
    expect(found.input).toBeNull();
  });
});
