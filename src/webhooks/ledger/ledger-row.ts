// A delivery as a row of the ledger: headers masked, our answer noted.

import type { ErrorCode } from "../../errors";
import { statusOf } from "../../errors";
import type { NewDelivery } from "../deliveries.store";
import type { Delivery, Outcome } from "../delivery";

/** Names of headers that hold credentials, of this webhook or of what stands before it. */
const CREDENTIAL = /authorization|cookie|token|secret|password|credential|api-?key|jwt/;

/** The request's headers as one object of lower-case names; credentials are not in it. */
export function maskedHeaders(headers: Headers): Record<string, string> {
  const masked: Record<string, string> = Object.create(null);
  for (const [name, value] of headers) masked[name] = CREDENTIAL.test(name) ? "***" : value;
  return masked;
}

/** The query without its question mark. */
export function queryOf(request: Request): string {
  const at = request.url.indexOf("?");
  return at === -1 ? "" : request.url.slice(at + 1);
}

const codeOf = (outcome: Outcome): ErrorCode | null => ("code" in outcome ? outcome.code : null);

/** The row of a delivery with its outcome, under the number that it was given. */
export function toRow(data: {
  seq: number;
  delivery: Delivery;
  outcome: Outcome;
  /** Monotonic milliseconds of the decision. */
  endedTick: number;
  headers?: string;
}): NewDelivery {
  const { seq, delivery, outcome } = data;
  const code = codeOf(outcome);
  const detail = "detail" in outcome && outcome.detail !== undefined ? outcome.detail : null;
  return {
    seq,
    uid: delivery.uid,
    agent: delivery.agent?.seq ?? null,
    receivedAt: delivery.receivedAt,
    verdict: outcome.verdict,
    gate: outcome.gate,
    reason: outcome.reason,
    verified: delivery.verified,
    method: delivery.request.method,
    query: queryOf(delivery.request),
    address: delivery.address,
    headers: data.headers ?? JSON.stringify(maskedHeaders(delivery.request.headers)),
    preset: delivery.preset?.name ?? "none",
    event: delivery.event,
    deliveryKey: delivery.deliveryKey,
    size: delivery.body.length,
    decoding: delivery.decoding,
    status: code === null ? 200 : statusOf(code),
    code,
    execution: outcome.verdict === "accepted" ? seq : executionOf(outcome),
    micros: Math.round((data.endedTick - delivery.startedTick) * 1000),
    detail: detail === null ? null : JSON.stringify(detail),
  };
}

const executionOf = (outcome: Outcome): number | null =>
  outcome.verdict === "duplicate" ? outcome.first.seq : null;
