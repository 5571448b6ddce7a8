// Storage that fails while executions run: results wait for it, nothing goes on past what is unsaved.

import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { createWriter } from "../../../src/db/writer";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { persist, Stopped } from "../../../src/executions/persist";
import { createManualClock } from "../../../src/lib/clock";
import { silentLog } from "../../../src/lib/log";
import { createTestDb } from "../../support/app";
import type { GatedWriter } from "../../support/gated-writer";
import { createGatedWriter } from "../../support/gated-writer";
import { createHeldModels } from "../../support/held-models";
import { rejection } from "../../support/rejection";
import { addAgent, addExecution } from "../../support/rows";
import { createSlots, heldPipeline, twoCallPipeline } from "../../support/slots";
import { isSettled, passTurns } from "../../support/turns";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A second passes: what waits for storage tries again. */
async function passSecond(): Promise<void> {
  jest.advanceTimersByTime(1_000);
  await passTurns(5);
}

/** Slots whose writer can be made to refuse. */
function createFragile() {
  const db = createTestDb();
  const behind = createWriter({ db, clock: createManualClock(), log: silentLog });
  const storage = createGatedWriter(behind);
  return { ...createSlots({ db, writer: storage }), storage };
}

describe("while storage fails", () => {
  test("a result waits and is stored as soon as it can be, once", async () => {
    const slots = createFragile();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    slots.storage.refuse();
    await slots.models.echo(0);
    for (let second = 0; second < 5; second += 1) await passSecond();
    expect(slots.row(seq).state).toBe("running");
    expect(slots.ends).toEqual([]);
    slots.storage.open();
    await passSecond();
    await passSecond();
    await slots.pool.idle();
    expect(slots.row(seq).state).toBe("completed");
    expect(slots.ends).toHaveLength(1);
    expect(slots.models.calls).toHaveLength(1);
  });

  test("an execution that has left its slot is still seen, with its start and its steps", async () => {
    const slots = createFragile();
    slots.storage.refuse();
    const seq = slots.add(addAgent(slots.db));
    await passTurns(5);
    expect(slots.pool.size()).toBe(0);
    expect(slots.pool.liveOf(seq)?.steps.map((step) => step.status)).toEqual([
      "completed",
      "completed",
      "completed",
    ]);
    slots.storage.open();
    await passSecond();
    await slots.pool.idle();
    expect(slots.pool.liveOf(seq)).toBeUndefined();
  });

  test("a model is not called before its start is on disk", async () => {
    const slots = createFragile();
    slots.storage.refuse();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    for (let second = 0; second < 3; second += 1) await passSecond();
    expect(slots.models.calls).toHaveLength(0);
    slots.storage.open();
    await passSecond();
    expect(slots.models.calls).toHaveLength(1);
    expect(readJournal({ db: slots.db }, seq).entries.at(-1)?.kind).toBe("effect_started");
    await slots.models.echo(0);
    await slots.pool.idle();
  });

  test("a second model is not called before the first one's answer is on disk", async () => {
    const slots = createFragile();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()));
    await slots.models.untilCalls(1);
    slots.storage.refuse();
    await slots.models.echo(0);
    for (let second = 0; second < 3; second += 1) await passSecond();
    expect(slots.models.calls).toHaveLength(1);
    slots.storage.open();
    await passSecond();
    await slots.models.echo(1);
    await slots.pool.idle();
    expect(slots.row(seq).state).toBe("completed");
  });
});

describe("while storage fails", () => {
  test("for one write only, what depends on an answer still waits until that is on disk", async () => {
    const slots = createFragile();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()));
    await slots.models.untilCalls(1);
    slots.storage.refuseNext();
    await slots.models.echo(0);
    await passTurns(5);
    expect(slots.models.calls).toHaveLength(1);
    expect(readJournal({ db: slots.db }, seq).entries).toHaveLength(2);
    await passSecond();
    expect(slots.models.calls).toHaveLength(2);
    await slots.models.echo(1);
    await slots.pool.finished(seq);
    expect(slots.row(seq).state).toBe("completed");
  });

  test("executions that run beyond their time end all the same once it works again", async () => {
    const slots = createFragile();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    slots.storage.refuse();
    jest.advanceTimersByTime(slots.deps.executionTimeoutMs);
    await passTurns(3);
    expect(slots.pool.size()).toBe(0);
    slots.storage.open();
    await passSecond();
    await slots.pool.idle();
    expect(slots.row(seq)).toMatchObject({ state: "timed_out", errorCode: "EXECUTION_TIMEOUT" });
  });
});

describe("the start of an execution", () => {
  /** How often a model without effects was asked while nothing could be stored, and afterwards. */
  async function countCalls(bootSeq: number): Promise<[before: number, after: number]> {
    const db = createTestDb();
    const behind = createWriter({ db, clock: createManualClock(), log: silentLog });
    const writer = createGatedWriter(behind);
    const seq = addExecution(db, { seq: 1, agent: addAgent(db) });
    const models = createHeldModels();
    let calls = 0;
    const callModel: typeof models.callModel = (call) => {
      calls += 1;
      return models.callModel(call);
    };
    const slots = createSlots({ db, writer, callModel, bootSeq });
    writer.close();
    slots.pool.wake();
    await passTurns(5);
    const before = calls;
    writer.open();
    await slots.pool.finished(seq);
    return [before, calls];
  }

  test("is on disk before it runs where an earlier process may have died of it", async () => {
    expect(await countCalls(1)).toEqual([0, 1]);
  });

  test("is not waited for where this process accepted it and it has no effect", async () => {
    expect(await countCalls(0)).toEqual([1, 1]);
  });
});

describe("persist", () => {
  const createStorage = (): GatedWriter =>
    createGatedWriter(
      createWriter({ db: createTestDb(), clock: createManualClock(), log: silentLog }),
    );

  test("gives the job's result once it is stored, trying again every second", async () => {
    const writer = createStorage();
    writer.refuse();
    const stopping = new AbortController().signal;
    let runs = 0;
    const stored = persist({ writer, stopping }, () => (runs += 1));
    await passSecond();
    jest.advanceTimersByTime(999);
    await passTurns(3);
    expect([await isSettled(stored), runs]).toEqual([false, 0]);
    writer.open();
    jest.advanceTimersByTime(1);
    expect(await stored).toBe(1);
  });

  test("passes the job's own error on and does not try again", async () => {
    const own = new Error("no");
    let runs = 0;
    const refused = persist(
      { writer: createStorage(), stopping: new AbortController().signal },
      () => {
        runs += 1;
        throw own;
      },
    );
    expect(await rejection(refused)).toBe(own);
    await passSecond();
    expect(runs).toBeLessThanOrEqual(2);
  });

  test("gives up where the process stops, before or while it waits", async () => {
    const writer = createStorage();
    writer.refuse();
    const stop = new AbortController();
    const waiting = rejection(persist({ writer, stopping: stop.signal }, () => 1));
    await passTurns(3);
    stop.abort();
    expect(await waiting).toBeInstanceOf(Stopped);
    const late = persist({ writer, stopping: stop.signal }, () => 1);
    expect(await rejection(late)).toBeInstanceOf(Stopped);
  });

  test("stores what can be stored although the process stops", async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await persist({ writer: createStorage(), stopping: stop.signal }, () => 7)).toBe(7);
  });
});
