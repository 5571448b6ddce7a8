// Which waiting execution is next: every one once, oldest first, agents in turn, whatever fits in memory.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Db } from "../../src/db/open";
import type { WaitingRow } from "../../src/executions/executions.store";
import type { Turns } from "../../src/executions/turns";
import { createTurns } from "../../src/executions/turns";
import { createTestDb } from "../support/app";
import { addAgent, addExecution, uidOf } from "../support/rows";
import { waitingRow } from "../support/slots";

const anyAgent = (): boolean => true;

/** The numbers of all that can be taken, in that order. */
function takeAll(turns: Turns, mayStart: (agent: number) => boolean = anyAgent): number[] {
  const taken: number[] = [];
  for (let row = turns.take(mayStart); row !== null; row = turns.take(mayStart)) {
    taken.push(row.seq);
  }
  return taken;
}

/** A database with this many agents, numbered from 1. */
function createDbWith(agents: number): Db {
  const db = createTestDb();
  for (let made = 0; made < agents; made += 1) addAgent(db);
  return db;
}

/** As an accept does: into the table, then offered. */
function commitTo(db: Db, data: { turns: Turns; seq: number; agent: number }): void {
  addExecution(db, data);
  data.turns.add(waitingRow(data.seq, data.agent));
}

describe("what waits in the table at the start", () => {
  test("is taken oldest first, agents in turn", () => {
    const db = createDbWith(3);
    const agents: [seq: number, agent: number][] = [
      [1, 2],
      [2, 2],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 3],
    ];
    for (const [seq, agent] of agents) addExecution(db, { seq, agent });
    expect(takeAll(createTurns({ db }))).toEqual([3, 1, 6, 4, 2, 5]);
  });

  test("comes whole: number, id, version, trigger, delivery, attempt and recoveries", () => {
    const db = createDbWith(1);
    addExecution(db, { seq: 7, agent: 1, trigger: "webhook", delivery: 7 });
    db.raw.run("update executions set attempt = 2, recoveries = 1");
    const row = createTurns({ db }).take(anyAgent);
    expect(Buffer.from(row?.uid ?? []).toString("hex")).toBe(uidOf(7).toString("hex"));
    expect({ ...row, uid: null }).toEqual({
      uid: null,
      seq: 7,
      agent: 1,
      version: 1,
      trigger: "webhook",
      delivery: 7,
      attempt: 2,
      recoveries: 1,
    });
  });

  test("comes before what is offered later, in any number", () => {
    const db = createDbWith(1);
    for (let seq = 1; seq <= 250; seq += 1) addExecution(db, { seq, agent: 1 });
    const turns = createTurns({ db });
    for (let seq = 251; seq <= 255; seq += 1) commitTo(db, { turns, seq, agent: 1 });
    expect(takeAll(turns)).toEqual(Array.from({ length: 255 }, (_, at) => at + 1));
  });
});

describe("what is offered", () => {
  test("is taken once, also where the table was read before the offer came", () => {
    const db = createDbWith(1);
    addExecution(db, { seq: 1, agent: 1 });
    const turns = createTurns({ db });
    addExecution(db, { seq: 2, agent: 1 });
    expect(turns.take(anyAgent)?.seq).toBe(1);
    turns.add(waitingRow(2, 1));
    expect(takeAll(turns)).toEqual([2]);
  });

  test("is taken in the order of commits beyond the rows that memory holds", () => {
    const db = createDbWith(2);
    const turns = createTurns({ db });
    const count = 10_300;
    db.raw.run(
      `with recursive n(seq) as (select 1 union all select seq + 1 from n where seq < ${count})
       insert into executions (seq, uid, agent, version, trigger, state, created_at)
       select seq, randomblob(16), iif(seq % 1000 = 0, 2, 1), 1, 'manual', 'waiting', 0 from n`,
    );
    for (let seq = 1; seq <= count; seq += 1) turns.add(waitingRow(seq, seq % 1000 === 0 ? 2 : 1));
    const taken = takeAll(turns);
    const of = (agent: number): number[] =>
      taken.filter((seq) => (seq % 1000 === 0 ? 2 : 1) === agent);
    expect(taken).toHaveLength(count);
    for (const agent of [1, 2]) expect(of(agent)).toEqual(of(agent).toSorted((a, b) => a - b));
    expect(new Set(taken).size).toBe(count);
  });

  test("is taken exactly once, whenever it is committed, offered and asked for", () => {
    const agent = fc.integer({ min: 1, max: 3 });
    const step = fc.oneof(fc.tuple(agent, fc.boolean()), fc.constant(null));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5), (steps, before) => {
        const db = createDbWith(3);
        for (let seq = 1; seq <= before; seq += 1) addExecution(db, { seq, agent: 1 });
        const turns = createTurns({ db });
        const taken: number[] = [];
        const untold: WaitingRow[] = [];
        let last = before;
        for (const each of steps) {
          if (each === null) {
            const row = turns.take(anyAgent);
            if (row !== null) taken.push(row.seq);
            continue;
          }
          last += 1;
          addExecution(db, { seq: last, agent: each[0] });
          untold.push(waitingRow(last, each[0]));
          if (each[1]) for (const row of untold.splice(0)) turns.add(row);
        }
        for (const row of untold) turns.add(row);
        taken.push(...takeAll(turns));
        const all = Array.from({ length: last }, (_, at) => at + 1);
        expect(taken.toSorted((a, b) => a - b)).toEqual(all);
      }),
      { numRuns: 60 },
    );
  });
});

describe("agents", () => {
  test("that may not start are passed over, and keep their place", () => {
    const db = createDbWith(3);
    const turns = createTurns({ db });
    for (const [seq, agent] of [1, 2, 3, 1, 2].entries()) {
      commitTo(db, { turns, seq: seq + 1, agent });
    }
    const butNotOne = (agent: number): boolean => agent !== 1;
    expect(turns.take(butNotOne)?.agent).toBe(2);
    expect(turns.take(butNotOne)?.agent).toBe(3);
    expect(turns.take(anyAgent)?.agent).toBe(1);
    expect(turns.take(anyAgent)?.agent).toBe(2);
  });

  test("that may not start are served all the same where no other waits", () => {
    const db = createDbWith(2);
    const turns = createTurns({ db });
    commitTo(db, { turns, seq: 1, agent: 2 });
    commitTo(db, { turns, seq: 2, agent: 1 });
    expect(turns.take(() => false)?.agent).toBe(2);
    expect(takeAll(turns, (agent) => agent !== 1)).toEqual([2]);
  });

  test("without work give nothing", () => {
    const turns = createTurns({ db: createDbWith(2) });
    expect(turns.take(anyAgent)).toBeNull();
    expect(turns.take(() => false)).toBeNull();
  });
});
