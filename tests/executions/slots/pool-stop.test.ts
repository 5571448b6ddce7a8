// Stopping: what runs may finish, what waits stays, what is cut goes on at the next start.

import { describe, expect, test } from "bun:test";
import { createWriter } from "../../../src/db/writer";
import { createManualClock } from "../../../src/lib/clock";
import { silentLog } from "../../../src/lib/log";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { createTestDb } from "../../support/app";
import { createGatedWriter } from "../../support/gated-writer";
import { addAgent } from "../../support/rows";
import { createSlots, heldPipeline } from "../../support/slots";
import { isSettled, passTurns } from "../../support/turns";

const LONG_MS = 60_000;

describe("stop", () => {
  test("comes at once where nothing runs, and lets nothing start any more", async () => {
    const slots = createSlots();
    await slots.pool.stop(LONG_MS);
    const seq = slots.add(addAgent(slots.db));
    slots.pool.wake();
    await passTurns(5);
    expect(slots.row(seq).state).toBe("waiting");
  });

  test("lets what runs finish and leaves what waits to the next start", async () => {
    const slots = createSlots({ slots: 1 });
    const agent = addAgent(slots.db, heldPipeline());
    const [running, waiting] = [slots.add(agent), slots.add(agent)];
    await slots.models.untilCalls(1);
    const stopped = slots.pool.stop(LONG_MS);
    await passTurns(3);
    expect(await isSettled(stopped)).toBe(false);
    await slots.models.echo(0);
    await stopped;
    expect(slots.row(running).state).toBe("completed");
    expect(slots.row(waiting)).toMatchObject({ state: "waiting", attempt: 0, startedAt: null });
    expect(slots.models.calls).toHaveLength(1);
  });

  test("cuts what has not finished in time: its call is aborted, its row waits for the next start, uncounted", async () => {
    const slots = createSlots({ slots: 1 });
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    const [held] = await slots.models.untilCalls(1);
    await slots.pool.stop(0);
    expect(held?.call.signal.aborted).toBe(true);
    expect(slots.row(seq)).toMatchObject({
      state: "waiting",
      startedAt: null,
      attempt: 1,
      recoveries: 0,
      finishedAt: null,
    });
    const { entries } = readJournal({ db: slots.db }, seq);
    expect(entries.map((entry) => entry.kind)).toEqual(["steps", "effect_started"]);
    expect(slots.ends).toEqual([]);
    expect(slots.log.lines).toEqual([]);
  });

  test("records nothing of an answer that comes after the cut", async () => {
    const slots = createSlots({ slots: 1 });
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    await slots.pool.stop(0);
    await slots.models.echo(0);
    await passTurns(5);
    await slots.writer.drained();
    expect(slots.row(seq).state).toBe("waiting");
    expect(readJournal({ db: slots.db }, seq).entries).toHaveLength(2);
  });
});

describe("stop", () => {
  test("ends also where a result cannot be stored, and leaves its row in flight", async () => {
    const db = createTestDb();
    const behind = createWriter({ db, clock: createManualClock(), log: silentLog });
    const writer = createGatedWriter(behind);
    const slots = createSlots({ db, writer });
    const seq = slots.add(addAgent(db, heldPipeline()));
    await slots.models.untilCalls(1);
    await slots.models.echo(0);
    writer.refuse();
    await passTurns(5);
    await slots.pool.stop(0);
    expect(slots.row(seq).state).toBe("running");
    expect(slots.log.events()).not.toContain("execution.unsaved");
  });

  test("ends also where a result that has left its slot cannot be stored", async () => {
    const db = createTestDb();
    const behind = createWriter({ db, clock: createManualClock(), log: silentLog });
    const writer = createGatedWriter(behind);
    const slots = createSlots({ db, writer });
    writer.refuse();
    const seq = slots.add(addAgent(db));
    await passTurns(5);
    expect(slots.pool.size()).toBe(0);
    await slots.pool.stop(0);
    expect(slots.row(seq).state).toBe("waiting");
  });

  test("waits for results that are on their way to the disk", async () => {
    const db = createTestDb();
    const behind = createWriter({ db, clock: createManualClock(), log: silentLog });
    const writer = createGatedWriter(behind);
    const slots = createSlots({ db, writer });
    writer.close();
    const seq = slots.add(addAgent(db));
    await passTurns(5);
    const stopped = slots.pool.stop(LONG_MS);
    expect(await isSettled(stopped)).toBe(false);
    writer.open();
    await stopped;
    expect(slots.row(seq).state).toBe("completed");
  });
});
