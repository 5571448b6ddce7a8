// Deletes what has expired.

import { sweepAnswers } from "../auth/answers.store";
import { deleteInTurns } from "../db/delete-in-turns";
import type { Db } from "../db/open";
import type { Writer } from "../db/writer";
import type { Clock } from "../lib/clock";
import { sweepKeys } from "../webhooks/idempotency.store";
import type { Ledger } from "../webhooks/ledger/ledger";

export interface SweepDeps {
  db: Db;
  clock: Clock;
  writer: Writer;
  ledger: Ledger;
}

/** Everything that has expired by now; rejects where storage fails, and can be called again. */
export async function sweep(deps: SweepDeps): Promise<void> {
  const now = deps.clock.now();
  await deps.ledger.sweep();
  await deleteInTurns(deps, (limit) => sweepKeys(deps, { now, limit }));
  await deleteInTurns(deps, (limit) => sweepAnswers(deps, { now, limit }));
}
