// Slots: how many, taken by what waits, given back at the end, and what can be seen of them.

import { describe, expect, test } from "bun:test";
import { createWriter } from "../../../src/db/writer";
import { defaultPipeline } from "../../../src/pipelines/defaults";
import { createManualClock } from "../../../src/lib/clock";
import { silentLog } from "../../../src/lib/log";
import { createTestApp, createTestDb } from "../../support/app";
import { createGatedWriter } from "../../support/gated-writer";
import { createHeldModels } from "../../support/held-models";
import { addAgent, addExecution } from "../../support/rows";
import { createSlots, heldPipeline } from "../../support/slots";
import { isSettled, passTurns } from "../../support/turns";

const stateCounts = (slots: { db: ReturnType<typeof createTestDb> }): Record<string, number> =>
  Object.fromEntries(
    slots.db.raw
      .query<{ state: string; count: number }, []>(
        "select state, count(*) as count from executions group by state",
      )
      .all()
      .map((row) => [row.state, row.count]),
  );

describe("slots", () => {
  test("are never exceeded, and each end lets exactly one more start", async () => {
    const slots = createSlots({ slots: 4 });
    const agents = [1, 2, 3].map(() => addAgent(slots.db, heldPipeline()));
    for (let round = 0; round < 10; round += 1) for (const agent of agents) slots.add(agent);
    for (let done = 0; done < 30; done += 1) {
      await slots.models.untilCalls(Math.min(30, done + 4));
      await passTurns(2);
      expect(slots.models.calls).toHaveLength(Math.min(30, done + 4));
      expect(slots.pool.size()).toBe(Math.min(4, 30 - done));
      await slots.models.echo(done);
    }
    await slots.pool.idle();
    expect(slots.models.peak()).toBe(4);
    expect(stateCounts(slots)).toEqual({ completed: 30 });
    expect(slots.ends).toHaveLength(30);
  });

  test("are given back however an execution ends", async () => {
    const slots = createSlots({ slots: 1 });
    const agent = addAgent(slots.db, heldPipeline());
    const seqs = [1, 2, 3].map(() => slots.add(agent));
    (await slots.models.untilCalls(1))[0]?.fail(new Error("no"));
    (await slots.models.untilCalls(2))[1]?.answer("yes");
    (await slots.models.untilCalls(3))[2]?.answer("yes");
    await slots.pool.idle();
    expect(seqs.map((seq) => slots.row(seq).state)).toEqual(["failed", "completed", "completed"]);
    expect(slots.pool.size()).toBe(0);
  });

  test("are filled with what waits in the table at the start", async () => {
    const db = createTestDb();
    const agent = addAgent(db);
    for (const seq of [1, 2, 3]) addExecution(db, { seq, agent });
    const slots = createSlots({ db, slots: 2 });
    await passTurns(2);
    expect(stateCounts(slots)).toEqual({ waiting: 3 });
    slots.pool.wake();
    await slots.pool.finished(3);
    await slots.pool.idle();
    expect(stateCounts(slots)).toEqual({ completed: 3 });
  });
});

describe("slots", () => {
  test("take the next without waiting for the commit of the last result, up to a bound", async () => {
    const db = createTestDb();
    const writer = createGatedWriter(
      createWriter({ db, clock: createManualClock(), log: silentLog }),
    );
    let started = 0;
    const models = createHeldModels();
    const callModel: typeof models.callModel = (call) => {
      started += 1;
      return models.callModel(call);
    };
    const slots = createSlots({ db, writer, slots: 2, callModel });
    const agent = addAgent(db);
    writer.close();
    for (let made = 0; made < 400; made += 1) slots.add(agent);
    await passTurns(20);
    expect(started).toBe(256 + 2);
    expect(slots.pool.size()).toBe(0);
    writer.open();
    await slots.pool.idle();
    expect(stateCounts(slots)).toEqual({ completed: 400 });
  });
});

describe("what is accepted at nearly the same time", () => {
  test("runs, whichever of webhook and invoke is committed first", async () => {
    const unlimited = { webhookRatePerMinute: 1_000, webhookMaxConcurrent: 1_000 };
    const app = await createTestApp({ config: unlimited });
    const { id } = await app.agent();
    for (let steps = 0; steps < 40; steps += 1) {
      const delivered = app.deliver(id, "1");
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      const invoked = app.api(`POST /agents/${id}/invoke`, { input: 1 });
      const answers = await Promise.all([delivered, invoked]);
      expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    }
    await passTurns(5);
    await app.pool.idle();
    expect(stateCounts(app)).toEqual({ completed: 80 });
  });
});

describe("finished", () => {
  test("comes when the end is on disk, and not before", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    const finished = slots.pool.finished(seq).then(() => slots.row(seq).state);
    await slots.models.untilCalls(1);
    expect(await isSettled(finished)).toBe(false);
    await slots.models.echo(0);
    expect(await finished).toBe("completed");
  });

  test("comes at once for what has ended, and to all that ask", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db));
    await Promise.all([slots.pool.finished(seq), slots.pool.finished(seq)]);
    expect(await isSettled(slots.pool.finished(seq))).toBe(true);
  });
});

describe("idle", () => {
  test("comes at once where nothing runs", async () => {
    expect(await isSettled(createSlots().pool.idle())).toBe(true);
  });

  test("waits for results that are not on disk, although their slots are free", async () => {
    const db = createTestDb();
    const writer = createGatedWriter(
      createWriter({ db, clock: createManualClock(), log: silentLog }),
    );
    const slots = createSlots({ db, writer });
    writer.close();
    const seq = slots.add(addAgent(db, defaultPipeline()));
    await passTurns(5);
    expect(slots.pool.size()).toBe(0);
    const idle = slots.pool.idle();
    expect(await isSettled(idle)).toBe(false);
    writer.open();
    await idle;
    expect(slots.row(seq).state).toBe("completed");
  });
});

describe("an execution in a slot", () => {
  test("shows its start, its attempt and its steps while it runs, and nothing after", async () => {
    const slots = createSlots({ slots: 1 });
    const agent = addAgent(slots.db, heldPipeline());
    const [first, second] = [slots.add(agent, "one"), slots.add(agent, "two")];
    await slots.models.untilCalls(1);
    slots.clock.advance(5_000);
    const live = slots.pool.liveOf(first);
    expect(live?.startedAt).toBe(slots.clock.now() - 5_000);
    expect(live?.attempt).toBe(1);
    expect(live?.steps.map((step) => [step.nodeId, step.status])).toEqual([
      ["in", "completed"],
      ["llm", "running"],
    ]);
    expect(slots.pool.liveOf(second)).toBeUndefined();
    await slots.models.echo(0);
    await slots.pool.finished(first);
    expect(slots.pool.liveOf(first)).toBeUndefined();
    await slots.models.echo(1);
    await slots.pool.idle();
  });
});
