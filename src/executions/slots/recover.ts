// What an earlier process left unfinished: one process owns the database, so whatever was in a slot
// when it ended is ours. It goes back to waiting and runs on from its journal.

import type { Db } from "../../db/open";
import type { Writer } from "../../db/writer";
import { ERRORS } from "../../errors";
import type { Clock } from "../../lib/clock";
import { formatId } from "../../lib/ids";
import type { Log } from "../../lib/log";
import type { WaitingRow } from "../executions.store";
import { endCalled, listAbandonedCallers } from "./called.store";
import {
  endWithoutSlot,
  listInFlight,
  markFinished,
  requeueInterrupted,
} from "../executions.store";

export interface RecoverDeps {
  db: Db;
  writer: Writer;
  clock: Clock;
  log: Log;
  /** Counts the unfinished executions of all webhooks anew; runs inside a write. */
  recountPlaces(): void;
}

/** Starts without a newly recorded effect after which an execution is given up. */
const MAX_RECOVERIES = 3;

function giveUp(deps: RecoverDeps, row: WaitingRow): void {
  const error = { code: "CRASH_LOOP", message: ERRORS.CRASH_LOOP.message, nodeId: null };
  const finishedAt = deps.clock.now();
  markFinished(deps, endWithoutSlot(row, { state: "failed", finishedAt, error }));
  endCalled(deps, { caller: row.seq, finishedAt });
}

/** Puts what was in flight back to waiting, or ends it after three starts without progress. */
export async function recover(deps: RecoverDeps): Promise<{ resumed: number; givenUp: number }> {
  const rows = listInFlight(deps);
  const hopeless = rows.filter((row) => row.recoveries >= MAX_RECOVERIES);
  const now = deps.clock.now();
  await deps.writer.write(() => {
    for (const row of rows) {
      if (row.recoveries >= MAX_RECOVERIES) giveUp(deps, row);
      else requeueInterrupted(deps, row.seq);
    }
    for (const caller of listAbandonedCallers(deps)) endCalled(deps, { caller, finishedAt: now });
    deps.recountPlaces();
  });
  for (const row of rows) {
    deps.log.info("execution.recovered", {
      executionId: formatId("exec", row.uid),
      recoveries: row.recoveries,
      givenUp: row.recoveries >= MAX_RECOVERIES,
    });
  }
  return { resumed: rows.length - hopeless.length, givenUp: hopeless.length };
}
