// The schema of a migrated database as text. `bun tests/rules/schema-dump.ts >
// tests/rules/schema.snapshot.sql` writes the snapshot anew after a migration was added.

import { migrate } from "../../src/db/migrate";
import { MIGRATIONS } from "../../src/db/migrations";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import { createManualClock } from "../../src/lib/clock";

/** A database in memory with all migrations. */
export function createMigratedDb(): Db {
  const db = openDatabase(":memory:");
  migrate({ db, clock: createManualClock(), migrations: MIGRATIONS, backupPath: () => null });
  return db;
}

/** Every statement of the schema, tables before indexes, each kind by name. */
export function dumpSchema(db: Db): string {
  const rows = db.raw
    .query<{ sql: string }, []>(
      "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type desc, name",
    )
    .all();
  return `-- The schema of a new database; written by tests/rules/schema-dump.ts.\n\n${rows
    .map((row) => `${row.sql};\n`)
    .join("\n")}`;
}

if (import.meta.main) await Bun.write(Bun.stdout, dumpSchema(createMigratedDb()));
