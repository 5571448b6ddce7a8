// Which waiting execution is next: every one once, oldest first, agents in turn, whatever fits in memory.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Db } from "../../../src/db/open";
import type { WaitingRow } from "../../../src/executions/executions.store";
import type { Turns } from "../../../src/executions/slots/turns";
import { createTurns } from "../../../src/executions/slots/turns";
import { createTestDb } from "../../support/app";
import { addAgent, addExecution, uidOf } from "../../support/rows";
import { waitingRow } from "../../support/slots";

const anyAgent = (): boolean => true;

/** Turns in which no webhook's limit holds anything back. */
const turnsOf = (db: Db): Turns => createTurns({ db, hasPlace: () => true });

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
function commitTo(
  db: Db,
  data: { turns: Turns; seq: number; agent: number; delivered?: boolean },
): void {
  const delivery = data.delivered === true ? data.seq : null;
  addExecution(db, { ...data, delivery });
  data.turns.add({ ...waitingRow(data.seq, data.agent), delivery });
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
    expect(takeAll(turnsOf(db))).toEqual([3, 1, 6, 4, 2, 5]);
  });

  test("comes whole: number, id, version, trigger, delivery, attempt and recoveries", () => {
    const db = createDbWith(1);
    addExecution(db, { seq: 7, agent: 1, trigger: "webhook", delivery: 7 });
    db.raw.run("update executions set attempt = 2, recoveries = 1");
    const row = turnsOf(db).take(anyAgent);
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
    const turns = turnsOf(db);
    for (let seq = 251; seq <= 255; seq += 1) commitTo(db, { turns, seq, agent: 1 });
    expect(takeAll(turns)).toEqual(Array.from({ length: 255 }, (_, at) => at + 1));
  });
});

describe("what is offered", () => {
  test("is taken once, also where the table was read before the offer came", () => {
    const db = createDbWith(1);
    addExecution(db, { seq: 1, agent: 1 });
    const turns = turnsOf(db);
    addExecution(db, { seq: 2, agent: 1 });
    expect(turns.take(anyAgent)?.seq).toBe(1);
    turns.add(waitingRow(2, 1));
    expect(takeAll(turns)).toEqual([2]);
  });

  test("is taken in the order of commits beyond the rows that memory holds", () => {
    const db = createDbWith(2);
    const turns = turnsOf(db);
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
        const turns = turnsOf(db);
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
          const delivery = last % 2 === 0 ? last : null;
          addExecution(db, { seq: last, agent: each[0], delivery });
          untold.push({ ...waitingRow(last, each[0]), delivery });
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
    const turns = turnsOf(db);
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
    const turns = turnsOf(db);
    commitTo(db, { turns, seq: 1, agent: 2 });
    commitTo(db, { turns, seq: 2, agent: 1 });
    expect(turns.take(() => false)?.agent).toBe(2);
    expect(takeAll(turns, (agent) => agent !== 1)).toEqual([2]);
  });

  test("without work give nothing", () => {
    const turns = turnsOf(createDbWith(2));
    expect(turns.take(anyAgent)).toBeNull();
    expect(turns.take(() => false)).toBeNull();
  });
});

/** Turns over two agents, of which the first has no place for a delivery until told otherwise. */
function createFull(db: Db) {
  const full = new Set([1]);
  const turns = createTurns({ db, hasPlace: (agent) => !full.has(agent) });
  return { turns, free: () => full.clear() };
}

describe("what a full webhook holds back", () => {
  test("waits for a place, and is then taken oldest first among all of its agent", () => {
    const { turns, free } = createFull(createDbWith(1));
    for (const seq of [1, 3]) turns.add({ ...waitingRow(seq, 1), delivery: seq });
    expect(takeAll(turns)).toEqual([]);
    turns.add(waitingRow(4, 1));
    free();
    expect(takeAll(turns)).toEqual([1, 3, 4]);
  });

  test("holds up neither what its agent was told by hand nor another agent", () => {
    const db = createDbWith(2);
    const { turns, free } = createFull(db);
    for (const seq of [1, 2, 3]) commitTo(db, { turns, seq, agent: 1, delivered: true });
    commitTo(db, { turns, seq: 4, agent: 1 });
    commitTo(db, { turns, seq: 5, agent: 2, delivered: true });
    expect(takeAll(turns)).toEqual([4, 5]);
    free();
    expect(takeAll(turns)).toEqual([1, 2, 3]);
  });

  test("does so from the table as well, however much of it waits before", () => {
    const db = createDbWith(1);
    for (let seq = 1; seq <= 250; seq += 1) addExecution(db, { seq, agent: 1, delivery: seq });
    addExecution(db, { seq: 251, agent: 1 });
    const { turns, free } = createFull(db);
    expect(takeAll(turns)).toEqual([251]);
    free();
    expect(takeAll(turns)).toEqual(Array.from({ length: 250 }, (_, at) => at + 1));
  });

  test("is asked for neither in the table nor in memory while there is no place", () => {
    const db = createDbWith(1);
    for (let seq = 1; seq <= 3; seq += 1) addExecution(db, { seq, agent: 1, delivery: seq });
    const { turns, free } = createFull(db);
    expect(turns.take(anyAgent)).toBeNull();
    db.raw.run("update executions set state = 'running' where seq = 1");
    free();
    expect(takeAll(turns)).toEqual([2, 3]);
  });
});

describe("what is dropped", () => {
  test("is not taken, wherever it stands", () => {
    const db = createDbWith(2);
    const turns = turnsOf(db);
    for (let seq = 1; seq <= 6; seq += 1) {
      commitTo(db, { turns, seq, agent: 1 + (seq % 2), delivered: seq > 2 });
    }
    for (const seq of [1, 4, 6]) turns.drop({ seq, agent: 1 + (seq % 2) });
    expect(new Set(takeAll(turns))).toEqual(new Set([2, 3, 5]));
    turns.drop({ seq: 99, agent: 1 });
    expect(takeAll(turns)).toEqual([]);
  });

  test("leaves room for what the table holds", () => {
    const db = createDbWith(1);
    for (let seq = 1; seq <= 101; seq += 1) addExecution(db, { seq, agent: 1 });
    const turns = turnsOf(db);
    expect(turns.take(anyAgent)?.seq).toBe(1);
    for (let seq = 2; seq <= 100; seq += 1) turns.drop({ seq, agent: 1 });
    expect(takeAll(turns)).toEqual([101]);
  });
});

test("a row that waits again comes before those behind it, though it was seen before", () => {
  const db = createTestDb();
  const agent = addAgent(db);
  const turns = createTurns({ db, hasPlace: () => true });
  for (const seq of [1, 2, 3]) turns.add(waitingRow(addExecution(db, { seq, agent }), agent));
  const any = () => true;
  expect(turns.take(any)?.seq).toBe(1);
  expect(turns.take(any)?.seq).toBe(2);
  turns.addAgain(waitingRow(1, agent));
  expect([turns.take(any)?.seq, turns.take(any)?.seq, turns.take(any)]).toEqual([1, 3, null]);
  turns.addAgain(waitingRow(2, agent));
  expect([turns.take(any)?.seq, turns.take(any)]).toEqual([2, null]);
});
