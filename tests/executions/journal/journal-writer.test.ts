// Writing the journal of one execution: what goes into one commit, in which order, under which numbers.

import { describe, expect, test } from "bun:test";
import { createWriter } from "../../../src/db/writer";
import { createJournal } from "../../../src/executions/journal/journal-writer";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { createManualClock } from "../../../src/lib/clock";
import { silentLog } from "../../../src/lib/log";
import type { EffectEnd, EffectStart, StepRecord } from "../../../src/pipelines/record";
import { createTestDb } from "../../support/app";
import { createGatedWriter } from "../../support/gated-writer";
import { rejection } from "../../support/rejection";
import { addAgent, addExecution } from "../../support/rows";
import { passTurns } from "../../support/turns";

const START: EffectStart = {
  nodeId: "llm",
  iteration: "",
  call: 0,
  kind: "model",
  attempt: 1,
  startedAt: 5,
};
const END: EffectEnd = { ...START, finishedAt: 9, result: "hello", error: null };

const step = (nodeId: string): StepRecord => ({
  nodeId,
  iteration: "",
  status: "completed",
  input: null,
  output: "out",
  error: null,
  startedAt: 1,
  finishedAt: 2,
  attempt: 1,
  usage: null,
  cost: null,
  logs: [],
});

function createBench(recoveries = 0) {
  const db = createTestDb();
  addExecution(db, { seq: 1, agent: addAgent(db) });
  db.raw.query("update executions set recoveries = ?").run(recoveries);
  const storage = createGatedWriter(
    createWriter({ db, clock: createManualClock(), log: silentLog }),
  );
  const stopping = new AbortController().signal;
  const journal = createJournal({ db, writer: storage }, { seq: 1, root: 1, recoveries, stopping });
  return {
    db,
    storage,
    journal,
    kinds: () => readJournal({ db }, 1).entries.map((entry) => entry.kind),
    recoveries: () => db.raw.query("select recoveries from executions").values()[0]?.[0],
  };
}

describe("the start of an effect", () => {
  test("takes the steps before it along in the same write, numbered before it", async () => {
    const { journal, storage, kinds } = createBench();
    storage.close();
    const started = journal.startEffect(START, [step("in")]);
    await passTurns(2);
    expect(storage.held()).toBe(1);
    storage.open();
    await started;
    expect(kinds()).toEqual(["steps", "effect_started"]);
  });

  test("without steps before it is one entry", async () => {
    const { journal, kinds } = createBench();
    await journal.startEffect(START, []);
    expect(kinds()).toEqual(["effect_started"]);
  });

  test("is recorded as it was when it was asked for, although its step changes later", async () => {
    const { db, journal, storage } = createBench();
    storage.close();
    const changing = step("in");
    const started = journal.startEffect(START, [changing]);
    changing.output = "changed";
    storage.open();
    await started;
    expect(readJournal({ db }, 1).entries[0]?.record).toMatchObject([{ output: "out" }]);
  });
});

describe("the end of an effect", () => {
  test("is recorded with its result, and clears the recoveries behind it", async () => {
    const { db, journal, recoveries } = createBench(2);
    await journal.startEffect(START, []);
    expect(recoveries()).toBe(2);
    await journal.endEffect(END);
    expect(recoveries()).toBe(0);
    expect(readJournal({ db }, 1).entries[1]).toEqual({ kind: "effect_ended", record: END });
  });

  test("is refused a second time", async () => {
    const { journal, kinds } = createBench();
    await journal.endEffect(END);
    expect(String(await rejection(journal.endEffect(END)))).toContain("UNIQUE");
    expect(kinds()).toEqual(["effect_ended"]);
  });
});

test("effects side by side have numbers of their own", async () => {
  const { db, journal } = createBench();
  await Promise.all([
    journal.startEffect(START, [step("a")]),
    journal.startEffect({ ...START, nodeId: "other" }, [step("b")]),
    journal.endEffect(END),
  ]);
  const ids = db.raw.query("select id - 1048576 from journal order by id").values().flat();
  expect(ids).toEqual([0, 1, 2, 3, 4]);
});

test("a later attempt goes on behind the entries of the ones before it", async () => {
  const { db, journal } = createBench();
  journal.goOn({ next: 40, input: { a: 1 } });
  await journal.startEffect({ ...START, attempt: 2 }, []);
  expect(readJournal({ db }, 1).next).toBe(41);
});

test("steps that have ended are one entry with the input as a reference, none are none", () => {
  const { journal } = createBench();
  const input = { text: "the input" };
  journal.goOn({ next: 3, input });
  expect(journal.encode([])).toBeNull();
  const entry = journal.encode([{ ...step("in"), output: input }]);
  expect(entry).toMatchObject({ id: 1_048_576 + 3, execution: 1, kind: "steps", effect: null });
  const record = Buffer.from(entry?.packed.bytes ?? []).toString();
  expect(record).toContain('"outputRef":"input"');
  expect(record).not.toContain("the input");
});
