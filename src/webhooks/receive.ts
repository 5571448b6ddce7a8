// One delivery through the gates, in their order. Each returns how it ends the delivery, or null.

import type { Directory, LiveAgent } from "../agents/directory";
import type { CompiledVersions } from "../agents/versions";
import type { Failures } from "../auth/failures";
import { MAX_WEBHOOK_BODY_BYTES } from "../config";
import type { Uses } from "../db/uses";
import type { ErrorDetail } from "../errors";
import { AppError } from "../errors";
import type { CheckInputDeps } from "../executions/check-input";
import { checkInput } from "../executions/check-input";
import type { BodyReading, BodyRequest, ByteBudget } from "../lib/body";
import { readBody } from "../lib/body";
import { hmac } from "../lib/crypto";
import type { Ids } from "../lib/ids";
import type { Log } from "../lib/log";
import type { LoopTurn } from "../lib/loop-turn";
import type { Reason } from "../vocabulary";
import type { AcceptDeps } from "./accept";
import { accept } from "./accept";
import type { AnswerDeps } from "./answer";
import { respond } from "./answer";
import type {
  Acceptance,
  Delivery,
  Handshake,
  Incoming,
  LiveWebhook,
  Outcome,
  Refusal,
} from "./delivery";
import { MAX_NOTED_CHARS, openDelivery, refuse } from "./delivery";
import { findRepeat, readKey } from "./duplicate";
import type { Ledger } from "./ledger/ledger";
import type { PresetRow } from "./presets/preset";
import { PRESET_ROWS } from "./presets/table";
import { readInput } from "./read-input";
import { verify } from "./verify";

export type ReceiveDeps = AcceptDeps &
  AnswerDeps &
  CheckInputDeps & {
    ids: Ids;
    log: Log;
    budget: ByteBudget;
    turn: LoopTurn;
    directory: Directory;
    versions: CompiledVersions;
    failures: Failures;
    ledger: Ledger;
    secretUses: Uses;
  };

/** Answers one request to a webhook; what the answer promises is on disk. */
export async function receive(deps: ReceiveDeps, incoming: Incoming): Promise<Response> {
  const agent = deps.directory.find(incoming.agentId);
  const delivery = openDelivery(deps, { ...incoming, agent, preset: presetOf(agent) });
  let outcome: Outcome;
  try {
    outcome = await decide(deps, delivery);
    if (outcome.verdict !== "accepted") deps.ledger.record(delivery, outcome);
  } finally {
    delivery.release();
  }
  return respond(deps, { delivery, outcome, incoming });
}

/** How a gate ends a delivery; null where it lets it pass. */
type Stop = Exclude<Outcome, Acceptance> | null;

/**
 * Takes a request through the gates. Promises are only where something is waited for: one more that
 * is none takes a microsecond under load.
 */
function decide(deps: ReceiveDeps, delivery: Delivery): Outcome | Promise<Outcome> {
  const refusal = requirePost(delivery);
  if (refusal !== null) return refusal;
  const request = bodyRequestOf(deps, delivery);
  return readBody(deps, request).then((reading) => {
    const stop = takeBody(deps, { delivery, reading, request }) ?? passGates(deps, delivery);
    return stop instanceof Promise
      ? stop.then((late) => late ?? accept(deps, delivery))
      : (stop ?? accept(deps, delivery));
  });
}

function passGates(deps: ReceiveDeps, delivery: Delivery): Stop | Promise<Stop> {
  const refusal = requireLive(deps, delivery) ?? checkCredential(deps, delivery);
  if (refusal !== null) return refusal;
  const unread = readInput(deps, delivery);
  return unread instanceof Promise
    ? unread.then((late) => late ?? passLaterGates(deps, delivery))
    : (unread ?? passLaterGates(deps, delivery));
}

const passLaterGates = (deps: ReceiveDeps, delivery: Delivery): Stop | Promise<Stop> =>
  checkAgain(deps, delivery) ??
  readKey(delivery) ??
  findRepeat(deps, delivery) ??
  answerPing(delivery) ??
  requireFit(deps, delivery);

function presetOf(agent: LiveAgent | undefined): PresetRow | null {
  const preset = agent?.webhook.auth.preset ?? null;
  return preset === null ? null : PRESET_ROWS[preset];
}

function findLive(deps: ReceiveDeps, agent: LiveAgent | undefined): LiveWebhook | null {
  if (agent === undefined || !agent.webhookEnabled || agent.status !== "active") return null;
  const version = agent.liveVersion;
  if (version === null) return null;
  const pipeline = deps.versions.find({ agent: agent.seq, version });
  return pipeline === null ? null : { agent, version, pipeline };
}

const BODY_CODES = {
  too_large: "PAYLOAD_TOO_LARGE",
  encoded: "UNSUPPORTED_ENCODING",
  overloaded: "OVERLOADED",
  slow: "BODY_TIMEOUT",
} as const;

/** Gate 1, before the body. */
const requirePost = ({ request }: Delivery): Refusal | null =>
  request.method === "POST"
    ? null
    : refuse({ gate: "request", code: "METHOD_NOT_ALLOWED", headers: { Allow: "POST" } });

/** A webhook that is not live reads what the largest would, so that sizes tell nothing. */
function bodyRequestOf(deps: ReceiveDeps, delivery: Delivery): BodyRequest {
  const webhook = findLive(deps, delivery.agent);
  const maxBytes = webhook?.agent.webhook.limits.maxBodyBytes ?? MAX_WEBHOOK_BODY_BYTES;
  return { request: delivery.request, maxBytes, lane: `address ${delivery.address}` };
}

