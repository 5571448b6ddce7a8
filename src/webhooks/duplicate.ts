// Whether a delivery repeats an accepted one: asked before the limits, and again inside the write.

import { isIdempotencyKey } from "../auth/idempotency-key";
import type { Db } from "../db/open";
import { findPayload } from "../executions/executions.store";
import { equalBytes } from "../lib/crypto";
import type { Delivery, Refusal, Repeat } from "./delivery";
import { findFirst } from "./idempotency.store";

/** Finds the delivery's key: the caller's own, else the sender's delivery id. */
export function readKey(delivery: Delivery): Refusal | null {
  const own = delivery.request.headers.get("idempotency-key");
  if (own !== null) {
    if (!isIdempotencyKey(own)) return MALFORMED;
    delivery.key = { source: "caller", key: own };
    return null;
  }
  const { deliveryKey } = delivery;
  if (deliveryKey !== null && isIdempotencyKey(deliveryKey)) {
    delivery.key = { source: "sender", key: deliveryKey };
  }
  return null;
}

const MALFORMED: Refusal = {
  verdict: "refused",
  gate: "duplicate",
  reason: "IDEMPOTENCY_KEY_INVALID",
  code: "IDEMPOTENCY_KEY_INVALID",
};

const MISMATCH: Refusal = {
  verdict: "refused",
  gate: "duplicate",
  reason: "IDEMPOTENCY_MISMATCH",
  code: "IDEMPOTENCY_MISMATCH",
};

/** The first delivery of the same key; a caller that changed its body is refused instead. */
export function findRepeat(
  deps: { db: Db; windowNow(): number },
  delivery: Delivery,
): Repeat | Refusal | null {
  if (delivery.key === null || delivery.webhook === null) return null;
  const agent = delivery.webhook.agent.seq;
  const first = findFirst(deps, { ...delivery.key, agent, now: delivery.receivedAt });
  if (first === null) return null;
  const body = findPayload(deps, first.seq);
  const same = body === null || equalBytes(body, delivery.body);
  if (!same && delivery.key.source === "caller") return MISMATCH;
  const status = first.state === "waiting" ? "running" : first.state;
  return {
    verdict: "duplicate",
    gate: "duplicate",
    // Senders change fields between retries: the delivery id decides.
    reason: same ? "DUPLICATE" : "BODY_DIFFERS",
    first: { seq: first.seq, uid: first.uid, status },
  };
}
