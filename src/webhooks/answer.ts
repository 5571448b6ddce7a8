// The answer to a delivery: the seed's body, the limits' state, and where the result will be.

import type { Db } from "../db/open";
import { AppError, toFailureBody } from "../errors";
import type { ExecutionEnd } from "../executions/executions.schema";
import type { ReadTokens } from "../executions/read-token";
import type { Clock } from "../lib/clock";
import { formatId } from "../lib/ids";
import type { Delivery, Outcome, Refusal } from "./delivery";
import type { WindowState } from "./limiter";
import { peek, WINDOW_MS } from "./limiter";

export interface Answering {
  db: Db;
  clock: Clock;
  windowNow(): number;
  readTokens: ReadTokens;
  /** Whether answers carry a `Location` with a token. */
  readLinks: boolean;
}

function windowHeaders(
  deps: Answering,
  data: { window: WindowState; perMinute: number },
): Record<string, string> {
  const { window, perMinute } = data;
  const seconds = Math.max(0, Math.ceil(window.resetMs / 1000));
  // IETF draft-ietf-httpapi-ratelimit-headers, and the older names beside it.
  return {
    "RateLimit-Policy": `"webhook";q=${perMinute};w=${WINDOW_MS / 1000}`,
    RateLimit: `"webhook";r=${window.remaining};t=${seconds}`,
    "X-RateLimit-Limit": String(perMinute),
    "X-RateLimit-Remaining": String(window.remaining),
    "X-RateLimit-Reset": String(Math.ceil((deps.clock.now() + window.resetMs) / 1000)),
  };
}

function limitHeaders(deps: Answering, data: Answer): Record<string, string> {
  const { delivery, outcome } = data;
  if (delivery.webhook === null) return {};
  const { agent } = delivery.webhook;
  if (!delivery.verified && agent.webhook.auth.type !== "none") return {};
  const { perMinute } = agent.webhook.limits;
  const now = deps.windowNow();
  const window =
    outcome.verdict === "accepted" && data.late === undefined
      ? outcome.window
      : peek(deps, { agent: agent.seq, kind: "live", perMinute, now });
  return windowHeaders(deps, { window, perMinute });
}

function location(
  deps: Answering,
  data: { agentId: string; executionId: string },
): Record<string, string> {
  if (!deps.readLinks) return {};
  const token = deps.readTokens.make(data.executionId, deps.clock.now());
  return { Location: `/agents/${data.agentId}/executions/${data.executionId}?token=${token}` };
}

/** What an answer that has waited tells in place of the accepted one. */
const successEnd = (data: ExecutionEnd): string => JSON.stringify({ success: true, data });

const success = (executionId: string | null, status: string): string =>
  `{"success":true,"data":{"executionId":${JSON.stringify(executionId)},"status":"${status}"}}`;

interface Parts {
  status: number;
  headers: Record<string, string>;
  body: string;
}

function refused(delivery: Delivery, outcome: Refusal): Parts {
  const error = new AppError(outcome.code, {
    ...(outcome.message === undefined ? {} : { message: outcome.message }),
    ...(outcome.details === undefined ? {} : { details: outcome.details }),
  });
  const body = JSON.stringify(toFailureBody(error, delivery.requestId));
  return { status: error.status, headers: outcome.headers ?? {}, body };
}

/** An answer to a delivery. */
interface Answer {
  delivery: Delivery;
  outcome: Outcome;
  /** Where it has waited: the execution's end, or null where that did not come in time. */
  late?: { end: ExecutionEnd | null };
}

function partsOf(deps: Answering, data: Answer): Parts {
  const { delivery, outcome } = data;
  const { agentId } = delivery;
  const end = data.late?.end ?? null;
  switch (outcome.verdict) {
    case "accepted": {
      const executionId = formatId("exec", delivery.uid);
      const headers = location(deps, { agentId, executionId });
      const body = end === null ? success(executionId, "running") : successEnd(end);
      return { status: 200, headers, body };
    }
    case "duplicate": {
      const executionId = formatId("exec", outcome.first.uid);
      const headers = {
        "Idempotent-Replayed": "true",
        ...location(deps, { agentId, executionId }),
      };
      const { status } = outcome.first;
      const body = end === null ? success(executionId, status) : successEnd(end);
      return { status: 200, headers, body };
    }
    case "handshake":
      return { status: 200, headers: {}, body: success(null, "handshake") };
    default:
      return refused(delivery, outcome);
  }
}

/** Builds the response; headers tell of limits only once the credential has passed. */
export function answer(deps: Answering, data: Answer): Response {
  const { status, headers, body } = partsOf(deps, data);
  return new Response(body, {
    status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": data.delivery.requestId,
      ...limitHeaders(deps, data),
      ...headers,
    },
  });
}
