// The ledger's caps: a flood of refusals fills neither disk nor memory, and none is lost in silence.

import { afterEach, describe, expect, jest, test } from "bun:test";
import { createTestDb } from "../../support/app";
import { BAD_SIGNATURE, createDelivery, liveAgent, RATE_LIMITED } from "../../support/deliveries";
import type { LedgerBench } from "../../support/ledgers";
import { createLedgerBench } from "../../support/ledgers";
import { addAgent, addDelivery } from "../../support/rows";
import { passTurns } from "../../support/turns";

afterEach(() => void jest.useRealTimers());

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

interface Many {
  count: number;
  /** Null for an unknown one. */
  agent: number | null;
  verified: boolean;
  body?: Uint8Array;
}

/** Notes refusals of one kind. */
function recordMany(bench: LedgerBench, data: Many): void {
  const agent = data.agent === null ? undefined : liveAgent(data.agent);
  const { verified, body = new Uint8Array(0) } = data;
  for (let made = 0; made < data.count; made += 1) {
    const delivery = createDelivery({ agent, verified, body });
    bench.ledger.record(delivery, verified ? RATE_LIMITED : BAD_SIGNATURE);
  }
}

const totalOf = (bench: LedgerBench): number =>
  bench.counts().reduce((sum, { count }) => sum + count, 0);

describe("of an agent's verified refusals", () => {
  test("1,000 are kept, those of other agents beside them, and the rest is counted", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 1_003, agent: 1, verified: true });
    recordMany(bench, { count: 2, agent: 2, verified: true });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(1_002);
    expect(bench.counts()).toMatchObject([{ agent: 1, reason: "RATE_LIMITED", count: 3 }]);
  });

  test("64 MiB are kept, those of earlier processes counted in", async () => {
    const db = createTestDb();
    const agent = addAgent(db);
    addDelivery(db, { seq: 1, agent, verified: true, size: 64 * MIB - 10 });
    const bench = createLedgerBench(db);
    recordMany(bench, { count: 1, agent, verified: true, body: new Uint8Array(11) });
    recordMany(bench, { count: 1, agent, verified: true, body: new Uint8Array(10) });
    recordMany(bench, { count: 1, agent, verified: true, body: new Uint8Array(1) });
    await bench.ledger.flush();
    expect(db.raw.query("select size from deliveries where seq > 1").values()).toEqual([[10]]);
    expect(totalOf(bench)).toBe(2);
  });
});

describe("of other deliveries", () => {
  test("500 an hour are kept of an agent, and 2,000 of all unknown ones", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 501, agent: 1, verified: false });
    recordMany(bench, { count: 2_002, agent: null, verified: false });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(2_500);
    expect(bench.counts()).toMatchObject([
      { agent: 0, reason: "SIGNATURE_MISMATCH", count: 2 },
      { agent: 1, reason: "SIGNATURE_MISMATCH", count: 1 },
    ]);
  });

  test("as many again are kept in the next hour", async () => {
    const bench = createLedgerBench();
    bench.clock.advance(HOUR_MS - 1);
    recordMany(bench, { count: 501, agent: 1, verified: false });
    bench.clock.advance(1);
    recordMany(bench, { count: 501, agent: 1, verified: false });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(1_000);
    expect(totalOf(bench)).toBe(2);
  });

  test("those that an earlier process wrote within the hour are counted in", async () => {
    const db = createTestDb();
    const agent = addAgent(db);
    const bench = createLedgerBench(db);
    const now = bench.clock.now();
    for (let seq = 1; seq <= 498; seq += 1) addDelivery(db, { seq, agent, receivedAt: now });
    addDelivery(db, { seq: 499, agent, receivedAt: now - HOUR_MS });
    const again = createLedgerBench(db);
    recordMany(again, { count: 5, agent, verified: false });
    await again.ledger.flush();
    expect(again.rows()).toBe(499 + 2);
    expect(totalOf(again)).toBe(3);
  });
});

