// Migrations that rebuild tables: children are kept, broken references refused, a copy made before.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { migrate } from "../../src/db/migrate";
import type { Migration } from "../../src/db/migrations";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import { createManualClock } from "../../src/lib/clock";
import { makeTempFolder } from "../support/temp-folder";

const clock = createManualClock();

const TABLES: Migration = {
  name: "0000_tables",
  sql: `create table parent (a integer primary key, b text) strict;
create table child (a integer primary key, parent integer not null references parent (a) on delete cascade) strict;`,
};

/** What drizzle-kit writes where a column changes: a new table, the rows, the old one dropped. */
const REBUILD: Migration = {
  name: "0001_rebuild",
  sql: `create table __new_parent (a integer primary key, b text not null default '') strict;
insert into __new_parent (a, b) select a, coalesce(b, '') from parent;
drop table parent;
alter table __new_parent rename to parent;`,
};

const LOSES_ROWS: Migration = {
  name: "0001_loses",
  sql: `${REBUILD.sql}\ndelete from parent where a = 2;`,
};

function createFilled(path = ":memory:"): Db {
  const db = openDatabase(path);
  migrate({ db, clock, migrations: [TABLES], backupPath: () => null });
  db.raw.run("insert into parent values (1, 'x'), (2, null)");
  db.raw.run("insert into child values (10, 1), (20, 2), (21, 2)");
  return db;
}

const childrenIn = (db: Db): unknown => db.raw.query("select a, parent from child").values();

const ALL_CHILDREN = [
  [10, 1],
  [20, 2],
  [21, 2],
];

describe("a table that is rebuilt", () => {
  test("keeps the rows that refer to it, although dropping it would delete them", () => {
    const db = createFilled();
    migrate({ db, clock, migrations: [TABLES, REBUILD], backupPath: () => null });
    expect(childrenIn(db)).toEqual(ALL_CHILDREN);
    expect(db.raw.query("select a, b from parent").values()).toEqual([
      [1, "x"],
      [2, ""],
    ]);
  });

  test("is referred to as before: children without it are refused, and go with it", () => {
    const db = createFilled();
    migrate({ db, clock, migrations: [TABLES, REBUILD], backupPath: () => null });
    expect(() => db.raw.run("insert into child values (30, 3)")).toThrow("FOREIGN KEY");
    db.raw.run("delete from parent where a = 2");
    expect(childrenIn(db)).toEqual([[10, 1]]);
  });

  test("is refused where rows would be left without their parent, and nothing is changed", () => {
    const db = createFilled();
    const migrations = [TABLES, LOSES_ROWS];
    expect(() => migrate({ db, clock, migrations, backupPath: () => null })).toThrow(
      "left 2 rows without their parent; nothing was changed",
    );
    expect(childrenIn(db)).toEqual(ALL_CHILDREN);
    expect(db.raw.query("select a, b from parent").values()).toEqual([
      [1, "x"],
      [2, null],
    ]);
    expect(db.raw.query("select name from migrations").values()).toEqual([["0000_tables"]]);
    expect(db.raw.query("pragma foreign_keys").values()).toEqual([[1]]);
  });
});

describe("the copy that is made before", () => {
  test("holds schema and rows of before, and can be opened and migrated in its turn", () => {
    using folder = makeTempFolder();
    const db = createFilled(folder.file("a.db"));
    const asked: string[] = [];
    const backupPath = (from: string): string => {
      asked.push(from);
      return folder.file("copy.db");
    };
    const result = migrate({ db, clock, migrations: [TABLES, REBUILD], backupPath });
    expect(result.backup).toBe(folder.file("copy.db"));
    expect(asked).toEqual(["0000_tables"]);
    const copy = openDatabase(folder.file("copy.db"));
    expect(copy.raw.query("pragma integrity_check").values()).toEqual([["ok"]]);
    expect(copy.raw.query("pragma auto_vacuum").values()).toEqual([[2]]);
    expect(childrenIn(copy)).toEqual(ALL_CHILDREN);
    expect(copy.raw.query("select b from parent where a = 2").values()).toEqual([[null]]);
    const again = { db: copy, clock, migrations: [TABLES, REBUILD], backupPath: () => null };
    expect(migrate(again).applied).toEqual(["0001_rebuild"]);
    expect(childrenIn(copy)).toEqual(ALL_CHILDREN);
    for (const { raw } of [db, copy]) raw.close();
  });

  test("is there also where the migration fails", () => {
    using folder = makeTempFolder();
    const db = createFilled(folder.file("a.db"));
    const backupPath = (): string => folder.file("copy.db");
    expect(() => migrate({ db, clock, migrations: [TABLES, LOSES_ROWS], backupPath })).toThrow();
    expect(existsSync(folder.file("copy.db"))).toBe(true);
    db.raw.close();
  });

  test("is asked for neither on a new database nor where nothing is pending", () => {
    const db = openDatabase(":memory:");
    const backupPath = (): string => {
      throw new Error("it was asked for");
    };
    migrate({ db, clock, migrations: [TABLES], backupPath });
    expect(migrate({ db, clock, migrations: [TABLES], backupPath }).applied).toEqual([]);
  });

  test("that cannot be made stops the migration before it changes anything", () => {
    using folder = makeTempFolder();
    const db = createFilled(folder.file("a.db"));
    const backupPath = (): string => folder.file("missing/copy.db");
    expect(() => migrate({ db, clock, migrations: [TABLES, REBUILD], backupPath })).toThrow();
    expect(db.raw.query("select name from migrations").values()).toEqual([["0000_tables"]]);
    db.raw.close();
  });
});
