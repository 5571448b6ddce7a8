// Rows of the ledger. An accepted delivery is found through its execution, which has the same `seq`
// and `uid`; only the others are indexed here.

import type { Db } from "../db/open";
import type { Packed } from "../db/pack";
import { insertPayload, MAX_SCANNED } from "../executions/executions.store";
import type { Gate, Reason, Verdict } from "../vocabulary";

export interface NewDelivery {
  seq: number;
  uid: Uint8Array;
  agent: number | null;
  receivedAt: number;
  verdict: Verdict;
  gate: Gate | null;
  reason: Reason | null;
  verified: boolean;
  method: string;
  query: string;
  address: string | null;
  headers: string;
  preset: string;
  event: string | null;
  deliveryKey: string | null;
  size: number;
  decoding: string | null;
  status: number;
  code: string | null;
  execution: number | null;
  micros: number;
  detail: string | null;
}

export interface DeliveryRow extends NewDelivery {
  agentId: string | null;
  executionUid: Uint8Array | null;
}

/** Stores a ledger row; runs inside a write. */
export function insertDelivery(deps: { db: Db }, row: NewDelivery): void {
  deps.db.raw
    .query(
      "insert into deliveries (seq, uid, agent, received_at, verdict, gate, reason, verified, method, query, address, headers, preset, event, delivery_key, size, decoding, status, code, execution, micros, detail) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      row.seq,
      row.uid,
      row.agent,
      row.receivedAt,
      row.verdict,
      row.gate,
      row.reason,
      row.verified ? 1 : 0,
      row.method,
      row.query,
      row.address,
      row.headers,
      row.preset,
      row.event,
      row.deliveryKey,
      row.size,
      row.decoding,
      row.status,
      row.code,
      row.execution,
      row.micros,
      row.detail,
    );
}

/** Stores a delivery that was not accepted, with its body where that is kept; runs inside a write. */
export function insertOther(
  deps: { db: Db },
  data: { row: NewDelivery; body: Packed | null },
): void {
  insertDelivery(deps, data.row);
  if (data.body !== null) insertPayload(deps, { seq: data.row.seq, payload: data.body });
}

const SELECT_ROW = `select d.seq, d.uid, d.agent, a.id as agentId, d.received_at as receivedAt, d.verdict,
  d.gate, d.reason, d.verified, d.method, d.query, d.address, d.headers, d.preset, d.event,
  d.delivery_key as deliveryKey, d.size, d.decoding, d.status, d.code, d.execution,
  x.uid as executionUid, d.micros, d.detail
  from deliveries d left join agents a on a.seq = d.agent left join executions x on x.seq = d.execution`;

/** One delivery by its 16 bytes. */
export function findDelivery(deps: { db: Db }, uid: Uint8Array): DeliveryRow | null {
  const other = deps.db.raw
    .query<DeliveryRow, [Uint8Array]>(`${SELECT_ROW} where d.uid = ? and d.verdict <> 'accepted'`)
    .get(uid);
  if (other !== null) return other;
  return deps.db.raw
    .query<DeliveryRow, [Uint8Array]>(
      `${SELECT_ROW} where d.seq = (select seq from executions where uid = ?)`,
    )
    .get(uid);
}

export interface DeliveryFilter {
  /** Null lists those of all agents and of none. */
  agent: number | null;
  before: number;
  limit: number;
  verdict: Verdict | null;
  reason: Reason | null;
  event: string | null;
  from: number | null;
  to: number | null;
}

/** The rows that the filter is to look at: where it asks for nothing, those it gives are enough. */
function candidates(deps: { db: Db }, data: { filter: DeliveryFilter; most: number }): number[] {
  const { filter, most } = data;
  const rows =
    filter.agent === null
      ? deps.db.raw
          .query<{ seq: number }, [number, number]>(
            "select seq from deliveries where seq < ? order by seq desc limit ?",
          )
          .all(filter.before, most)
      : deps.db.raw
          .query<{ seq: number }, { agent: number; before: number; limit: number }>(
            `select seq from (select seq from deliveries where agent = $agent and verdict <> 'accepted' and seq < $before order by seq desc limit $limit)
             union all
             select seq from (select seq from executions where agent = $agent and delivery = seq and seq < $before order by seq desc limit $limit)
             order by seq desc limit $limit`,
          )
          .all({ agent: filter.agent, before: filter.before, limit: most });
  return rows.map((row) => row.seq);
}

