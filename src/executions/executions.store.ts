// Rows of executions: one function per change of state, each naming the states it may start from.
// Hot statements are prepared once by `query`, which keeps them by their text.

import type { Db } from "../db/open";
import type { Packed } from "../db/pack";
import { pack, unpack } from "../db/pack";
import type { Failure, Usage } from "../pipelines/record";
import type { ExecutionState, FinalState, Trigger } from "../vocabulary";

export interface StoreDeps {
  db: Db;
}

export interface ExecutionRow {
  seq: number;
  uid: Uint8Array;
  agent: number;
  agentId: string;
  version: number;
  trigger: Trigger;
  state: ExecutionState;
  delivery: number | null;
  deliveryUid: Uint8Array | null;
  replayUid: Uint8Array | null;
  callerUid: Uint8Array | null;
  callerAgentId: string | null;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  attempt: number;
  recoveries: number;
  errorCode: string | null;
  errorMessage: string | null;
  errorNode: string | null;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  cost: number | null;
}

/** What an execution is from the start. */
export interface ExecutionOrigin {
  seq: number;
  uid: Uint8Array;
  agent: number;
  version: number;
  trigger: Trigger;
  /** Delivery whose body is the input, or null where the input has a payload of its own. */
  delivery: number | null;
}

/** What the pool needs to start an execution. */
export interface WaitingRow extends ExecutionOrigin {
  attempt: number;
  recoveries: number;
}

/** An execution that was never in a slot, as the pool takes it up. */
export const toFresh = (origin: ExecutionOrigin): WaitingRow => ({
  ...origin,
  attempt: 0,
  recoveries: 0,
});

export interface NewExecution extends ExecutionOrigin {
  createdAt: number;
  /** The execution that called this one. */
  caller?: number;
  /** The execution that this one runs again. */
  replayOf?: number;
}

/** Stores an execution that waits for a slot; runs inside a write. */
export function insertExecution(deps: StoreDeps, data: NewExecution): void {
  deps.db.raw
    .query(
      "insert into executions (seq, uid, agent, version, trigger, state, delivery, caller, replay_of, created_at) values (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)",
    )
    .run(
      data.seq,
      data.uid,
      data.agent,
      data.version,
      data.trigger,
      data.delivery,
      data.caller ?? null,
      data.replayOf ?? null,
      data.createdAt,
    );
}

/** Stores a body or an input under its `seq`; runs inside a write. */
export function insertPayload(deps: StoreDeps, data: { seq: number; payload: Packed }): void {
  deps.db.raw
    .query("insert into payloads (seq, packed, body) values (?, ?, ?)")
    .run(data.seq, data.payload.packed ? 1 : 0, data.payload.bytes);
}

/** The body stored under `seq`, or null where it is gone. */
export function findPayload(deps: StoreDeps, seq: number): Uint8Array | null {
  const row = deps.db.raw
    .query<{ packed: number; body: Uint8Array }, [number]>(
      "select packed, body from payloads where seq = ?",
    )
    .get(seq);
  return row === null ? null : unpack({ packed: row.packed, bytes: row.body });
}

/** An input as it is stored. */
export const packInput = (input: unknown): Packed => pack(Buffer.from(JSON.stringify(input)));

/** Whether there is that execution and it has not ended. */
export const isOpen = (deps: StoreDeps, seq: number): boolean =>
  deps.db.raw.query("select 1 from executions where seq = ? and finished_at is null").get(seq) !==
  null;

/** waiting → running; runs inside a write. */
export function markStarted(
  deps: StoreDeps,
  data: { seq: number; startedAt: number; attempt: number },
): void {
  deps.db.raw
    .query(
      "update executions set state = 'running', started_at = ?, attempt = ? where seq = ? and state = 'waiting'",
    )
    .run(data.startedAt, data.attempt, data.seq);
}

export interface Finish {
  seq: number;
  state: FinalState;
  /** Null leaves the recorded start. */
  startedAt: number | null;
  finishedAt: number;
  attempt: number;
  error: (Failure & { nodeId: string | null }) | null;
  usage: Usage | null;
  cost: number | null;
}

/** The end of an execution that is in no slot: it keeps its attempt and start, and has no usage. */
export const endWithoutSlot = (
  row: { seq: number; attempt: number },
  end: Pick<Finish, "state" | "finishedAt" | "error">,
): Finish => ({
  seq: row.seq,
  attempt: row.attempt,
  startedAt: null,
  usage: null,
  cost: null,
  ...end,
});

/** waiting or running → final; false where it was final already. Runs inside a write. */
export function markFinished(deps: StoreDeps, data: Finish): boolean {
  const { error, usage } = data;
  const { changes } = deps.db.raw
    .query(
      "update executions set state = ?, started_at = coalesce(?, started_at), finished_at = ?, attempt = ?, error_code = ?, error_message = ?, error_node = ?, input_tokens = ?, output_tokens = ?, cached_tokens = ?, cost = ? where seq = ? and state in ('waiting', 'running')",
    )
    .run(
      data.state,
      data.startedAt,
      data.finishedAt,
      data.attempt,
      error?.code ?? null,
      error?.message ?? null,
      error?.nodeId ?? null,
      usage?.inputTokens ?? null,
      usage?.outputTokens ?? null,
      usage?.cachedTokens ?? null,
      data.cost,
      data.seq,
    );
  return changes > 0;
}

