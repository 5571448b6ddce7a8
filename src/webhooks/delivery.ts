// One request to a webhook while it passes the gates: what is known of it so far, and how it ends.

import type { LiveAgent } from "../agents/directory";
import type { ErrorCode, ErrorDetail } from "../errors";
import type { AnsweringServer } from "../executions/waits";
import type { Clock } from "../lib/clock";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import { requestIdOf } from "../lib/request-id";
import type { Json } from "../pipelines/record";
import type { CompiledPipeline } from "../pipelines/validate";
import type { Gate, KeySource, Reason, Verdict } from "../vocabulary";
import type { WindowState } from "./limiter";
import type { PresetRow } from "./presets/preset";

/** An agent whose webhook takes deliveries. */
export interface LiveWebhook {
  agent: LiveAgent;
  version: number;
  pipeline: CompiledPipeline;
}

export interface Delivery {
  readonly uid: Buffer;
  readonly requestId: string;
  readonly request: Request;
  readonly agentId: string;
  readonly address: string | null;
  readonly receivedAt: number;
  /** Monotonic milliseconds. */
  readonly startedTick: number;
  agent: LiveAgent | undefined;
  preset: PresetRow | null;
  body: Uint8Array;
  /** Gives back what the body took of the budget of bytes. */
  release: () => void;
  webhook: LiveWebhook | null;
  /** The credential has passed, by a method other than none. */
  verified: boolean;
  input: Json;
  decoding: string | null;
  event: string | null;
  deliveryKey: string | null;
  key: { source: KeySource; key: string } | null;
}

/** How a delivery ended without an execution of its own. */
export interface Refusal {
  verdict: Exclude<Verdict, "accepted" | "duplicate" | "handshake">;
  gate: Gate;
  reason: Reason;
  code: ErrorCode;
  headers?: Record<string, string>;
  details?: ErrorDetail[];
  message?: string;
  /** What the gate compared, for the ledger. */
  detail?: Record<string, string | number>;
  /** The window, where a limit has refused. */
  window?: WindowState;
  /** Kept as a count only. */
  countOnly?: boolean;
}

interface RefusalOf extends Partial<Refusal> {
  gate: Gate;
  code: ErrorCode & Reason;
}

/** A refusal whose reason is its code. */
export const refuse = (data: RefusalOf): Refusal => ({
  verdict: "refused",
  reason: data.code,
  ...data,
});

/** Of a text that a sender chose, what is noted. */
export const MAX_NOTED_CHARS = 200;

export interface Repeat {
  verdict: "duplicate";
  gate: "duplicate";
  reason: Reason;
  first: { seq: number; uid: Uint8Array; status: string };
}

export interface Handshake {
  verdict: "handshake";
  gate: "handshake";
  reason: Reason;
}

export interface Acceptance {
  verdict: "accepted";
  gate: null;
  reason: null;
  /** Of the execution; its `uid` is the delivery's. */
  seq: number;
  window: WindowState;
}

export type Outcome = Refusal | Repeat | Handshake | Acceptance;

/** A request as the route hands it over. */
export interface Incoming {
  request: Request;
  agentId: string;
  address: string | null;
  server: AnsweringServer;
}

const NO_BYTES = new Uint8Array(0);

/** What an answer that waits needs of a delivery. */
export const withoutBody = (delivery: Delivery): Delivery => ({
  ...delivery,
  body: NO_BYTES,
  input: null,
});

/** A delivery that has passed no gate yet. */
export function openDelivery(
  deps: { clock: Clock; ids: Ids },
  data: Incoming & { agent: LiveAgent | undefined; preset: PresetRow | null },
): Delivery {
  const uid = deps.ids.uid();
  return {
    uid,
    requestId: requestIdOf(data.request, () => formatId("req", uid)),
    request: data.request,
    agentId: data.agentId,
    address: data.address,
    receivedAt: deps.clock.now(),
    startedTick: deps.clock.monotonic(),
    agent: data.agent,
    preset: data.preset,
    body: NO_BYTES,
    release: () => undefined,
    webhook: null,
    verified: false,
    input: null,
    decoding: null,
    event: null,
    deliveryKey: null,
    key: null,
  };
}