/** Deliveries below `before`, newest first; `scannedTo` as in `listExecutions`. */
export function listDeliveries(
  deps: { db: Db },
  filter: DeliveryFilter,
): { rows: DeliveryRow[]; scannedTo: number | null } {
  const { verdict, reason, event, from, to, limit } = filter;
  const takesAll = [verdict, reason, event, from, to].every((wanted) => wanted === null);
  const most = takesAll ? limit : MAX_SCANNED;
  const seqs = candidates(deps, { filter, most });
  const rows = deps.db.raw
    .query<DeliveryRow, Record<string, string | number | null>>(
      `${SELECT_ROW} where d.seq in (select value from json_each($seqs))
         and ($verdict is null or d.verdict = $verdict) and ($reason is null or d.reason = $reason)
         and ($event is null or d.event = $event) and ($from is null or d.received_at >= $from)
         and ($to is null or d.received_at < $to) order by d.seq desc limit $limit`,
    )
    .all({ seqs: JSON.stringify(seqs), verdict, reason, event, from, to, limit });
  const last = seqs.at(-1);
  return { rows, scannedTo: seqs.length < most || last === undefined ? null : last };
}

/** What a webhook's verified refusals take: rows and body bytes. */
export function keptRefusals(deps: { db: Db }, agent: number): { rows: number; bytes: number } {
  const row = deps.db.raw
    .query<{ rows: number; bytes: number }, [number]>(
      "select count(*) as rows, coalesce(sum(size), 0) as bytes from deliveries where agent = ? and verdict = 'refused' and verified = 1",
    )
    .get(agent);
  return row ?? { rows: 0, bytes: 0 };
}

/** How many other rows that are not accepted an agent (null: unknown ones) has since `from`. */
export function countOthersSince(
  deps: { db: Db },
  data: { agent: number | null; from: number; limit: number },
): number {
  const row = deps.db.raw
    .query<{ count: number }, [number | null, number, number]>(
      "select count(*) as count from (select received_at from deliveries where agent is ? and verdict <> 'accepted' and not (verdict = 'refused' and verified = 1) order by seq desc limit ?) where received_at >= ?",
    )
    .get(data.agent, data.limit, data.from);
  return row?.count ?? 0;
}

/** Adds to the count of deliveries that were not kept as rows; runs inside a write. */
export function addToCount(
  deps: { db: Db },
  data: { agent: number; hour: number; reason: Reason; count: number },
): void {
  deps.db.raw
    .query(
      "insert into delivery_counts (agent, hour, reason, count) values (?, ?, ?, ?) on conflict do update set count = count + excluded.count",
    )
    .run(data.agent, data.hour, data.reason, data.count);
}

/** Rows that a sweep looks at: a few dated ahead, by a clock set back since, do not stop it. */
const MAX_SWEPT_OVER = 1_000;

/**
 * Deletes at most `limit` rows received before `before` that are neither accepted nor verified
 * refusals, oldest first; returns how many. Runs inside a write.
 */
export function sweepOthers(deps: { db: Db }, data: { before: number; limit: number }): number {
  const rows = deps.db.raw
    .query<{ seq: number }, [number, number, number]>(
      `select seq from (select seq, received_at from deliveries indexed by deliveries_to_sweep
         where verdict <> 'accepted' and not (verdict = 'refused' and verified = 1) order by seq limit ?)
       where received_at < ? limit ?`,
    )
    .all(MAX_SWEPT_OVER, data.before, data.limit);
  for (const { seq } of rows) {
    deps.db.raw.query("delete from payloads where seq = ?").run(seq);
    deps.db.raw.query("delete from deliveries where seq = ?").run(seq);
  }
  return rows.length;
}
