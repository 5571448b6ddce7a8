// A disk that fails: all that shared the transaction is refused with 503, nothing is stored halfway,
// and writes succeed again as soon as they can.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { rejection } from "../support/rejection";
import type { Writing } from "../support/writing";
import { createWriting } from "../support/writing";

const REFUSED = {
  code: "STORAGE_UNAVAILABLE",
  status: 503,
  headers: { "Retry-After": "5" },
};

async function refusals(writes: Promise<unknown>[]): Promise<unknown[]> {
  return Promise.all(writes.map(rejection));
}

/** The file may not grow by as much as a page. */
function fillDisk({ db }: Writing): () => void {
  const pages = db.raw.query("pragma page_count").values()[0]?.[0];
  db.raw.run(`pragma max_page_count = ${String(pages)}`);
  return () => db.raw.run("pragma max_page_count = 1000000");
}

const insertLarge = ({ db }: Writing, value: number): void =>
  void db.raw.query("insert into t (a, b) values (?, zeroblob(100000))").run(value);

describe("a storage fault", () => {
  test("refuses all of its group with 503, stores nothing of it, and says so once", async () => {
    using writing = createWriting();
    const { writer, insert, log } = writing;
    const mend = fillDisk(writing);
    const reasons = await refusals([
      writer.write(() => insert(1)),
      writer.write(() => insertLarge(writing, 2)),
      writer.write(() => insert(3)),
    ]);
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(AppError);
      expect(reason).toMatchObject({ ...REFUSED, cause: { code: "SQLITE_FULL" } });
    }
    expect(writing.committed()).toEqual([]);
    expect(log.lines).toEqual([
      {
        level: "error",
        event: "database.commit_failed",
        fields: expect.objectContaining({ requests: 3 }),
      },
    ]);
    mend();
    await Promise.all([writer.write(() => insert(1)), writer.write(() => insertLarge(writing, 2))]);
    expect(writing.committed()).toEqual([1, 2]);
  });

  test("leaves the groups before and after it alone", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    await writer.write(() => insert(1));
    const mend = fillDisk(writing);
    await rejection(writer.write(() => insertLarge(writing, 2)));
    mend();
    await writer.write(() => insert(3));
    expect(writing.committed()).toEqual([1, 3]);
    expect(writing.db.raw.inTransaction).toBe(false);
  });
});

describe("a storage fault", () => {
  test("of the second attempt, after a job of the group threw, refuses the whole group", async () => {
    using writing = createWriting();
    const { writer, insert, db } = writing;
    let runs = 0;
    const writes = [
      writer.write(() => insert(1)),
      writer.write(() => {
        runs += 1;
        if (runs === 2) db.raw.run("pragma query_only = on");
        throw new Error("no");
      }),
      writer.write(() => insert(3)),
    ];
    for (const reason of await refusals(writes)) expect(reason).toMatchObject(REFUSED);
    db.raw.run("pragma query_only = off");
    expect(writing.committed()).toEqual([]);
    await writer.write(() => insert(4));
    expect(writing.committed()).toEqual([4]);
  });

  test("is no reason to run the jobs a second time", async () => {
    using writing = createWriting();
    fillDisk(writing);
    let runs = 0;
    const write = writing.writer.write(() => {
      runs += 1;
      insertLarge(writing, 1);
    });
    expect(await rejection(write)).toMatchObject(REFUSED);
    expect(runs).toBe(1);
  });

  test("of the commit itself refuses all that was run, and none was answered before", async () => {
    using writing = createWriting();
    const { writer, insert, db } = writing;
    db.raw.run("create table child (a integer references t (seq) deferrable initially deferred)");
    const reasons = await refusals([
      writer.write(() => insert(1)),
      writer.write(() => db.raw.run("insert into child values (99)")),
    ]);
    for (const reason of reasons) expect(reason).toMatchObject(REFUSED);
    expect(writing.committed()).toEqual([]);
    await writer.write(() => insert(2));
    expect(writing.committed()).toEqual([2]);
  });

  test("of a file that may not be written is one as well", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    writing.db.raw.run("pragma query_only = on");
    expect(await rejection(writer.write(() => insert(1)))).toMatchObject(REFUSED);
    writing.db.raw.run("pragma query_only = off");
    await writer.write(() => insert(1));
    expect(writing.committed()).toEqual([1]);
  });
});
