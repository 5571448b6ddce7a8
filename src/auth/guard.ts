// Who may call a route. Runs before the body is read, so that a stranger's body costs nothing.

import type { Db } from "../db/open";
import type { Uses } from "../db/uses";
import { AppError, invalid } from "../errors";
import type { ByteBudget } from "../lib/body";
import { readBody } from "../lib/body";
import type { Clock } from "../lib/clock";
import type { PeerLookup, ProxyDeps } from "../lib/network/forwarded";
import { arrivalOf, clientOf } from "../lib/network/forwarded";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import { describeJsonProblem, parseJsonInTurns } from "../lib/json";
import type { LoopTurn } from "../lib/loop-turn";
import type { Operation, TakenHeader, WriteHeader } from "../lib/operation";
import { describeOperation } from "../lib/operation";
import { requestIdOf } from "../lib/request-id";
import type { Scope } from "../vocabulary";
import { SCOPES } from "../vocabulary";
import type { Failures } from "./failures";
import { idempotencyKeyOf } from "./idempotency-key";
import type { Grant } from "./tokens.store";
import { findGrant } from "./tokens.store";

export interface GuardDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
  budget: ByteBudget;
  turn: LoopTurn;
  failures: Failures;
  tokenUses: Uses;
  config: ProxyDeps["config"];
}

/** Largest body of a route other than the webhook. */
const MAX_API_BODY_BYTES = 1024 * 1024;

/** The token of `Authorization: Bearer …` (RFC 6750; the scheme's case is free, RFC 9110). */
export function bearerOf(request: Request): string | null {
  const match = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "");
  return match?.[1] ?? null;
}

/** The grant behind a request, or null without a valid token. */
export function grantOf(deps: { db: Db; clock: Clock }, request: Request): Grant | null {
  const token = bearerOf(request);
  return token === null ? null : findGrant(deps, token);
}

/** The id of the token behind a request, as the author of a change; null for none. */
export const authorOf = (deps: { db: Db; clock: Clock }, request: Request): string | null =>
  grantOf(deps, request)?.id ?? null;

/** Whether a grant covers a scope on a route, which belongs to one agent or, null, to none. */
export function covers(grant: Grant, data: { scope: Scope; agentId: string | null }): boolean {
  if (SCOPES.indexOf(grant.scope) < SCOPES.indexOf(data.scope)) return false;
  return grant.agentId === null || grant.agentId === data.agentId;
}

/** What the guard reads of a request: the route that was taken and its parameters, never its URL. */
interface Call {
  request: Request;
  server: PeerLookup;
  /** As it was registered, such as `/agents/:id`. */
  route: string;
  params?: Record<string, string> | undefined;
}

/** The agent whose route was taken, or null on a route of no agent. */
export const agentOf = ({ route, params }: Pick<Call, "route" | "params">): string | null =>
  /^\/agents\/:id(\/|$)/.test(route) ? (params?.["id"] ?? null) : null;

