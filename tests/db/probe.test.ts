// The probe of storage: a commit that reaches the disk and changes nothing that is read.

import { expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open";
import { touch } from "../../src/db/probe";
import { countTo, createWriting } from "../support/writing";

test("a probe is written, each time anew, and leaves all rows", async () => {
  using writing = createWriting();
  await writing.writer.write(() => writing.insert(1));
  const before = writing.commits();
  for (const _time of countTo(3)) await writing.writer.write(() => touch(writing.db));
  expect(writing.commits() - before).toBe(3);
  expect(writing.committed()).toEqual([1]);
});

test("a write that changes nothing is none, so that it would prove nothing", async () => {
  using writing = createWriting();
  await writing.writer.write(() => undefined);
  expect(writing.commits()).toBe(0);
});

test("the number that is counted starts again before it is too large", () => {
  const db = openDatabase(":memory:");
  db.raw.run("pragma user_version = 999999");
  touch(db);
  expect(db.raw.query("pragma user_version").values()).toEqual([[0]]);
  touch(db);
  expect(db.raw.query("pragma user_version").values()).toEqual([[1]]);
});
