// Executions that wait for a slot: by agent, by kind, oldest first.

import { describe, expect, test } from "bun:test";
import { markStarted } from "../../../src/executions/executions.store";
import { listWaitingOf, listWaitingWork } from "../../../src/executions/slots/waiting.store";
import { createTestDb } from "../../support/app";
import { addAgent, addExecution } from "../../support/rows";

describe("the queue", () => {
  test("is known by agent and kind, each with its oldest, in the order of the agents", () => {
    const db = createTestDb();
    const [one, two, three] = [addAgent(db), addAgent(db), addAgent(db)];
    addExecution(db, { seq: 1, agent: three });
    addExecution(db, { seq: 2, agent: one });
    addExecution(db, { seq: 3, agent: two });
    addExecution(db, { seq: 4, agent: one });
    addExecution(db, { seq: 5, agent: one, delivery: 5 });
    const ofOne = [
      { agent: one, kind: "delivered" as const, first: 5 },
      { agent: one, kind: "own" as const, first: 2 },
    ];
    const ofThree = { agent: three, kind: "own" as const, first: 1 };
    const ofTwo = { agent: two, kind: "own" as const, first: 3 };
    expect(listWaitingWork({ db })).toEqual([...ofOne, ofTwo, ofThree]);
    markStarted({ db }, { seq: 3, startedAt: 1, attempt: 1 });
    expect(listWaitingWork({ db })).toEqual([...ofOne, ofThree]);
    expect(listWaitingWork({ db: createTestDb() })).toEqual([]);
  });

  test("gives an agent's waiting executions above a number, oldest first", () => {
    const db = createTestDb();
    const [agent, other] = [addAgent(db), addAgent(db)];
    for (const seq of [4, 2, 9, 7]) addExecution(db, { seq, agent });
    addExecution(db, { seq: 5, agent: other });
    markStarted({ db }, { seq: 2, startedAt: 1, attempt: 1 });
    const seqs = (after: number, limit: number): number[] =>
      listWaitingOf({ db }, { agent, kind: "own", after, limit }).map((row) => row.seq);
    expect(seqs(0, 10)).toEqual([4, 7, 9]);
    expect(seqs(4, 10)).toEqual([7, 9]);
    expect(seqs(0, 2)).toEqual([4, 7]);
    expect(seqs(9, 10)).toEqual([]);
  });

  test("gives those that came from a delivery and the others apart", () => {
    const db = createTestDb();
    const agent = addAgent(db);
    for (const seq of [1, 2, 5]) addExecution(db, { seq, agent, delivery: seq });
    for (const seq of [3, 4]) addExecution(db, { seq, agent });
    const seqs = (kind: "delivered" | "own"): number[] =>
      listWaitingOf({ db }, { agent, kind, after: 1, limit: 10 }).map((row) => row.seq);
    expect(seqs("delivered")).toEqual([2, 5]);
    expect(seqs("own")).toEqual([3, 4]);
  });
});
