// The migrated schema against the committed snapshot, and against what the program believes it is.

import { describe, expect, test } from "bun:test";
import { is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as schema from "../../src/db/schema";
import { createMigratedDb, dumpSchema } from "./schema-dump";

const db = createMigratedDb();
const TABLES = Object.values(schema).flatMap((value) =>
  is(value, SQLiteTable) ? [getTableConfig(value)] : [],
);
/** The runner's own, which drizzle does not know. */
const OWN_TABLE = "migrations";

type Row = Record<string, unknown>;
const rows = (sql: string): Row[] => db.raw.query<Row, []>(sql).all();

interface Column {
  name: string;
  type: string;
  notNull: boolean;
  primaryKey: boolean;
  default: string | null;
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

/** A default as SQL writes it. */
function toSql(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
}

/** The columns that the program knows of a table. */
function expectedColumns(table: (typeof TABLES)[number]): Column[] {
  const keys = new Set(
    table.primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
  );
  return table.columns
    .map((column) => ({
      name: column.name,
      type: column.getSQLType().toLowerCase(),
      notNull: column.notNull,
      primaryKey: column.primary || keys.has(column.name),
      default: toSql(column.default),
    }))
    .toSorted(byName);
}

/** The columns that the database has. */
function actualColumns(table: string): Column[] {
  return rows(`pragma table_info(${table})`)
    .map((row) => ({
      name: String(row["name"]),
      type: String(row["type"]).toLowerCase(),
      notNull: row["notnull"] === 1,
      primaryKey: row["pk"] !== 0,
      default: typeof row["dflt_value"] === "string" ? row["dflt_value"] : null,
    }))
    .toSorted(byName);
}

const indexesOf = (table: string) =>
  rows(`pragma index_list(${table})`)
    .filter((row) => row["origin"] === "c")
    .map((row) => ({
      name: String(row["name"]),
      unique: row["unique"] === 1,
      partial: row["partial"] === 1,
      columns: rows(`pragma index_info(${String(row["name"])})`).map((part) =>
        String(part["name"]),
      ),
    }))
    .toSorted(byName);

const columnName = (column: unknown): string =>
  typeof column === "object" && column !== null && "name" in column ? String(column.name) : "?";

test("the migrated schema is the one in schema.snapshot.sql", () => {
  const snapshot = readFileSync(join(import.meta.dir, "schema.snapshot.sql"), "utf8");
  expect(dumpSchema(db)).toBe(snapshot);
});

test("database and program have the same tables", () => {
  const names = rows("pragma table_list").map((row) => String(row["name"]));
  const own = names.filter((name) => !name.startsWith("sqlite_") && name !== OWN_TABLE);
  expect(own.toSorted()).toEqual(TABLES.map((table) => table.name).toSorted());
});

test("every table is strict, so that a column takes its type only", () => {
  const loose = rows("pragma table_list")
    .filter((row) => !String(row["name"]).startsWith("sqlite_") && row["strict"] !== 1)
    .map((row) => row["name"]);
  expect(loose).toEqual([]);
});

describe.each(TABLES.map((table) => [table.name, table] as const))(
  "the table %s",
  (name, table) => {
    test("has the columns, types, defaults and keys that the program expects", () => {
      expect(actualColumns(name)).toEqual(expectedColumns(table));
    });

    test("has its indexes, each unique or partial as written", () => {
      const expected = table.indexes
        .map(({ config }) => ({
          name: config.name,
          unique: config.unique,
          partial: config.where !== undefined,
          columns: config.columns.map(columnName),
        }))
        .toSorted(byName);
      expect(indexesOf(name)).toEqual(expected);
    });

    test("has its checks", () => {
      const [sql] = rows(`select sql from sqlite_master where type = 'table' and name = '${name}'`);
      const found = [...String(sql?.["sql"]).matchAll(/CONSTRAINT "(\w+)" CHECK/g)];
      expect(found.map((match) => match[1] ?? "").toSorted()).toEqual(
        table.checks.map((check) => check.name).toSorted(),
      );
    });

    test("refers to the tables that the program expects", () => {
      const actual = rows(`pragma foreign_key_list(${name})`).map(
        (row) => `${String(row["from"])} ${String(row["table"])}.${String(row["to"])}`,
      );
      const expected = table.foreignKeys.map((key) => {
        const { columns, foreignTable, foreignColumns } = key.reference();
        const [from, to] = [columns[0]?.name, foreignColumns[0]?.name];
        return `${from} ${getTableConfig(foreignTable).name}.${to}`;
      });
      expect(actual.toSorted()).toEqual(expected.toSorted());
    });
  },
);

test("the tables that every delivery writes to have no index beyond the few of their design", () => {
  const counts = ["executions", "deliveries", "payloads", "journal"].map((name) => [
    name,
    indexesOf(name).filter((index) => !index.partial).length,
  ]);
  expect(counts).toEqual([
    ["executions", 2],
    ["deliveries", 0],
    ["payloads", 0],
    ["journal", 0],
  ]);
});
