// Brings a database file to the program's schema: everything pending in one IMMEDIATE transaction.
// drizzle's own migrator notices neither an edited nor a newer schema, and deletes the children of
// rebuilt tables where foreign keys are on.

import type { Clock } from "../lib/clock";
import { sha256 } from "../lib/crypto";
import type { Migration } from "./migrations";
import type { Db } from "./open";

export interface MigrateDeps {
  db: Db;
  clock: Clock;
  migrations: readonly Migration[];
  /** Path for a copy of the database before its schema changes; null makes none. */
  backupPath(from: string): string | null;
}

export interface MigrateResult {
  applied: string[];
  backup: string | null;
}

interface Applied {
  name: string;
  hash: string;
}

/** The database cannot be used by this program; the message says what to do. */
export class MigrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MigrationError";
  }
}

const hashOf = (migration: Migration): string => sha256(migration.sql).toString("hex");

function readApplied(db: Db): Applied[] {
  db.raw.run(
    "create table if not exists migrations (position integer primary key, name text not null unique, hash text not null, applied_at integer not null) strict",
  );
  return db.raw.query<Applied, []>("select name, hash from migrations order by position").all();
}

function checkApplied(applied: Applied[], known: readonly Migration[]): void {
  for (const [position, row] of applied.entries()) {
    const migration = known[position];
    if (migration === undefined || migration.name !== row.name) {
      throw new MigrationError(
        `The database has the migration ${row.name}, which this version does not know. Start the version that made it, or restore a backup from before it.`,
      );
    }
    if (hashOf(migration) !== row.hash) {
      throw new MigrationError(
        `The migration ${row.name} differs from the one that this database was made with. Use an unmodified release.`,
      );
    }
  }
}

function applyPending(deps: MigrateDeps, pending: readonly Migration[]): void {
  const { raw } = deps.db;
  const insert = raw.prepare("insert into migrations (name, hash, applied_at) values (?, ?, ?)");
  for (const migration of pending) {
    raw.exec(migration.sql);
    insert.run(migration.name, hashOf(migration), deps.clock.now());
  }
  const broken = raw.query("pragma foreign_key_check").all();
  if (broken.length > 0) {
    throw new MigrationError(
      `A migration left ${broken.length} rows without their parent; nothing was changed.`,
    );
  }
}

/** Applies what is pending; throws `MigrationError` and changes nothing where it cannot. */
export function migrate(deps: MigrateDeps): MigrateResult {
  const { raw } = deps.db;
  let backup: string | null = null;
  const before = readApplied(deps.db);
  checkApplied(before, deps.migrations);
  if (before.length === deps.migrations.length) return { applied: [], backup };
  const last = before.at(-1);
  backup = last === undefined ? null : deps.backupPath(last.name);
  if (backup !== null) raw.query("vacuum into ?").run(backup);
  // A no-op inside a transaction, so before it: a rebuilt table must not delete its children.
  raw.run("pragma foreign_keys = off");
  raw.run("begin immediate");
  try {
    const applied = readApplied(deps.db);
    checkApplied(applied, deps.migrations);
    const pending = deps.migrations.slice(applied.length);
    applyPending(deps, pending);
    raw.run("commit");
    return { applied: pending.map((migration) => migration.name), backup };
  } catch (error) {
    if (raw.inTransaction) raw.run("rollback");
    throw error;
  } finally {
    raw.run("pragma foreign_keys = on");
  }
}