/** Gate 1, with the body. */
function takeBody(
  deps: ReceiveDeps,
  data: { delivery: Delivery; reading: BodyReading; request: BodyRequest },
): Refusal | null {
  const { delivery, reading } = data;
  if (reading.ok) {
    delivery.body = reading.bytes;
    delivery.release = reading.release;
    refreshAgent(deps, delivery);
    return null;
  }
  if (reading.problem === "aborted") {
    return { ...refuse({ gate: "request", code: "INVALID_JSON" }), reason: "REQUEST_ABORTED" };
  }
  const headers = reading.problem === "overloaded" ? { "Retry-After": "1" } : {};
  const code = BODY_CODES[reading.problem];
  return refuse({ gate: "request", code, headers, detail: { limit: data.request.maxBytes } });
}

/** The agent may have been changed while its body was on the way. */
function refreshAgent(deps: ReceiveDeps, delivery: Delivery): void {
  delivery.agent = deps.directory.find(delivery.agentId);
  delivery.preset = presetOf(delivery.agent);
}

/** Gates 2 and 3 once more where the agent was changed while a large body was parsed. */
function checkAgain(deps: ReceiveDeps, delivery: Delivery): Refusal | null {
  if (deps.directory.find(delivery.agentId) === delivery.agent) return null;
  refreshAgent(deps, delivery);
  delivery.verified = false;
  return requireLive(deps, delivery) ?? checkCredential(deps, delivery);
}

const DUMMY_KEY = "not a secret: its only use is to take as long";

function reasonNotLive(agent: LiveAgent | undefined): Reason {
  if (agent === undefined) return "UNKNOWN_AGENT";
  if (!agent.webhookEnabled) return "WEBHOOK_DISABLED";
  return agent.status === "active" ? "VERSION_UNRUNNABLE" : "AGENT_INACTIVE";
}

/** Gate 2: one answer for unknown, switched off and inactive, after the same work. */
function requireLive(deps: ReceiveDeps, delivery: Delivery): Refusal | null {
  delivery.webhook = findLive(deps, delivery.agent);
  if (delivery.webhook !== null) return null;
  hmac({ algorithm: "sha256", key: DUMMY_KEY, parts: [delivery.body] });
  const reason = reasonNotLive(delivery.agent);
  const detail = { agentId: delivery.agentId.slice(0, MAX_NOTED_CHARS) };
  return { verdict: "refused", gate: "agent", reason, code: "NOT_FOUND", detail };
}

/** What a 401 asks for; a signature has no registered scheme of its own. */
const CHALLENGES = {
  bearer: "Bearer",
  basic: 'Basic realm="webhook", charset="UTF-8"',
  hmac: "Bearer",
} as const;

/** Gate 3, over the raw bytes. */
function checkCredential(deps: ReceiveDeps, delivery: Delivery): Refusal | null {
  const { agent, preset, request, body } = delivery;
  if (agent === undefined || agent.webhook.auth.type === "none" || preset === null) {
    return null;
  }
  const now = delivery.receivedAt;
  const verdict = verify({
    row: preset,
    secrets: agent.secrets,
    headers: request.headers,
    body,
    now,
  });
  if (verdict.ok) {
    delivery.verified = true;
    deps.secretUses.note(verdict.secretId, now);
    return null;
  }
  if (verdict.reason === "SECRET_UNREADABLE") {
    deps.log.error("secret.unreadable", { agentId: agent.id });
    const headers = { "Retry-After": "60" };
    return refuse({ gate: "credential", code: "SECRET_UNREADABLE", headers });
  }
  const { tooMany, retrySeconds } = deps.failures.count(delivery);
  if (tooMany) {
    const headers = { "Retry-After": String(retrySeconds) };
    return refuse({ gate: "credential", code: "TOO_MANY_FAILURES", headers, countOnly: true });
  }
  return {
    verdict: "refused",
    gate: "credential",
    reason: verdict.reason,
    code: "UNAUTHORIZED",
    headers: { "WWW-Authenticate": CHALLENGES[agent.webhook.auth.type] },
  };
}

/** Gate 6. */
function answerPing(delivery: Delivery): Handshake | null {
  const { preset, event } = delivery;
  return preset !== null && event !== null && preset.pingEvents.includes(event)
    ? { verdict: "handshake", gate: "handshake", reason: "PING" }
    : null;
}

/** Gate 8; a promise where the sandbox checks the input. */
function requireFit(
  deps: ReceiveDeps,
  delivery: Delivery,
): Refusal | null | Promise<Refusal | null> {
  const { webhook, input } = delivery;
  if (webhook === null) return null;
  const { pipeline, agent } = webhook;
  const details = checkInput(deps, { pipeline, agent: agent.seq, input });
  return details instanceof Promise ? awaitCheck(deps, { delivery, details }) : judge(details);
}

const judge = (details: ErrorDetail[]): Refusal | null =>
  details.length === 0 ? null : refuse({ gate: "input", code: "INPUT_INVALID", details });

/** Meanwhile the agent may have been changed: then it is looked at again, and its schema is another. */
async function awaitCheck(
  deps: ReceiveDeps,
  data: { delivery: Delivery; details: Promise<ErrorDetail[]> },
): Promise<Refusal | null> {
  const { delivery } = data;
  try {
    const refusal = judge(await data.details);
    if (deps.directory.find(delivery.agentId) === delivery.agent) return refusal;
    return checkAgain(deps, delivery) ?? (await requireFit(deps, delivery));
  } catch (error) {
    return refuseUnchecked(error);
  }
}

function refuseUnchecked(error: unknown): Refusal {
  if (!(error instanceof AppError)) throw error;
  const { code, headers } = error;
  if (code !== "SANDBOX_BUSY" && code !== "SANDBOX_UNAVAILABLE") throw error;
  return refuse({ gate: "input", code, headers });
}
