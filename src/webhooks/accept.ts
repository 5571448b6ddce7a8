// The last gates, in one transaction: key, window, cap, execution, body, ledger row. All or nothing.

import type { Db } from "../db/open";
import { pack } from "../db/pack";
import type { Sequence } from "../db/sequence";
import type { Writer } from "../db/writer";
import { AppError } from "../errors";
import type { FreshInputs } from "../executions/input";
import type { ExecutionOrigin } from "../executions/executions.store";
import { insertExecution, insertPayload, toFresh } from "../executions/executions.store";
import type { Pool } from "../executions/slots/pool";
import type { Clock } from "../lib/clock";
import type { Delivery, LiveWebhook, Outcome, Refusal } from "./delivery";
import { insertDelivery } from "./deliveries.store";
import { findRepeat } from "./duplicate";
import type { Durations } from "../executions/durations";
import { claimKey } from "./idempotency.store";
import { maskedHeaders, queryOf, toRow } from "./ledger/ledger-row";
import type { TakeRequest, UsedUp, UsedUpWindows } from "./limiter";
import { placesOf, take } from "./limiter";
import { DEDUP_MS } from "./presets/preset";

export interface AcceptDeps {
  db: Db;
  writer: Writer;
  clock: Clock;
  sequence: Sequence;
  windowNow(): number;
  usedUpWindows: UsedUpWindows;
  freshInputs: FreshInputs;
  pool: Pool;
  durations: Durations;
}

interface Commit {
  delivery: Delivery;
  webhook: LiveWebhook;
  origin: ExecutionOrigin;
  headers: string;
  payload: ReturnType<typeof pack>;
}

function refuseLimit(deps: AcceptDeps, data: { webhook: LiveWebhook; usedUp: UsedUp }): Refusal {
  const { agent } = data.webhook;
  const { limits } = agent.webhook;
  const { gate, used, remaining, resetMs } = data.usedUp;
  const seconds =
    gate === "rate"
      ? Math.max(1, Math.ceil(resetMs / 1000))
      : deps.durations.retryAfterSeconds(agent.seq);
  const reason = gate === "rate" ? "RATE_LIMITED" : "CONCURRENCY_LIMITED";
  const limit = gate === "rate" ? limits.perMinute : placesOf(limits);
  return {
    verdict: "refused",
    gate,
    reason,
    code: reason,
    headers: { "Retry-After": String(seconds) },
    detail: { limit, used },
    window: { remaining, resetMs },
  };
}

function requestOf(deps: AcceptDeps, { agent }: LiveWebhook): TakeRequest {
  const { limits } = agent.webhook;
  return {
    agent: agent.seq,
    kind: "live",
    perMinute: limits.perMinute,
    places: placesOf(limits),
    now: deps.windowNow(),
  };
}

interface Committed {
  outcome: Outcome;
  /** What was asked of a limit in vain. */
  exceeded?: { request: TakeRequest; usedUp: UsedUp };
}

function commit(deps: AcceptDeps, data: Commit): Committed {
  const { delivery, webhook } = data;
  const { seq } = data.origin;
  const { agent } = webhook;
  const repeat = findRepeat(deps, delivery);
  if (repeat !== null) return { outcome: repeat };
  const request = requestOf(deps, webhook);
  const taking = take(deps, request);
  if (!taking.ok) {
    const outcome = refuseLimit(deps, { webhook, usedUp: taking });
    return { outcome, exceeded: { request, usedUp: taking } };
  }
  insertExecution(deps, { ...data.origin, createdAt: delivery.receivedAt });
  insertPayload(deps, { seq, payload: data.payload });
  if (delivery.key !== null) {
    const expiresAt = delivery.receivedAt + (delivery.preset?.dedupMs ?? DEDUP_MS);
    claimKey(deps, { ...delivery.key, agent: agent.seq, execution: seq, expiresAt });
  }
  const outcome: Outcome = { verdict: "accepted", gate: null, reason: null, seq, window: taking };
  const endedTick = deps.clock.monotonic();
  insertDelivery(deps, toRow({ seq, delivery, outcome, endedTick, headers: data.headers }));
  return { outcome };
}

function keepInput(
  deps: AcceptDeps,
  data: { delivery: Delivery; seq: number; masked: Record<string, string>; headers: string },
): void {
  const { delivery, seq } = data;
  const { body, request } = delivery;
  const trigger = {
    type: "webhook" as const,
    headers: data.masked,
    query: Object.fromEntries(new URLSearchParams(queryOf(request))),
    event: delivery.event,
    deliveryId: delivery.deliveryKey,
  };
  const size = body.length + data.headers.length + request.url.length;
  deps.freshInputs.keep({ seq, size, value: { input: delivery.input, trigger } });
}

/** Commits a delivery that has passed all other gates, and hands its execution to the pool. */
export function accept(deps: AcceptDeps, delivery: Delivery): Refusal | Promise<Outcome> {
  const { webhook } = delivery;
  if (webhook === null) throw new Error("A delivery is accepted after gate 2 only.");
  const usedUp = deps.usedUpWindows.find(requestOf(deps, webhook));
  if (usedUp !== null) return refuseLimit(deps, { webhook, usedUp });
  const seq = deps.sequence.next();
  const masked = maskedHeaders(delivery.request.headers);
  const headers = JSON.stringify(masked);
  const origin = {
    seq,
    uid: delivery.uid,
    agent: webhook.agent.seq,
    version: webhook.version,
    trigger: "webhook" as const,
    delivery: seq,
  };
  const entry = { delivery, webhook, origin, headers, payload: pack(delivery.body) };
  // Before the write: a slot may take the execution as soon as it is committed.
  keepInput(deps, { delivery, seq, masked, headers });
  const written = deps.writer.write(
    () => commit(deps, entry),
    ({ outcome, exceeded }) => {
      if (outcome.verdict === "accepted") deps.pool.offer(toFresh(origin));
      else deps.freshInputs.take(seq);
      if (exceeded !== undefined) deps.usedUpWindows.note(exceeded);
    },
  );
  return written.then(
    ({ outcome }) => outcome,
    (error: unknown) => {
      deps.freshInputs.take(seq);
      return storageRefusal(error);
    },
  );
}

function storageRefusal(error: unknown): Refusal {
  if (!(error instanceof AppError) || error.code !== "STORAGE_UNAVAILABLE") throw error;
  return {
    verdict: "refused",
    gate: "commit",
    reason: "STORAGE_UNAVAILABLE",
    code: "STORAGE_UNAVAILABLE",
    headers: error.headers,
  };
}
