// How long one attempt of a tool call may take, and what breaking it off or the network makes of it.

import { AppError } from "../errors";
import { OutboundError } from "../lib/network/outbound-error";
import { ToolError } from "./tool";

/** Milliseconds until the connection stands. */
export const CONNECT_MS = 5_000;
/** Milliseconds: from the request to the head of the answer, and between two parts of its body. */
const SILENCE_MS = 15_000;

export interface Limits {
  /** Aborted when the time is up, the peer is silent, or the call is cancelled. */
  readonly signal: AbortSignal;
  /** Starts the silence anew. */
  readonly heard: () => void;
  [Symbol.dispose](): void;
}

/** Aborts when the peer is silent or the time is up. */
export function createLimits(data: { timeoutMs: number; signal: AbortSignal }): Limits {
  const controller = new AbortController();
  const expire = (): void => controller.abort(new ToolError("TOOL_TIMEOUT"));
  const cancel = (): void => controller.abort(data.signal.reason);
  const total = setTimeout(expire, data.timeoutMs);
  let silence = setTimeout(expire, SILENCE_MS);
  data.signal.addEventListener("abort", cancel, { once: true });
  if (data.signal.aborted) cancel();
  return {
    signal: controller.signal,
    heard(): void {
      clearTimeout(silence);
      silence = setTimeout(expire, SILENCE_MS);
    },
    [Symbol.dispose](): void {
      clearTimeout(total);
      clearTimeout(silence);
      data.signal.removeEventListener("abort", cancel);
    },
  };
}

const FAULTS = {
  unreachable: "TOOL_UNREACHABLE",
  untrusted: "TOOL_TLS_FAILED",
  broken: "TOOL_RESPONSE_INVALID",
  malformed: "TOOL_RESPONSE_INVALID",
} as const;

/** What a call ends with: the reason of its signal, or a typed error without the peer's words. */
export function toToolFailure(
  error: unknown,
  { signal, limits }: { signal: AbortSignal; limits: Limits },
): unknown {
  if (signal.aborted) return signal.reason;
  if (limits.signal.aborted) return limits.signal.reason;
  // Its text may hold the address with what filled it.
  if (error instanceof OutboundError) return new ToolError(FAULTS[error.fault]);
  if (error instanceof AppError) return error;
  return new ToolError("TOOL_RESPONSE_INVALID", { cause: error });
}
