// A writer on a file of its own with one table, and a second connection that looks at it.

import { Database } from "bun:sqlite";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import type { Writer } from "../../src/db/writer";
import { createWriter } from "../../src/db/writer";
import { createManualClock } from "../../src/lib/clock";
import type { RecordedLog } from "./recorded-log";
import { createRecordedLog } from "./recorded-log";
import { makeTempFolder } from "./temp-folder";
import { countCommits } from "./wal";

export interface Writing extends Disposable {
  db: Db;
  writer: Writer;
  clock: ReturnType<typeof createManualClock>;
  log: RecordedLog;
  /** A connection of another process, as it were: it sees what is committed. */
  other: Database;
  /** Puts a number into the table; to be called within a job. */
  readonly insert: (value: number) => void;
  /** The committed numbers, in the order in which they were put in. */
  committed(): number[];
  /** Commits since the writing was made. */
  commits(): number;
}

/** An empty table `t` behind a writer. */
export function createWriting(): Writing {
  const folder = makeTempFolder();
  const path = folder.file("a.db");
  const db = openDatabase(path);
  db.raw.run("create table t (seq integer primary key, a integer not null unique, b blob)");
  const other = new Database(path);
  other.run("pragma busy_timeout = 0");
  const clock = createManualClock();
  const log = createRecordedLog();
  const writer = createWriter({ db, clock, log });
  const before = countCommits(path);
  return {
    db,
    writer,
    clock,
    log,
    other,
    insert: (value) => void db.raw.query("insert into t (a) values (?)").run(value),
    committed: () => other.query("select a from t order by seq").values().flat().map(Number),
    commits: () => countCommits(path) - before,
    [Symbol.dispose]() {
      other.close();
      db.raw.close();
      folder[Symbol.dispose]();
    },
  };
}

/** From 0 to `count` - 1. */
export const countTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
