// Rows of the journal: in the order of their numbers, each number once, each effect ended once.

import { describe, expect, test } from "bun:test";
import { appendEntry, readJournal, toEntry } from "../../../src/executions/journal/journal.store";
import type { Db } from "../../../src/db/open";
import type { JournalKind } from "../../../src/vocabulary";
import { createTestDb } from "../../support/app";

interface Spec {
  execution?: number;
  entry: number;
  kind?: JournalKind;
  effect?: string | null;
  record?: string;
}

const append = (db: Db, spec: Spec): void =>
  appendEntry(
    { db },
    toEntry({ execution: 1, kind: "steps", effect: null, record: "[]", ...spec }),
  );

const ended = (entry: number, effect = "llm//0"): Spec => ({
  entry,
  effect,
  kind: "effect_ended",
  record: "{}",
});

describe("the journal", () => {
  test("of an execution without entries is empty, and its next entry is 0", () => {
    expect(readJournal({ db: createTestDb() }, 1)).toEqual({ entries: [], next: 0 });
  });

  test("is read in the order of the entries' numbers, however they were written", () => {
    const db = createTestDb();
    append(db, { entry: 5, record: '["five"]' });
    append(db, { entry: 0, record: '["zero"]' });
    append(db, { entry: 2, kind: "effect_started", effect: "llm//0", record: '{"two":2}' });
    expect(readJournal({ db }, 1)).toEqual({
      entries: [
        { kind: "steps", record: ["zero"] },
        { kind: "effect_started", record: { two: 2 } },
        { kind: "steps", record: ["five"] },
      ],
      next: 6,
    });
  });

  test("of one execution holds nothing of its neighbours", () => {
    const db = createTestDb();
    append(db, { execution: 1, entry: 2 ** 20 - 1, record: '["last of 1"]' });
    append(db, { execution: 2, entry: 0, record: '["first of 2"]' });
    append(db, { execution: 3, entry: 0, record: '["first of 3"]' });
    expect(readJournal({ db }, 2)).toEqual({
      entries: [{ kind: "steps", record: ["first of 2"] }],
      next: 1,
    });
  });

  test("keeps executions apart also where their numbers are very large", () => {
    const db = createTestDb();
    const large = 2 ** 32;
    append(db, { execution: large, entry: 1, record: '["large"]' });
    append(db, { execution: large + 1, entry: 0, record: '["larger"]' });
    expect(readJournal({ db }, large).entries).toEqual([{ kind: "steps", record: ["large"] }]);
    expect(readJournal({ db }, large).next).toBe(2);
  });

  test("gives back a large record, stored compressed", () => {
    const db = createTestDb();
    const steps = [{ nodeId: "llm", output: "é".repeat(10_000) }];
    append(db, { entry: 0, record: JSON.stringify(steps) });
    expect(readJournal({ db }, 1).entries[0]?.record).toEqual(steps);
    const [row] = db.raw.query("select packed, length(record) from journal").values();
    expect(row?.[0]).toBe(1);
    expect(Number(row?.[1])).toBeLessThan(1_000);
  });
});

describe("an entry is refused", () => {
  test("where its number is taken", () => {
    const db = createTestDb();
    append(db, { entry: 0 });
    expect(() => append(db, { entry: 0 })).toThrow("UNIQUE");
  });

  test("where its effect has ended before, in that execution alone", () => {
    const db = createTestDb();
    append(db, ended(0));
    expect(() => append(db, ended(1))).toThrow("UNIQUE");
    append(db, ended(1, "llm//1"));
    append(db, { ...ended(1), execution: 2 });
    append(db, { ...ended(2), kind: "effect_started" });
    expect(readJournal({ db }, 1).entries).toHaveLength(3);
  });
});
