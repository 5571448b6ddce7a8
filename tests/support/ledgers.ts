// A ledger on a database in memory, behind storage that can be made to wait or to fail.

import type { Db } from "../../src/db/open";
import { createSequence } from "../../src/db/sequence";
import type { Writer } from "../../src/db/writer";
import { createWriter } from "../../src/db/writer";
import { createManualClock } from "../../src/lib/clock";
import type { Ledger } from "../../src/webhooks/ledger/ledger";
import { createLedger } from "../../src/webhooks/ledger/ledger";
import { createTestDb } from "./app";
import type { GatedWriter } from "./gated-writer";
import { createGatedWriter } from "./gated-writer";
import { createRecordedLog } from "./recorded-log";

export interface Count {
  agent: number;
  hour: number;
  reason: string;
  count: number;
}

export interface LedgerBench {
  db: Db;
  clock: ReturnType<typeof createManualClock>;
  log: ReturnType<typeof createRecordedLog>;
  ledger: Ledger;
  storage: GatedWriter;
  /** Writes that were asked for. */
  writes(): number;
  /** Rows of the ledger. */
  rows(): number;
  counts(): Count[];
}

/** An empty ledger, or one that starts on what is in `db`. */
export function createLedgerBench(db: Db = createTestDb()): LedgerBench {
  const clock = createManualClock();
  const log = createRecordedLog();
  const storage = createGatedWriter(createWriter({ db, clock, log }));
  let writes = 0;
  const writer: Writer = {
    write(job, committed) {
      writes += 1;
      return storage.write(job, committed);
    },
    drained: () => storage.drained(),
  };
  return {
    db,
    clock,
    log,
    storage,
    ledger: createLedger({ db, clock, log, writer, sequence: createSequence(db) }),
    writes: () => writes,
    rows: () => Number(db.raw.query("select count(*) from deliveries").values()[0]?.[0]),
    counts: () =>
      db.raw
        .query<Count, []>(
          "select agent, hour, reason, count from delivery_counts order by agent, hour, reason",
        )
        .all(),
  };
}
