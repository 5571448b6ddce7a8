// What an earlier process left: put back, run on from its journal, or given up; nothing else touched.

import { describe, expect, test } from "bun:test";
import type { Db } from "../../../src/db/open";
import { AppError, ERRORS } from "../../../src/errors";
import { recover } from "../../../src/executions/slots/recover";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { FINAL_STATES } from "../../../src/vocabulary";
import { recountPlaces } from "../../../src/webhooks/limiter";
import { createTestDb } from "../../support/app";
import { rejection } from "../../support/rejection";
import { restart } from "../../support/restart";
import { addAgent, addDelivery, addExecution, executionIdOf } from "../../support/rows";
import { createSlots, heldPipeline, twoCallPipeline } from "../../support/slots";
import { passTurns } from "../../support/turns";

const allRows = (db: Db): unknown => db.raw.query("select * from executions order by seq").values();

describe("an execution that was in flight", () => {
  test("is put back, counted, and runs to its end with the next attempt", async () => {
    const before = createSlots();
    const seq = before.add(addAgent(before.db, heldPipeline()), "hello");
    await before.models.untilCalls(1);
    const after = await restart(before);
    expect(after.found).toEqual({ resumed: 1, givenUp: 0 });
    expect(after.log.lines).toEqual([
      {
        level: "info",
        event: "execution.recovered",
        fields: { executionId: executionIdOf(seq), recoveries: 0, givenUp: false },
      },
    ]);
    await after.models.untilCalls(1);
    expect(after.row(seq)).toMatchObject({ state: "running", attempt: 2, recoveries: 1 });
    await after.models.echo(0);
    await after.pool.finished(seq);
    expect(after.row(seq)).toMatchObject({ state: "completed", attempt: 2 });
  });

  test("sends the call that was cut again under the same key, as a further start", async () => {
    const before = createSlots();
    const seq = before.add(addAgent(before.db, heldPipeline()));
    const [first] = await before.models.untilCalls(1);
    const after = await restart(before);
    const [second] = await after.models.untilCalls(1);
    expect(second?.call.idempotencyKey).toBe(first?.call.idempotencyKey ?? "none");
    expect(second?.call.prompt).toBe(first?.call.prompt ?? "none");
    const starts = readJournal({ db: after.db }, seq).entries.filter(
      (entry) => entry.kind === "effect_started",
    );
    expect(starts.map((entry) => entry.record)).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  });

  test("does not call what has answered before, and uses that answer", async () => {
    const before = createSlots();
    const seq = before.add(addAgent(before.db, twoCallPipeline()), "hello");
    (await before.models.untilCalls(1))[0]?.answer("first answer");
    await before.models.untilCalls(2);
    const after = await restart(before);
    const [only] = await after.models.untilCalls(1);
    expect(only?.call.prompt).toBe("first answer!");
    expect(only?.call.idempotencyKey).toBe(`${executionIdOf(seq)}/two//0`);
    await after.models.echo(0);
    await after.pool.finished(seq);
    expect(after.models.calls).toHaveLength(1);
    expect(after.row(seq)).toMatchObject({ state: "completed", inputTokens: 6, outputTokens: 4 });
  });
});

describe("an execution that was in flight", () => {
  test("fails as the recorded call failed, without calling again", async () => {
    const before = createSlots();
    const seq = before.add(addAgent(before.db, heldPipeline()));
    (await before.models.untilCalls(1))[0]?.fail(new AppError("PROVIDER_UNREACHABLE"));
    await before.pool.finished(seq);
    // As if the process had ended between the effect's end and the execution's.
    before.db.raw.run("delete from journal where id = (select max(id) from journal)");
    before.db.raw.run("update executions set state = 'running', finished_at = null");
    const after = await restart(before);
    await after.pool.finished(seq);
    expect(after.models.calls).toHaveLength(0);
    expect(after.row(seq)).toMatchObject({
      state: "failed",
      errorCode: "PROVIDER_UNREACHABLE",
      errorNode: "llm",
    });
  });
});

