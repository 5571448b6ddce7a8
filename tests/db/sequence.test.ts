// The numbers that deliveries and executions share.

import { describe, expect, test } from "bun:test";
import { createSequence } from "../../src/db/sequence";
import type { Db } from "../../src/db/open";
import { createTestDb } from "../support/app";
import { addAgent, addDelivery, addExecution } from "../support/rows";

const withRows = (fill: (db: Db) => void): Db => {
  const db = createTestDb();
  fill(db);
  return db;
};

describe("a sequence", () => {
  test("starts with 1 on an empty database and counts on", () => {
    const sequence = createSequence(createTestDb());
    expect(sequence.last()).toBe(0);
    expect([sequence.next(), sequence.next(), sequence.next()]).toEqual([1, 2, 3]);
    expect(sequence.last()).toBe(3);
  });

  test("goes on behind the largest number of an execution", () => {
    const db = withRows((filled) => {
      const agent = addAgent(filled);
      for (const seq of [3, 90, 7]) addExecution(filled, { seq, agent });
    });
    expect(createSequence(db).next()).toBe(91);
  });

  test("goes on behind the largest number of a delivery that led to no execution", () => {
    const db = withRows((filled) => {
      const agent = addAgent(filled);
      addExecution(filled, { seq: 5, agent });
      addDelivery(filled, { seq: 120, agent });
    });
    expect(createSequence(db).next()).toBe(121);
  });

  test("looks at the database once: what others write there changes nothing", () => {
    const db = createTestDb();
    const sequence = createSequence(db);
    addDelivery(db, { seq: 50, agent: null });
    expect(sequence.next()).toBe(1);
  });
});
