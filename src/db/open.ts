// Opens the database file and sets its pragmas, each with its reason. Beside it only `checkpoint-worker.ts` does.

import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { Durability } from "../vocabulary";
import * as schema from "./schema";

/** One connection, raw for the prepared hot statements and typed for the others. */
export interface Db {
  raw: Database;
  orm: BunSQLiteDatabase<typeof schema>;
}

/** Below it a checkpoint beside a write could corrupt the file (sqlite.org/wal.html, WAL reset). */
const OLDEST_SQLITE = "3.51.3";

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (const [place, part] of (b ?? []).entries()) {
    if ((a?.[place] ?? 0) !== part) return (a?.[place] ?? 0) < part;
  }
  return false;
}

/** Opens `path` (or `:memory:`) for the process's one writing connection. */
export function openDatabase(path: string, durability: Durability = "full"): Db {
  const raw = new Database(path, { create: true, readwrite: true, strict: true });
  const version = raw.query<{ version: string }, []>("select sqlite_version() as version").get();
  if (version === null || isOlder(version.version, OLDEST_SQLITE)) {
    raw.close();
    throw new Error(`SQLite ${OLDEST_SQLITE} or newer is needed, this is ${version?.version}`);
  }
  // A held lock must not stop the event loop: the writer retries by itself.
  raw.run("pragma busy_timeout = 0");
  // Takes effect only before WAL and the first table.
  raw.run("pragma auto_vacuum = incremental");
  raw.run("pragma journal_mode = wal");
  // Copying the log holds every answer back: a Worker does it (checkpoints.ts).
  raw.run("pragma wal_autocheckpoint = 0");
  // With `full` the answer 200 promises that a power cut loses nothing.
  raw.run(`pragma synchronous = ${durability}`);
  raw.run("pragma foreign_keys = on");
  raw.run("pragma trusted_schema = off");
  raw.run("pragma temp_store = memory");
  // Index pages of many agents are written at random: 2 MiB, the default, reads them again and again.
  raw.run("pragma cache_size = -32768");
  // A long reader may let the log grow; afterwards it shrinks to this.
  raw.run(`pragma journal_size_limit = ${64 * 1024 * 1024}`);
  return { raw, orm: drizzle(raw, { schema }) };
}
