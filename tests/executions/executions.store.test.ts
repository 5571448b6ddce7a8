// Rows of executions: each change of state starts from the states it may start from, and no others.

import { describe, expect, test } from "bun:test";
import type { Db } from "../../src/db/open";
import type { Finish } from "../../src/executions/executions.store";
import {
  clearRecoveries,
  findExecution,
  findPayload,
  insertPayload,
  isOpen,
  listExecutions,
  listInFlight,
  markFinished,
  markStarted,
  packInput,
  recentDurations,
  requeueInterrupted,
} from "../../src/executions/executions.store";
import type { ExecutionState } from "../../src/vocabulary";
import { EXECUTION_STATES, FINAL_STATES } from "../../src/vocabulary";
import { createTestDb } from "../support/app";
import { addAgent, addExecution, uidOf } from "../support/rows";

const FINISH: Finish = {
  seq: 1,
  state: "failed",
  startedAt: 20,
  finishedAt: 30,
  attempt: 2,
  error: { code: "PROVIDER_ERROR", message: "No.", nodeId: "llm" },
  usage: { inputTokens: 5, outputTokens: 6, cachedTokens: 7 },
  cost: 0.5,
};

/** A database whose execution 1 is in that state. */
function createIn(state: ExecutionState): Db {
  const db = createTestDb();
  addExecution(db, { seq: 1, agent: addAgent(db) });
  const final = FINAL_STATES.some((word) => word === state);
  db.raw
    .query("update executions set state = ?, started_at = 11, finished_at = ? where seq = 1")
    .run(state, final ? 12 : null);
  return db;
}

const rowOf = (db: Db, seq = 1) => findExecution({ db }, uidOf(seq));
const stateOf = (db: Db): string | undefined => rowOf(db)?.state;

describe.each(EXECUTION_STATES)("an execution that is %s", (state) => {
  test("starts only from waiting", () => {
    const db = createIn(state);
    const before = rowOf(db);
    markStarted({ db }, { seq: 1, startedAt: 99, attempt: 3 });
    if (state === "waiting") {
      expect(rowOf(db)).toMatchObject({ state: "running", startedAt: 99, attempt: 3 });
    } else expect(rowOf(db)).toEqual(before);
  });

  test("ends only from waiting or running, and says whether it did", () => {
    const db = createIn(state);
    const before = rowOf(db);
    const open = state === "waiting" || state === "running";
    expect(markFinished({ db }, FINISH)).toBe(open);
    if (!open) return expect(rowOf(db)).toEqual(before);
    expect(rowOf(db)).toMatchObject({
      state: "failed",
      startedAt: 20,
      finishedAt: 30,
      attempt: 2,
      errorCode: "PROVIDER_ERROR",
      errorMessage: "No.",
      errorNode: "llm",
      inputTokens: 5,
      outputTokens: 6,
      cachedTokens: 7,
      cost: 0.5,
    });
  });

  test("is put back to waiting only from running, and that is counted", () => {
    const db = createIn(state);
    const before = rowOf(db);
    requeueInterrupted({ db }, 1);
    if (state === "running") {
      expect(rowOf(db)).toMatchObject({ state: "waiting", startedAt: null, recoveries: 1 });
    } else expect(rowOf(db)).toEqual(before);
  });

  test("is in flight only while it runs, and open until it has ended", () => {
    const db = createIn(state);
    expect(listInFlight({ db }).map((row) => row.seq)).toEqual(state === "running" ? [1] : []);
    expect(isOpen({ db }, 1)).toBe(state === "waiting" || state === "running");
  });
});

test("a change of one execution leaves the others", () => {
  const db = createTestDb();
  const agent = addAgent(db);
  for (const seq of [1, 2, 3]) addExecution(db, { seq, agent });
  const others = [rowOf(db, 1), rowOf(db, 3)];
  markStarted({ db }, { seq: 2, startedAt: 5, attempt: 1 });
  markFinished({ db }, { ...FINISH, seq: 2 });
  expect([rowOf(db, 1), rowOf(db, 3)]).toEqual(others);
});

test("an end without error and usage leaves those columns empty", () => {
  const db = createIn("running");
  markFinished({ db }, { ...FINISH, state: "completed", error: null, usage: null, cost: null });
  expect(rowOf(db)).toMatchObject({ errorCode: null, inputTokens: null, cost: null });
  expect(stateOf(db)).toBe("completed");
});

