// The ledger behind the answers: what is written, in which portions, and what becomes a count.

import { afterEach, describe, expect, jest, test } from "bun:test";
import { readBodyOf } from "../../support/stored-bodies";
import { BAD_SIGNATURE, createDelivery, liveAgent, RATE_LIMITED } from "../../support/deliveries";
import { createLedgerBench } from "../../support/ledgers";
import { addAgent, addDelivery, uidOf } from "../../support/rows";
import { createTestDb } from "../../support/app";
import { passTurns } from "../../support/turns";

afterEach(() => void jest.useRealTimers());

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1024;

/** Notes `count` refusals of one kind. */
function recordMany(
  bench: ReturnType<typeof createLedgerBench>,
  data: { count: number; agent: number | null; verified: boolean },
): void {
  const agent = data.agent === null ? undefined : liveAgent(data.agent);
  for (let made = 0; made < data.count; made += 1) {
    const delivery = createDelivery({ agent, verified: data.verified });
    bench.ledger.record(delivery, data.verified ? RATE_LIMITED : BAD_SIGNATURE);
  }
}

describe("a delivery that is noted", () => {
  test("is written by the next flush, with its body", async () => {
    const bench = createLedgerBench();
    const body = Buffer.from('{"a":1}');
    bench.ledger.record(createDelivery({ body, event: "push", receivedAt: 7 }), RATE_LIMITED);
    expect(bench.rows()).toBe(0);
    await bench.ledger.flush();
    const row = bench.db.raw
      .query(
        "select seq, agent, verdict, gate, reason, code, status, event, size, verified, received_at from deliveries",
      )
      .values();
    expect(row).toEqual([
      [1, 1, "refused", "rate", "RATE_LIMITED", "RATE_LIMITED", 429, "push", 7, 1, 7],
    ]);
    expect(readBodyOf(bench.db, 1)).toEqual(body);
  });

  test("is written by itself 50 ms later", async () => {
    jest.useFakeTimers();
    const bench = createLedgerBench();
    bench.ledger.record(createDelivery(), RATE_LIMITED);
    jest.advanceTimersByTime(49);
    await passTurns(3);
    expect(bench.rows()).toBe(0);
    jest.advanceTimersByTime(1);
    await passTurns(3);
    expect(bench.rows()).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("is written once, however often it is flushed", async () => {
    const bench = createLedgerBench();
    bench.ledger.record(createDelivery(), RATE_LIMITED);
    await Promise.all([bench.ledger.flush(), bench.ledger.flush()]);
    await bench.ledger.flush();
    expect(bench.rows()).toBe(1);
    expect(bench.writes()).toBe(1);
  });

  test("that led to an earlier execution names that one", async () => {
    const bench = createLedgerBench();
    const first = { seq: 42, uid: uidOf(42), status: "running" };
    bench.ledger.record(createDelivery(), {
      verdict: "duplicate",
      gate: "duplicate",
      reason: "DUPLICATE",
      first,
    });
    await bench.ledger.flush();
    expect(
      bench.db.raw.query("select verdict, execution, status from deliveries").values(),
    ).toEqual([["duplicate", 42, 200]]);
  });
});

describe("a delivery that is noted", () => {
  test("keeps a verified body whole, 64 KiB of another, and of nothing nothing", async () => {
    const bench = createLedgerBench();
    const body = Buffer.alloc(100 * KIB, "x");
    bench.ledger.record(createDelivery({ body }), RATE_LIMITED);
    bench.ledger.record(createDelivery({ body, verified: false }), BAD_SIGNATURE);
    bench.ledger.record(createDelivery(), RATE_LIMITED);
    await bench.ledger.flush();
    expect([1, 2, 3].map((seq) => readBodyOf(bench.db, seq)?.length ?? null)).toEqual([
      100 * KIB,
      64 * KIB,
      null,
    ]);
    expect(bench.db.raw.query("select size from deliveries order by seq").values()).toEqual([
      [100 * KIB],
      [100 * KIB],
      [0],
    ]);
  });
});

describe("a flush", () => {
  test("writes at most 100 rows at a time", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 250, agent: 1, verified: true });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(250);
    expect(bench.writes()).toBe(3);
  });

  test("writes the counts with the rows, in a write of their own", async () => {
    const bench = createLedgerBench();
    bench.ledger.record(createDelivery(), RATE_LIMITED);
    for (const _time of [1, 2]) {
      bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
    }
    await bench.ledger.flush();
    expect(bench.writes()).toBe(2);
    expect(bench.counts()).toMatchObject([{ agent: 1, reason: "SIGNATURE_MISMATCH", count: 2 }]);
  });

  test("of nothing writes nothing", async () => {
    const bench = createLedgerBench();
    await bench.ledger.flush();
    expect(bench.writes()).toBe(0);
  });

  test("adds to counts of the same hour", async () => {
    const bench = createLedgerBench();
    for (const _time of [1, 2, 3]) {
      bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
      await bench.ledger.flush();
    }
    expect(bench.counts()).toMatchObject([{ count: 3 }]);
  });
});

describe("the sweep", () => {
  const createOld = (count: number) => {
    const db = createTestDb();
    const agent = addAgent(db);
    for (let seq = 1; seq <= count; seq += 1) {
      addDelivery(db, { seq, agent });
      db.raw.query("insert into payloads values (?, 0, ?)").run(seq, Buffer.from("x"));
    }
    const bench = createLedgerBench(db);
    const at = (ms: number, where: string): void =>
      void db.raw.query(`update deliveries set received_at = ? where ${where}`).run(ms);
    at(bench.clock.now() - DAY_MS - 1, "true");
    return { ...bench, at };
  };

  test("deletes what is older than a day with its body, 100 rows at a time", async () => {
    const bench = createOld(250);
    await bench.ledger.sweep();
    expect(bench.rows()).toBe(0);
    expect(bench.db.raw.query("select count(*) from payloads").values()).toEqual([[0]]);
    expect(bench.writes()).toBe(3);
  });

  test("keeps what is a day old or younger", async () => {
    const bench = createOld(3);
    bench.at(bench.clock.now() - DAY_MS, "seq >= 2");
    await bench.ledger.sweep();
    expect(bench.db.raw.query("select seq from deliveries").values()).toEqual([[2], [3]]);
    expect(bench.db.raw.query("select seq from payloads").values()).toEqual([[2], [3]]);
  });

  test("keeps verified refusals and accepted deliveries of any age", async () => {
    const bench = createOld(4);
    bench.db.raw.run("update deliveries set verified = 1 where seq = 1");
    bench.db.raw.run("update deliveries set verdict = 'accepted', gate = null where seq = 2");
    bench.db.raw.run("update deliveries set verdict = 'duplicate', verified = 1 where seq = 3");
    await bench.ledger.sweep();
    expect(bench.db.raw.query("select seq from deliveries").values()).toEqual([[1], [2]]);
  });

  test("finds nothing on an empty ledger", async () => {
    const bench = createLedgerBench();
    await bench.ledger.sweep();
    expect(bench.writes()).toBe(1);
  });
});
