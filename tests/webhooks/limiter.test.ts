// The limiter alone: whatever the order of takes, ends and passing time, no limit is ever exceeded,
// and the places always are what the executions say.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Db } from "../../src/db/open";
import { createManualClock } from "../../src/lib/clock";
import {
  createUsedUpWindows,
  createWindowClock,
  peek,
  recountPlaces,
  releasePlace,
  take,
  WINDOW_MS,
} from "../../src/webhooks/limiter";
import { createTestDb } from "../support/app";

const LIVE = { agent: 1, kind: "live" } as const;
const ROOMY = { perMinute: 1000, places: 1000 };

const unfinishedIn = (db: Db): number =>
  db.raw.query<{ unfinished: number }, []>("select unfinished from windows").get()?.unfinished ?? 0;

/** What a correct limiter remembers: when each accepted one came, and how many have not ended. */
class Model {
  #opened = Number.NEGATIVE_INFINITY;
  #count = 0;
  open = 0;

  expects(data: { now: number; perMinute: number; places: number }): string {
    const current = data.now < this.#opened + WINDOW_MS;
    const count = current ? this.#count : 0;
    if (count >= data.perMinute) return "rate";
    if (this.open >= data.places) return "concurrency";
    if (!current) this.#opened = data.now;
    this.#count = count + 1;
    this.open += 1;
    return "ok";
  }
}

type Step = { kind: "take" } | { kind: "end" } | { kind: "wait"; ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Step>({ kind: "take" }) },
    { weight: 3, arbitrary: fc.constant<Step>({ kind: "end" }) },
    {
      weight: 2,
      arbitrary: fc.nat({ max: WINDOW_MS + 2 }).map((ms): Step => ({ kind: "wait", ms })),
    },
  ),
  { maxLength: 120 },
);
const limits = fc.record({
  perMinute: fc.integer({ min: 1, max: 12 }),
  places: fc.integer({ min: 1, max: 6 }),
});

/** The executions table as the limiter's second witness. */
function createExecutions(db: Db) {
  db.raw.run(
    "insert into agents (seq, id, name, status, draft, created_at, updated_at) values (1, 'agt_1', 'a', 'draft', '{}', 0, 0)",
  );
  let last = 0;
  const open: number[] = [];
  return {
    start() {
      last += 1;
      open.push(last);
      db.raw
        .query(
          "insert into executions (seq, uid, agent, version, trigger, state, delivery, created_at) values (?, ?, 1, 1, 'webhook', 'waiting', ?, 0)",
        )
        .run(last, Buffer.from(`uid ${last}`), last);
    },
    /** Ends the oldest; false where none is open. */
    end(): boolean {
      const seq = open.shift();
      if (seq === undefined) return false;
      db.raw
        .query("update executions set state = 'failed', finished_at = 1 where seq = ?")
        .run(seq);
      return true;
    },
  };
}

function runSteps(db: Db, data: { steps: Step[]; perMinute: number; places: number }): void {
  const executions = createExecutions(db);
  const model = new Model();
  let now = 1_000_000;
  for (const step of data.steps) {
    if (step.kind === "wait") now += step.ms;
    if (step.kind === "end" && executions.end()) {
      releasePlace({ db }, 1);
      model.open -= 1;
    }
    if (step.kind === "take") {
      const expected = model.expects({ now, ...data });
      const taking = take({ db }, { ...LIVE, ...data, now });
      expect(taking.ok ? "ok" : taking.gate).toBe(expected);
      if (taking.ok) executions.start();
      const { perMinute } = data;
      expect(peek({ db }, { ...LIVE, perMinute, now }).remaining).toBe(taking.remaining);
    }
    expect(unfinishedIn(db)).toBe(model.open);
  }
}

describe("for any order of takes, ends and waits", () => {
  test("each take is what a simple model says, and places are the open executions", () => {
    fc.assert(
      fc.property(steps, limits, (list, { perMinute, places }) => {
        const db = createTestDb();
        runSteps(db, { steps: list, perMinute, places });
        const kept = unfinishedIn(db);
        recountPlaces({ db });
        expect(unfinishedIn(db)).toBe(kept);
        db.raw.close();
      }),
      { numRuns: 60 },
    );
  });
});

