// The pragmas of a database file, and that they hold for what is written to it.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { openDatabase } from "../../src/db/open";
import { makeTempFolder } from "../support/temp-folder";

const pragma = (raw: Database, name: string): unknown =>
  raw.query<Record<string, unknown>, []>(`pragma ${name}`).values()[0]?.[0];

describe("a new file", () => {
  test.each([
    ["auto_vacuum", 2],
    ["journal_mode", "wal"],
    ["synchronous", 2],
    ["foreign_keys", 1],
    ["trusted_schema", 0],
    ["temp_store", 2],
    ["journal_size_limit", 64 * 1024 * 1024],
    ["wal_autocheckpoint", 0],
    ["busy_timeout", 0],
    ["cache_size", -32_768],
  ])("has %s %p on the writing connection", (name, value) => {
    using folder = makeTempFolder();
    const { raw } = openDatabase(folder.file("a.db"));
    expect(pragma(raw, name)).toBe(value);
    raw.close();
  });

  test("keeps auto_vacuum and the log for connections that set nothing themselves", () => {
    using folder = makeTempFolder();
    const path = folder.file("a.db");
    const { raw } = openDatabase(path);
    raw.run("create table t (a)");
    expect(existsSync(`${path}-wal`)).toBe(true);
    raw.close();
    const other = new Database(path);
    expect([pragma(other, "auto_vacuum"), pragma(other, "journal_mode")]).toEqual([2, "wal"]);
    other.close();
  });

  test("gives pages of deleted rows back when it is asked to", () => {
    using folder = makeTempFolder();
    const { raw } = openDatabase(folder.file("a.db"));
    raw.run("create table t (a)");
    raw.run("insert into t select randomblob(100000) from (values (1), (2), (3), (4))");
    const full = Number(pragma(raw, "page_count"));
    raw.run("delete from t");
    raw.run("pragma incremental_vacuum");
    expect(Number(pragma(raw, "page_count"))).toBeLessThan(full / 10);
    raw.close();
  });
});

test.each([
  ["full", 2],
  ["normal", 1],
] as const)("durability %s is synchronous %p on the writing connection", (durability, value) => {
  const { raw } = openDatabase(":memory:", durability);
  expect(pragma(raw, "synchronous")).toBe(value);
});

test("a file opened again keeps its rows and gets the same pragmas", () => {
  using folder = makeTempFolder();
  const path = folder.file("a.db");
  const first = openDatabase(path).raw;
  first.run("create table t (a)");
  first.run("insert into t values (7)");
  first.close();
  const { raw } = openDatabase(path);
  expect(raw.query("select a from t").values()).toEqual([[7]]);
  expect(["synchronous", "foreign_keys", "auto_vacuum"].map((name) => pragma(raw, name))).toEqual([
    2, 1, 2,
  ]);
  raw.close();
});

test("foreign keys are enforced", () => {
  const { raw } = openDatabase(":memory:");
  raw.run("create table parent (a integer primary key)");
  raw.run("create table child (a integer references parent (a))");
  expect(() => raw.run("insert into child values (1)")).toThrow("FOREIGN KEY");
});

test("a statement without one of its named values is refused instead of reading null", () => {
  const { raw } = openDatabase(":memory:");
  const query = raw.query<{ a: number }, Record<string, number>>("select $a as a");
  expect(query.get({ a: 1 })).toEqual({ a: 1 });
  expect(() => query.get({ b: 1 })).toThrow();
});

test("a lock that another holds is told at once", () => {
  using folder = makeTempFolder();
  const path = folder.file("a.db");
  const { raw } = openDatabase(path);
  const other = openDatabase(path).raw;
  other.run("begin immediate");
  expect(() => raw.run("begin immediate")).toThrow("locked");
  other.run("rollback");
  raw.run("begin immediate");
  raw.run("rollback");
  other.close();
  raw.close();
});

test("a file that is no database is refused and left as it was", async () => {
  using folder = makeTempFolder();
  const path = folder.file("a.db");
  const text = "not a database, but long enough to look like one. ".repeat(100);
  await Bun.write(path, text);
  expect(() => openDatabase(path)).toThrow("not a database");
  expect(await Bun.file(path).text()).toBe(text);
});
