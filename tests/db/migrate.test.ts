// Migrations: applied once and wholly or not at all, refused where the file is not this program's.

import { describe, expect, test } from "bun:test";
import { migrate, MigrationError } from "../../src/db/migrate";
import type { Migration } from "../../src/db/migrations";
import { MIGRATIONS } from "../../src/db/migrations";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import { createManualClock } from "../../src/lib/clock";
import { makeTempFolder } from "../support/temp-folder";

const ONE: Migration = {
  name: "0000_one",
  sql: "create table one (a integer primary key) strict;",
};
const TWO: Migration = {
  name: "0001_two",
  sql: "create table two (a integer primary key) strict;\ninsert into two values (2);",
};

const clock = createManualClock();
const apply = (db: Db, ...migrations: Migration[]) =>
  migrate({ db, clock, migrations, backupPath: () => null });

const namesOf = (db: Db, type: string): string[] =>
  db.raw
    .query<{ name: string }, [string]>(
      "select name from sqlite_master where type = ? order by name",
    )
    .all(type)
    .map((row) => row.name);

const appliedIn = (db: Db): string[] =>
  db.raw
    .query<{ name: string }, []>("select name from migrations order by position")
    .all()
    .map((row) => row.name);

/** The message with which these migrations are refused. */
function refusal(db: Db, ...migrations: Migration[]): string {
  try {
    apply(db, ...migrations);
  } catch (error) {
    if (error instanceof MigrationError) return error.message;
    throw error;
  }
  throw new Error("they were applied");
}

describe("on a new database", () => {
  test("all migrations are applied in order and noted with hash and time", () => {
    const db = openDatabase(":memory:");
    expect(apply(db, ONE, TWO)).toEqual({ applied: ["0000_one", "0001_two"], backup: null });
    expect(namesOf(db, "table")).toEqual(["migrations", "one", "two"]);
    const rows = db.raw.query("select position, name, hash, applied_at from migrations").values();
    expect(rows).toEqual([
      [1, "0000_one", expect.stringMatching(/^[0-9a-f]{64}$/), clock.now()],
      [2, "0001_two", expect.stringMatching(/^[0-9a-f]{64}$/), clock.now()],
    ]);
  });

  test("the program's own migrations make its tables", () => {
    const db = openDatabase(":memory:");
    const { applied } = apply(db, ...MIGRATIONS);
    expect(applied).toEqual(MIGRATIONS.map((migration) => migration.name));
    expect(namesOf(db, "table")).toContain("executions");
    expect(db.raw.query("pragma foreign_keys").values()).toEqual([[1]]);
  });
});

describe("on a database that has them", () => {
  test("nothing is done again", () => {
    const db = openDatabase(":memory:");
    apply(db, ONE, TWO);
    db.raw.run("insert into two values (7)");
    expect(apply(db, ONE, TWO)).toEqual({ applied: [], backup: null });
    expect(db.raw.query("select a from two").values()).toEqual([[2], [7]]);
  });

  test("only those that are missing are applied", () => {
    const db = openDatabase(":memory:");
    apply(db, ONE);
    expect(apply(db, ONE, TWO).applied).toEqual(["0001_two"]);
    expect(appliedIn(db)).toEqual(["0000_one", "0001_two"]);
  });
});

describe("a database is refused, and nothing changed,", () => {
  test("where one of its migrations was edited since", () => {
    const db = openDatabase(":memory:");
    apply(db, ONE);
    const edited = { ...ONE, sql: `${ONE.sql} ` };
    expect(refusal(db, edited, TWO)).toContain("0000_one differs");
    expect(namesOf(db, "table")).toEqual(["migrations", "one"]);
  });

  test("where a newer version made it", () => {
    const db = openDatabase(":memory:");
    apply(db, ONE, TWO);
    expect(refusal(db, ONE)).toMatch(/0001_two, which this version does not know.*newer|restore/i);
    expect(appliedIn(db)).toEqual(["0000_one", "0001_two"]);
  });

  test("where its migrations are others at the same place", () => {
    const db = openDatabase(":memory:");
    apply(db, { ...ONE, name: "0000_other" });
    expect(refusal(db, ONE, TWO)).toContain("0000_other");
  });
});

test("a migration that fails takes all pending ones back with it, and a mended one can follow", () => {
  const db = openDatabase(":memory:");
  apply(db, ONE);
  const broken = {
    name: "0002_three",
    sql: "create table three (a);\ninsert into absent values (1);",
  };
  expect(() => apply(db, ONE, TWO, broken)).toThrow("no such table: absent");
  expect(namesOf(db, "table")).toEqual(["migrations", "one"]);
  expect(appliedIn(db)).toEqual(["0000_one"]);
  expect(db.raw.inTransaction).toBe(false);
  expect(db.raw.query("pragma foreign_keys").values()).toEqual([[1]]);
  const mended = { ...broken, sql: "create table three (a);" };
  expect(apply(db, ONE, TWO, mended).applied).toEqual(["0001_two", "0002_three"]);
});

describe("of two connections that migrate the same file", () => {
  test("the one that comes late finds all applied and applies nothing", () => {
    using folder = makeTempFolder();
    const path = folder.file("a.db");
    const [first, second] = [openDatabase(path), openDatabase(path)];
    apply(first, ONE);
    // Asked for between looking at what is pending and taking the lock.
    const backupPath = (): null => {
      expect(apply(second, ONE, TWO).applied).toEqual(["0001_two"]);
      return null;
    };
    const migrations = [ONE, TWO];
    expect(migrate({ db: first, clock, migrations, backupPath }).applied).toEqual([]);
    expect(first.raw.query("select a from two").values()).toEqual([[2]]);
    for (const db of [first, second]) db.raw.close();
  });

  test("the one that comes while the other writes is turned away and can try again", () => {
    using folder = makeTempFolder();
    const path = folder.file("a.db");
    const [first, second] = [openDatabase(path), openDatabase(path)];
    const migrations = [ONE, TWO];
    const during = {
      ...clock,
      now() {
        expect(() => apply(second, ...migrations)).toThrow("locked");
        return 0;
      },
    };
    const result = migrate({ db: first, clock: during, migrations, backupPath: () => null });
    expect(result.applied).toEqual(["0000_one", "0001_two"]);
    expect(apply(second, ...migrations).applied).toEqual([]);
    expect(second.raw.query("pragma foreign_keys").values()).toEqual([[1]]);
    for (const db of [first, second]) db.raw.close();
  });
});