/** A recorded effect is progress: the count towards CRASH_LOOP starts anew. Runs inside a write. */
export function clearRecoveries(deps: StoreDeps, seq: number): void {
  deps.db.raw.query("update executions set recoveries = 0 where seq = ?").run(seq);
}

/** running → waiting, for what a stop has cut: no crash, so nothing is counted. Runs inside a write. */
export function requeueCut(deps: StoreDeps, seq: number): void {
  deps.db.raw
    .query(
      "update executions set state = 'waiting', started_at = null where seq = ? and state = 'running'",
    )
    .run(seq);
}

/** running → waiting, for what an earlier process left; runs inside a write. */
export function requeueInterrupted(deps: StoreDeps, seq: number): void {
  deps.db.raw
    .query(
      "update executions set state = 'waiting', started_at = null, recoveries = recoveries + 1 where seq = ? and state = 'running'",
    )
    .run(seq);
}

/** What an earlier process had in its slots; what was called from there goes on with its caller. */
export function listInFlight(deps: StoreDeps): WaitingRow[] {
  return deps.db.raw
    .query<WaitingRow, []>(
      "select seq, uid, agent, version, trigger, delivery, attempt, recoveries from executions indexed by executions_open where finished_at is null and state = 'running' and caller is null order by seq",
    )
    .all();
}

const SELECT_ROW = `select e.seq, e.uid, e.agent, a.id as agentId, e.version, e.trigger, e.state, e.delivery,
  d.uid as deliveryUid, r.uid as replayUid,
  c.uid as callerUid, ca.id as callerAgentId, e.created_at as createdAt, e.started_at as startedAt,
  e.finished_at as finishedAt, e.attempt, e.recoveries, e.error_code as errorCode,
  e.error_message as errorMessage, e.error_node as errorNode, e.input_tokens as inputTokens,
  e.output_tokens as outputTokens, e.cached_tokens as cachedTokens, e.cost
  from executions e join agents a on a.seq = e.agent
  left join deliveries d on d.seq = e.delivery left join executions r on r.seq = e.replay_of
  left join executions c on c.seq = e.caller left join agents ca on ca.seq = c.agent`;

/** One execution by its 16 bytes. */
export const findExecution = (deps: StoreDeps, uid: Uint8Array): ExecutionRow | null =>
  deps.db.raw.query<ExecutionRow, [Uint8Array]>(`${SELECT_ROW} where e.uid = ?`).get(uid);

export interface ExecutionFilter {
  agent: number;
  before: number;
  trigger: Trigger | null;
  states: readonly ExecutionState[];
  limit: number;
}

/** Rows of one page that are looked at before it is cut short, here and in the ledger. */
export const MAX_SCANNED = 5_000;

/**
 * Executions of an agent below `before`, newest first. Looks at no more than 5,000 rows;
 * `scannedTo` is where the next page goes on when fewer than `limit` were found.
 */
export function listExecutions(
  deps: StoreDeps,
  filter: ExecutionFilter,
): { rows: ExecutionRow[]; scannedTo: number | null } {
  const floor = deps.db.raw
    .query<{ seq: number }, [number, number, number]>(
      "select seq from executions where agent = ? and seq < ? order by seq desc limit 1 offset ?",
    )
    .get(filter.agent, filter.before, MAX_SCANNED);
  const marks = filter.states.map(() => "?").join(", ");
  const states = filter.states.length === 0 ? "" : `and e.state in (${marks})`;
  const trigger = filter.trigger === null ? "" : "and e.trigger = ?";
  const rows = deps.db.raw
    .query<ExecutionRow, (string | number)[]>(
      `${SELECT_ROW} where e.agent = ? and e.seq < ? and e.seq > ? ${trigger} ${states} order by e.seq desc limit ?`,
    )
    .all(
      filter.agent,
      filter.before,
      floor?.seq ?? 0,
      ...(filter.trigger === null ? [] : [filter.trigger]),
      ...filter.states,
      filter.limit,
    );
  return { rows, scannedTo: floor === null ? null : floor.seq + 1 };
}

/** Durations of the agent's last finished executions in milliseconds, at most `limit`. */
export function recentDurations(deps: StoreDeps, data: { agent: number; limit: number }): number[] {
  return deps.db.raw
    .query<{ ms: number }, [number, number]>(
      "select finished_at - started_at as ms from (select finished_at, started_at from executions where agent = ? order by seq desc limit 100) where finished_at is not null and started_at is not null limit ?",
    )
    .all(data.agent, data.limit)
    .map((row) => row.ms);
}

/** What an execution reads of the delivery that started it. */
export interface DeliveryFacts {
  headers: string;
  query: string;
  event: string | null;
  deliveryKey: string | null;
  decoding: string | null;
}

/** Facts of a delivery, or null where it is gone. */
export const findDeliveryFacts = (deps: StoreDeps, seq: number): DeliveryFacts | null =>
  deps.db.raw
    .query<DeliveryFacts, [number]>(
      "select headers, query, event, delivery_key as deliveryKey, decoding from deliveries where seq = ?",
    )
    .get(seq);