describe("what is noted and not yet written", () => {
  /** Notes 1,000 verified refusals of each agent from 1 to 5. */
  function fillPending(bench: LedgerBench): void {
    for (const agent of [1, 2, 3, 4, 5]) recordMany(bench, { count: 1_000, agent, verified: true });
  }

  test("is at most 5,000 rows; what comes then is counted", async () => {
    const bench = createLedgerBench();
    fillPending(bench);
    recordMany(bench, { count: 3, agent: 6, verified: true });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(5_000);
    expect(bench.counts()).toMatchObject([{ agent: 6, count: 3 }]);
    recordMany(bench, { count: 3, agent: 6, verified: true });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(5_003);
  });

  test("is at most 5,000 rows also while storage is slow", async () => {
    const bench = createLedgerBench();
    bench.storage.close();
    fillPending(bench);
    const first = bench.ledger.flush();
    recordMany(bench, { count: 3, agent: 6, verified: true });
    const second = bench.ledger.flush();
    bench.storage.open();
    await Promise.all([first, second]);
    expect(bench.rows()).toBe(5_000);
    expect(totalOf(bench)).toBe(3);
  });

  test("is at most 64 MiB of bodies, and again once they are written", async () => {
    const bench = createLedgerBench();
    const body = Buffer.concat(
      Array.from({ length: MIB / 32 }, () => crypto.getRandomValues(new Uint8Array(32))),
    );
    for (const agent of [1, 2]) recordMany(bench, { count: 33, agent, verified: true, body });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(64);
    expect(totalOf(bench)).toBe(2);
    recordMany(bench, { count: 1, agent: 1, verified: true, body });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(65);
  });
});

describe("where it cannot be stored", () => {
  test("nothing is lost in silence: the flush ends, the log says how many, counts follow later", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 3, agent: 1, verified: true });
    bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
    bench.storage.refuse();
    await bench.ledger.flush();
    expect(bench.log.lines).toMatchObject([
      { level: "error", event: "ledger.write_failed", fields: { rows: 3 } },
    ]);
    bench.storage.open();
    await bench.ledger.flush();
    expect(bench.counts()).toMatchObject([
      { agent: 1, reason: "RATE_LIMITED", count: 3 },
      { agent: 1, reason: "SIGNATURE_MISMATCH", count: 1 },
    ]);
  });

  test("the portions before it are written, and those after it are what is told", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 250, agent: 1, verified: true });
    bench.db.raw.run(
      "create trigger full before insert on deliveries when new.seq > 100 begin select raise(fail, 'no'); end",
    );
    await bench.ledger.flush();
    expect(bench.rows()).toBe(100);
    bench.db.raw.run("drop trigger full");
    await bench.ledger.flush();
    expect(bench.log.lines).toMatchObject([{ fields: { rows: 150 } }]);
    expect(totalOf(bench)).toBe(150);
  });

  test("the counts follow by themselves, without another delivery or flush", async () => {
    jest.useFakeTimers();
    const bench = createLedgerBench();
    recordMany(bench, { count: 3, agent: 1, verified: true });
    bench.storage.refuse();
    await bench.ledger.flush();
    bench.storage.open();
    jest.advanceTimersByTime(60_000);
    await passTurns(5);
    expect(bench.counts()).toMatchObject([{ agent: 1, reason: "RATE_LIMITED", count: 3 }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("the next deliveries are written as ever", async () => {
    const bench = createLedgerBench();
    recordMany(bench, { count: 2, agent: 1, verified: true });
    bench.storage.refuse();
    await bench.ledger.flush();
    bench.storage.open();
    recordMany(bench, { count: 4, agent: 1, verified: true });
    await bench.ledger.flush();
    expect(bench.rows()).toBe(4);
  });
});

test("what was counted before the hour turned stands under its own hour", async () => {
  const bench = createLedgerBench();
  const hour = bench.clock.now() / HOUR_MS;
  bench.clock.advance(HOUR_MS - 1);
  bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
  bench.clock.advance(1);
  bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
  bench.ledger.record(createDelivery(), { ...BAD_SIGNATURE, countOnly: true });
  await bench.ledger.flush();
  expect(bench.counts()).toMatchObject([
    { hour, count: 1 },
    { hour: hour + 1, count: 2 },
  ]);
});