test("an execution that is not there is neither started nor ended, nor is it open", () => {
  const db = createTestDb();
  markStarted({ db }, { seq: 7, startedAt: 1, attempt: 1 });
  expect(markFinished({ db }, { ...FINISH, seq: 7 })).toBe(false);
  expect(isOpen({ db }, 7)).toBe(false);
  expect(findExecution({ db }, uidOf(7))).toBeNull();
});

test("clearing the recoveries sets that execution's count to 0", () => {
  const db = createIn("running");
  db.raw.run("update executions set recoveries = 2");
  clearRecoveries({ db }, 1);
  expect(rowOf(db)?.recoveries).toBe(0);
});

describe("payloads", () => {
  test("come back byte for byte, small and large", () => {
    const db = createTestDb();
    const large = { text: "x".repeat(10_000), odd: ["é", "\ud800", null, 1.5] };
    insertPayload({ db }, { seq: 1, payload: packInput(large) });
    insertPayload({ db }, { seq: 2, payload: packInput("small") });
    const read = (seq: number): unknown =>
      JSON.parse(Buffer.from(findPayload({ db }, seq) ?? []).toString());
    expect([read(1), read(2)]).toEqual([large, "small"]);
    expect(db.raw.query("select packed from payloads order by seq").values()).toEqual([[1], [0]]);
  });

  test("that are gone are null, and none is replaced", () => {
    const db = createTestDb();
    expect(findPayload({ db }, 1)).toBeNull();
    insertPayload({ db }, { seq: 1, payload: packInput(1) });
    expect(() => insertPayload({ db }, { seq: 1, payload: packInput(2) })).toThrow("UNIQUE");
  });
});

describe("a list", () => {
  const filter = { agent: 1, before: 1e9, trigger: null, states: [], limit: 10 } as const;

  test("is newest first, of one agent, below a number, by trigger and states", () => {
    const db = createTestDb();
    const [mine, theirs] = [addAgent(db), addAgent(db)];
    addExecution(db, { seq: 1, agent: mine, trigger: "webhook" });
    addExecution(db, { seq: 2, agent: theirs });
    addExecution(db, { seq: 3, agent: mine });
    addExecution(db, { seq: 4, agent: mine, trigger: "webhook" });
    markFinished({ db }, { ...FINISH, seq: 4 });
    const seqs = (more: object): number[] =>
      listExecutions({ db }, { ...filter, agent: mine, ...more }).rows.map((row) => row.seq);
    expect(seqs({})).toEqual([4, 3, 1]);
    expect(seqs({ before: 4 })).toEqual([3, 1]);
    expect(seqs({ limit: 2 })).toEqual([4, 3]);
    expect(seqs({ trigger: "webhook" })).toEqual([4, 1]);
    expect(seqs({ states: ["failed"] })).toEqual([4]);
    expect(seqs({ states: ["waiting", "running"], trigger: "webhook" })).toEqual([1]);
    expect(seqs({ agent: 99 })).toEqual([]);
  });

  test("looks at 5,000 rows at most, and the next page goes on where it stopped", () => {
    const db = createTestDb();
    const agent = addAgent(db);
    db.raw.run(
      `with recursive n(seq) as (select 1 union all select seq + 1 from n where seq < 5001)
       insert into executions (seq, uid, agent, version, trigger, state, created_at)
       select seq, randomblob(16), ${agent}, 1, iif(seq = 1, 'webhook', 'manual'), 'waiting', 0 from n`,
    );
    const wanted = { ...filter, trigger: "webhook" } as const;
    const first = listExecutions({ db }, wanted);
    expect(first).toEqual({ rows: [], scannedTo: 2 });
    const second = listExecutions({ db }, { ...wanted, before: first.scannedTo ?? 0 });
    expect(second.rows.map((row) => row.seq)).toEqual([1]);
    expect(second.scannedTo).toBeNull();
  });
});

test("durations are those of the agent's last finished executions, newest first", () => {
  const db = createTestDb();
  const [agent, other] = [addAgent(db), addAgent(db)];
  for (const seq of [1, 2, 3, 4]) addExecution(db, { seq, agent: seq === 4 ? other : agent });
  for (const seq of [1, 3]) markFinished({ db }, { ...FINISH, seq, finishedAt: 20 + seq * 100 });
  expect(recentDurations({ db }, { agent, limit: 20 })).toEqual([300, 100]);
  expect(recentDurations({ db }, { agent, limit: 1 })).toEqual([300]);
  expect(recentDurations({ db }, { agent: other, limit: 20 })).toEqual([]);
});