describe("take", () => {
  test("counts down, and then tells what was used and when the window ends", () => {
    const db = createTestDb();
    const request = { ...LIVE, perMinute: 2, places: 9 };
    expect(take({ db }, { ...request, now: 5 })).toEqual({
      ok: true,
      remaining: 1,
      resetMs: 60_000,
    });
    expect(take({ db }, { ...request, now: 1005 })).toEqual({
      ok: true,
      remaining: 0,
      resetMs: 59_000,
    });
    expect(take({ db }, { ...request, now: 2005 })).toEqual({
      ok: false,
      gate: "rate",
      used: 2,
      remaining: 0,
      resetMs: 58_000,
    });
  });

  test("that fails writes nothing", () => {
    const db = createTestDb();
    const request = { ...LIVE, perMinute: 9, places: 1 };
    take({ db }, { ...request, now: 0 });
    const before = db.raw.query("select * from windows").all();
    expect(take({ db }, { ...request, now: 1 })).toMatchObject({
      ok: false,
      gate: "concurrency",
      used: 1,
    });
    expect(take({ db }, { ...request, now: WINDOW_MS })).toMatchObject({
      ok: false,
      gate: "concurrency",
    });
    expect(db.raw.query("select * from windows").all()).toEqual(before);
  });

  test("keeps test deliveries apart from the sender's minute", () => {
    const db = createTestDb();
    const request = { agent: 1, perMinute: 1, places: 9, now: 0 };
    expect(take({ db }, { ...request, kind: "live" }).ok).toBe(true);
    expect(take({ db }, { ...request, kind: "test" }).ok).toBe(true);
    expect(take({ db }, { ...request, kind: "live" }).ok).toBe(false);
    expect(take({ db }, { ...request, kind: "test" }).ok).toBe(false);
  });

  test("starts a window that lies ahead of the clock anew", () => {
    const db = createTestDb();
    take({ db }, { ...LIVE, ...ROOMY, now: 100_000 });
    expect(take({ db }, { ...LIVE, ...ROOMY, now: 99_999 })).toMatchObject({
      remaining: 999,
      resetMs: 60_000,
    });
    expect(unfinishedIn(db)).toBe(2);
  });
});

describe("places", () => {
  test("never go below none", () => {
    const db = createTestDb();
    take({ db }, { ...LIVE, ...ROOMY, now: 0 });
    for (let count = 0; count < 3; count += 1) releasePlace({ db }, 1);
    expect(unfinishedIn(db)).toBe(0);
  });

  test("are counted anew from waiting and running deliveries alone", () => {
    const db = createTestDb();
    const executions = createExecutions(db);
    for (let count = 0; count < 3; count += 1) {
      take({ db }, { ...LIVE, ...ROOMY, now: 0 });
      executions.start();
    }
    executions.end();
    db.raw.run("update executions set state = 'running' where seq = 2");
    db.raw.run(
      "insert into executions (seq, uid, agent, version, trigger, state, created_at) values (9, x'00', 1, 1, 'manual', 'waiting', 0)",
    );
    recountPlaces({ db });
    expect(unfinishedIn(db)).toBe(2);
  });
});

describe("the window's clock", () => {
  test("moves with the monotonic one, whatever the wall clock does", () => {
    const clock = createManualClock(1_000_000);
    const windowNow = createWindowClock(clock);
    clock.advance(1500);
    clock.jumpWall(-500_000);
    clock.advance(1);
    expect(windowNow()).toBe(1_001_501);
  });
});

describe("a window that was found used up", () => {
  const request = { ...LIVE, perMinute: 3, places: 10, now: 1_000 };
  const usedUp = { ok: false, gate: "rate", used: 3, remaining: 0, resetMs: 40_000 } as const;

  test("is known as such until it ends, with the time that is left", () => {
    const windows = createUsedUpWindows();
    expect(windows.find(request)).toBeNull();
    windows.note({ request, usedUp });
    expect(windows.find(request)).toEqual(usedUp);
    expect(windows.find({ ...request, now: 40_999 })).toEqual({ ...usedUp, resetMs: 1 });
    expect(windows.find({ ...request, now: 41_000 })).toBeNull();
  });

  test("is looked at again once its limit is another", () => {
    const windows = createUsedUpWindows();
    windows.note({ request, usedUp });
    expect(windows.find({ ...request, perMinute: 4 })).toBeNull();
  });

  test("says nothing of another agent's", () => {
    const windows = createUsedUpWindows();
    windows.note({ request, usedUp });
    expect(windows.find({ ...request, agent: 2 })).toBeNull();
  });

  test("is not one whose places are taken: an end frees one at any time", () => {
    const windows = createUsedUpWindows();
    windows.note({ request, usedUp: { ...usedUp, gate: "concurrency" } });
    expect(windows.find(request)).toBeNull();
  });
});
