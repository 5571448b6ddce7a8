// The answer to a delivery: the seed's body, the limits' state, and where the result will be; at once,
// or with the execution's end where the webhook says so.

import { statusOf, toFailureBody } from "../errors";
import type { ExecutionEnd } from "../executions/executions.schema";
import type { ViewDeps } from "../executions/view";
import type { Wait, Waits } from "../executions/waits";
import { awaitEnd } from "../executions/waits";
import { formatId } from "../lib/ids";
import type { Delivery, Incoming, Outcome, Refusal } from "./delivery";
import { withoutBody } from "./delivery";
import type { WindowState } from "./limiter";
import { peek, WINDOW_MS } from "./limiter";

export type AnswerDeps = ViewDeps & {
  windowNow(): number;
  waits: Waits;
};

function windowHeaders(
  deps: AnswerDeps,
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

function limitHeaders(deps: AnswerDeps, data: Answer): Record<string, string> {
  const { delivery, outcome } = data;
  if (delivery.webhook === null) return {};
  const { agent } = delivery.webhook;
  if (!delivery.verified && agent.webhook.auth.type !== "none") return {};
  const { perMinute } = agent.webhook.limits;
  const known = "window" in outcome && data.late === undefined ? outcome.window : undefined;
  const window =
    known ?? peek(deps, { agent: agent.seq, kind: "live", perMinute, now: deps.windowNow() });
  return windowHeaders(deps, { window, perMinute });
}

function location(
  deps: AnswerDeps,
  data: { agentId: string; executionId: string },
): Record<string, string> {
  if (!deps.readLinks) return {};
  const token = deps.readTokens.make(data.executionId, deps.clock.now());
  return { Location: `/agents/${data.agentId}/executions/${data.executionId}?token=${token}` };
}

/** What an answer that has waited tells in place of the accepted one. */
const successEnd = (data: ExecutionEnd): string => JSON.stringify({ success: true, data });

const success = (executionId: string | null, status: string): string =>
  `{"success":true,"data":{"executionId":${executionId === null ? "null" : `"${executionId}"`},"status":"${status}"}}`;

interface Parts {
  status: number;
  headers: Record<string, string>;
  body: string;
}

function refused(delivery: Delivery, outcome: Refusal): Parts {
  const body = JSON.stringify(toFailureBody(outcome, delivery.requestId));
  return { status: statusOf(outcome.code), headers: outcome.headers ?? {}, body };
}

/** A delivery that has been through the gates. */
export interface Decided {
  delivery: Delivery;
  outcome: Outcome;
}

/** What is answered to it. */
interface Answer extends Decided {
  /** Where it has waited: the execution's end, or null where that did not come in time. */
  late?: { end: ExecutionEnd | null };
}

/** Tells of an execution: how it stands or ended, and where its result will be. */
function ofExecution(
  deps: AnswerDeps,
  data: { agentId: string; uid: Uint8Array; status: string; end: ExecutionEnd | null },
): Parts {
  const { agentId, uid, status, end } = data;
  const executionId = formatId("exec", uid);
  return {
    status: 200,
    headers: location(deps, { agentId, executionId }),
    body: end === null ? success(executionId, status) : successEnd(end),
  };
}

function partsOf(deps: AnswerDeps, data: Answer): Parts {
  const { delivery, outcome } = data;
  const { agentId, uid } = delivery;
  const end = data.late?.end ?? null;
  switch (outcome.verdict) {
    case "accepted":
      return ofExecution(deps, { agentId, uid, status: "running", end });
    case "duplicate": {
      const { status, headers, body } = ofExecution(deps, { ...outcome.first, agentId, end });
      return { status, headers: { "Idempotent-Replayed": "true", ...headers }, body };
    }
    case "handshake":
      return { status: 200, headers: {}, body: success(null, "handshake") };
    default:
      return refused(delivery, outcome);
  }
}

/** On every answer; copied, which takes half as long as to read them from an object again. */
const COMMON_HEADERS = new Headers({
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
});

/** Builds the response; headers tell of limits only once the credential has passed. */
function answer(deps: AnswerDeps, data: Answer): Response {
  const { status, headers: own, body } = partsOf(deps, data);
  const response = new Response(body, { status, headers: COMMON_HEADERS });
  const { headers } = response;
  headers.set("X-Request-Id", data.delivery.requestId);
  const limits = limitHeaders(deps, data);
  for (const name in limits) headers.set(name, limits[name] ?? "");
  for (const name in own) headers.set(name, own[name] ?? "");
  return response;
}

interface Expected {
  seq: number;
  uid: Uint8Array;
}

/** The execution whose end is of interest: the delivery's own, or that of the one it repeats. */
function executionOf({ delivery, outcome }: Decided): Expected | null {
  if (outcome.verdict === "duplicate") return outcome.first;
  return outcome.verdict === "accepted" ? { seq: outcome.seq, uid: delivery.uid } : null;
}

async function answerLater(
  deps: AnswerDeps,
  data: Decided & { wait: Wait; execution: Expected },
): Promise<Response> {
  const end = await awaitEnd(deps, { ...data.wait, ...data.execution });
  return answer(deps, { ...data, late: { end } });
}

/**
 * Answers at once, or where the webhook says so once the execution has ended, at the latest after
 * `waitSeconds`. A repeat waits as the first did: its sender lost that answer.
 */
export function respond(
  deps: AnswerDeps,
  data: Decided & { incoming: Incoming },
): Response | Promise<Response> {
  const { delivery, outcome, incoming } = data;
  const setting = delivery.webhook?.agent.webhook.respond ?? "async";
  if (setting === "async") return answer(deps, data);
  const execution = executionOf(data);
  if (execution === null) return answer(deps, data);
  const wait = { seconds: setting.waitSeconds, ...incoming };
  // A minute is too long to hold a large body that nobody counts any more.
  return answerLater(deps, { delivery: withoutBody(delivery), outcome, wait, execution });
}