describe("an execution that never gets on", () => {
  test("is tried at three starts, and given up at the next as CRASH_LOOP", async () => {
    let slots = createSlots();
    const agent = addAgent(slots.db, heldPipeline());
    const seq = slots.add(agent);
    await slots.models.untilCalls(1);
    for (const recoveries of [1, 2, 3]) {
      slots = await restart(slots);
      await slots.models.untilCalls(1);
      expect(slots.row(seq)).toMatchObject({ state: "running", recoveries });
    }
    const last = await restart(slots);
    expect(last.found).toEqual({ resumed: 0, givenUp: 1 });
    expect(last.log.lines).toMatchObject([{ fields: { recoveries: 3, givenUp: true } }]);
    await passTurns(5);
    expect(last.models.calls).toHaveLength(0);
    expect(last.row(seq)).toMatchObject({
      state: "failed",
      attempt: 4,
      errorCode: "CRASH_LOOP",
      errorMessage: ERRORS.CRASH_LOOP.message,
      finishedAt: last.clock.now(),
    });
    const next = last.add(agent);
    await last.models.echo(0);
    await last.pool.finished(next);
    expect(last.row(next).state).toBe("completed");
  });

  test("is counted anew once an effect of it is recorded", async () => {
    let slots = createSlots();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()));
    await slots.models.untilCalls(1);
    for (let start = 0; start < 3; start += 1) {
      slots = await restart(slots);
      await slots.models.untilCalls(1);
    }
    expect(slots.row(seq).recoveries).toBe(3);
    await slots.models.echo(0);
    await slots.models.untilCalls(2);
    expect(slots.row(seq).recoveries).toBe(0);
    for (const recoveries of [1, 2, 3]) {
      slots = await restart(slots);
      await slots.models.untilCalls(1);
      expect(slots.row(seq)).toMatchObject({ state: "running", recoveries });
    }
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    expect(slots.row(seq).state).toBe("completed");
  });
});

describe("at a start", () => {
  test("what has ended is left exactly as it was", async () => {
    const db = createTestDb();
    const agent = addAgent(db);
    for (const [at, state] of FINAL_STATES.entries()) {
      addExecution(db, { seq: at + 1, agent });
      db.raw
        .query(
          "update executions set state = ?, started_at = 5, finished_at = 9, attempt = 2 where seq = ?",
        )
        .run(state, at + 1);
    }
    const before = allRows(db);
    const after = await restart(createSlots({ db }));
    await passTurns(5);
    expect(after.found).toEqual({ resumed: 0, givenUp: 0 });
    expect(after.log.lines).toEqual([]);
    expect(allRows(db)).toEqual(before);
  });

  test("what had no slot yet runs for the first time", async () => {
    const before = createSlots({ slots: 1 });
    const agent = addAgent(before.db, heldPipeline());
    const [inFlight, waiting] = [before.add(agent, "one"), before.add(agent, "two")];
    await before.models.untilCalls(1);
    const after = await restart(before);
    expect(after.found.resumed).toBe(1);
    await after.models.untilCalls(2);
    expect(after.row(inFlight)).toMatchObject({ attempt: 2, recoveries: 1 });
    expect(after.row(waiting)).toMatchObject({ attempt: 1, recoveries: 0 });
    await after.models.echo(0);
    await after.models.echo(1);
    await Promise.all([after.pool.finished(inFlight), after.pool.finished(waiting)]);
    expect([inFlight, waiting].map((seq) => after.row(seq).state)).toEqual([
      "completed",
      "completed",
    ]);
  });
});

describe("at a start", () => {
  test("places are those of deliveries whose execution has not ended, those given up not among them", async () => {
    const db = createTestDb();
    const [mine, theirs] = [addAgent(db), addAgent(db)];
    const states = ["waiting", "running", "running", "completed"];
    for (const [at, state] of states.entries()) {
      const seq = at + 1;
      addDelivery(db, { seq, agent: mine, verdict: "accepted", gate: null, reason: null });
      addExecution(db, { seq, agent: mine, trigger: "webhook", delivery: seq });
      const finishedAt = state === "completed" ? 9 : null;
      db.raw
        .query("update executions set state = ?, finished_at = ?, recoveries = ? where seq = ?")
        .run(state, finishedAt, seq === 3 ? 3 : 0, seq);
    }
    addExecution(db, { seq: 10, agent: mine });
    db.raw.run(`insert into windows (agent, kind, window_start, count, unfinished)
      values (${mine}, 'live', 0, 7, 99), (${theirs}, 'live', 0, 1, 5), (${mine}, 'test', 0, 1, 4)`);
    const { deps } = createSlots({ db });
    await recover({ ...deps, recountPlaces: () => recountPlaces({ db }) });
    expect(
      db.raw.query("select agent, kind, count, unfinished from windows order by 1, 2").values(),
    ).toEqual([
      [mine, "live", 7, 2],
      [mine, "test", 1, 4],
      [theirs, "live", 1, 0],
    ]);
  });

  test("nothing is done halfway: what could not be stored is refused whole", async () => {
    const before = createSlots();
    before.add(addAgent(before.db, heldPipeline()));
    await before.models.untilCalls(1);
    const { deps, db } = createSlots({ db: before.db });
    const rows = allRows(db);
    const recountPlaces = (): void => {
      throw new Error("no");
    };
    expect(String(await rejection(recover({ ...deps, recountPlaces })))).toBe("Error: no");
    expect(allRows(db)).toEqual(rows);
  });
});
