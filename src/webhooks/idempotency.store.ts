// Keys of accepted deliveries: a repeat of the same key on the same webhook is the same delivery.

import type { Db } from "../db/open";
import type { ExecutionState, KeySource } from "../vocabulary";

export interface IdempotencyKey {
  agent: number;
  source: KeySource;
  key: string;
}

export interface FirstDelivery {
  seq: number;
  uid: Uint8Array;
  state: ExecutionState;
}

/** The execution that a live key led to. */
export const findFirst = (
  deps: { db: Db },
  data: IdempotencyKey & { now: number },
): FirstDelivery | null =>
  deps.db.raw
    .query<FirstDelivery, [number, string, string, number]>(
      "select e.seq, e.uid, e.state from idempotency_keys k join executions e on e.seq = k.execution where k.agent = ? and k.source = ? and k.key = ? and k.expires_at > ?",
    )
    .get(data.agent, data.source, data.key, data.now);

/** Deletes at most `limit` keys that have expired; returns how many. Runs inside a write. */
export const sweepKeys = (deps: { db: Db }, data: { now: number; limit: number }): number =>
  deps.db.raw
    .query(
      `delete from idempotency_keys where (agent, source, key) in
         (select agent, source, key from idempotency_keys where expires_at <= ? order by expires_at limit ?)`,
    )
    .run(data.now, data.limit).changes;

/** Claims a key for an execution, in place of one that has expired; runs inside a write. */
export function claimKey(
  deps: { db: Db },
  data: IdempotencyKey & { execution: number; expiresAt: number },
): void {
  deps.db.raw
    .query(
      "insert or replace into idempotency_keys (agent, source, key, execution, expires_at) values (?, ?, ?, ?, ?)",
    )
    .run(data.agent, data.source, data.key, data.execution, data.expiresAt);
}