/** What a call without a good token is answered; one that tried is counted. */
function refusalOf(deps: GuardDeps, call: Call): AppError {
  if (call.request.headers.has("authorization")) {
    const address = clientOf(deps, arrivalOf(call));
    const { tooMany, retrySeconds } = deps.failures.count({ address, agentId: null });
    const headers = { "Retry-After": String(retrySeconds) };
    if (tooMany) return new AppError("TOO_MANY_FAILURES", { headers });
  }
  return new AppError("UNAUTHORIZED", {
    hint: "Send `Authorization: Bearer hk_live_…`.",
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

function authorize(deps: GuardDeps, data: { call: Call; operation: Guarded }): void {
  const grant = grantOf(deps, data.call.request);
  if (grant === null) throw refusalOf(deps, data.call);
  deps.tokenUses.note(grant.id, deps.clock.now());
  const { scope, beyondAgent = false } = data.operation;
  if (covers(grant, { scope, agentId: beyondAgent ? null : agentOf(data.call) })) return;
  const hint = covers(grant, { scope, agentId: grant.agentId })
    ? `The token is for one agent; take one that is for ${beyondAgent ? "all" : "this agent, or for all"}.`
    : `This needs the scope ${scope}.`;
  throw new AppError("FORBIDDEN", { hint });
}

const BODY_PROBLEMS = {
  too_large: "PAYLOAD_TOO_LARGE",
  encoded: "UNSUPPORTED_ENCODING",
  overloaded: "OVERLOADED",
  aborted: "INVALID_JSON",
  slow: "BODY_TIMEOUT",
} as const;

async function readJson(deps: GuardDeps, request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json *(;|$)/i.test(type)) throw new AppError("UNSUPPORTED_MEDIA_TYPE");
  const reading = await readBody(deps, { request, maxBytes: MAX_API_BODY_BYTES, lane: "api" });
  if (!reading.ok) throw new AppError(BODY_PROBLEMS[reading.problem]);
  try {
    const parsed = await parseJsonInTurns(deps, reading.bytes);
    if (parsed.ok) return parsed.value;
    throw new AppError("INVALID_JSON", { message: describeJsonProblem(parsed.problem) });
  } finally {
    reading.release();
  }
}

interface Hook {
  request: Request;
  set: { headers: Record<string, unknown> };
}

/** Headers of every answer to a caller: for nobody to keep, or to guess a type of. */
export function setAnswerHeaders(deps: { ids: Ids }, { request, set }: Hook): void {
  set.headers["x-request-id"] = requestIdOf(request, () => formatId("req", deps.ids.uid()));
  set.headers["cache-control"] = "no-store";
  set.headers["x-content-type-options"] = "nosniff";
}

/** Why an operation does not take a header; ignoring it would let a caller count on it. */
const NOT_TAKEN: Record<WriteHeader, string> = {
  "if-match": "This request changes nothing that has an ETag; leave if-match out.",
  "idempotency-key": "This request does no harm when repeated; leave idempotency-key out.",
};

function checkHeaders(request: Request, takes: readonly TakenHeader[]): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const details = (["if-match", "idempotency-key"] as const)
    .filter((name) => request.headers.has(name) && !takes.includes(name))
    .map((field) => ({ field, code: "HEADER_UNAVAILABLE" as const, message: NOT_TAKEN[field] }));
  if (details.length > 0) throw invalid(...details);
  // Before the body is read: what cannot be a key is refused whatever comes with it.
  idempotencyKeyOf(request);
}

/** A guarded operation: one that asks for a token. */
type Guarded = Operation & {
  scope: Scope;
  /** It reaches beyond the agent of its path: a token bound to that agent does not cover it. */
  beyondAgent?: boolean;
};

/**
 * Codes of every guarded route; all of them refuse unknown query parameters. ORIGIN_NOT_ALLOWED is
 * the answer to writes alone, and the document leaves it out elsewhere.
 */
const GUARD_CODES = [
  "VALIDATION_ERROR",
  "HOST_NOT_ALLOWED",
  "ORIGIN_NOT_ALLOWED",
  "UNAUTHORIZED",
  "TOO_MANY_FAILURES",
  "FORBIDDEN",
] as const;
const BODY_CODES = ["UNSUPPORTED_MEDIA_TYPE", ...Object.values(BODY_PROBLEMS)] as const;

/** Route hooks that let the operation's scope and above in; a body is not read. */
export const requires = (deps: GuardDeps, operation: Guarded) => ({
  transform: ({ request, server, route, params, set }: Call & Hook) => {
    authorize(deps, { call: { request, server, route, params }, operation });
    checkHeaders(request, operation.takes ?? []);
    setAnswerHeaders(deps, { request, set });
  },
  detail: describeOperation(operation, GUARD_CODES),
});

/** As `requires`, for routes with a body: reads it as strict JSON, after the credential. */
export const requiresJson = (deps: GuardDeps, operation: Guarded) => ({
  ...requires(deps, operation),
  parse: ({ request, server, route, params }: Call) => {
    authorize(deps, { call: { request, server, route, params }, operation });
    return operation.bodyOptional === true && request.body === null ? {} : readJson(deps, request);
  },
  detail: describeOperation(operation, [...GUARD_CODES, ...BODY_CODES]),
});
