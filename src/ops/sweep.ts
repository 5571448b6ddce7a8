// Deletes what has expired, in small writes: none of them is to hold up deliveries for long.

import { sweepAnswers } from "../auth/answers.store";
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

type Sweeper = (deps: SweepDeps, data: { now: number; limit: number }) => number;

const MAX_ROWS_A_WRITE = 100;

async function sweepInTurns(deps: SweepDeps, sweeper: Sweeper): Promise<void> {
  const now = deps.clock.now();
  const limit = MAX_ROWS_A_WRITE;
  let deleted = limit;
  while (deleted === limit) {
    deleted = await deps.writer.write(() => sweeper(deps, { now, limit }));
  }
}

/** Everything that has expired by now; rejects where storage fails, and can be called again. */
export async function sweep(deps: SweepDeps): Promise<void> {
  await deps.ledger.sweep();
  await sweepInTurns(deps, sweepKeys);
  await sweepInTurns(deps, sweepAnswers);
}
