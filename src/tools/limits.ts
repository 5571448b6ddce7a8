// The bounds of one attempt of a tool call, and what is made of a network that fails within them.

import { AppError } from "../errors";
import { decodeUtf8 } from "../lib/json";
import { OutboundError } from "../lib/network/outbound-error";
import type { Outbound } from "../lib/outbound";
import { ToolError } from "./tool";

export interface AttemptDeps {
  outbound: Outbound;
}

/** What one attempt may take. */
export interface AttemptBounds {
  timeoutMs: number;
  /** Of one answer. */
  maxResponseBytes: number;
  signal: AbortSignal;
  /** Takes secrets out of what the peer sent back. */
  redact(text: string): string;
}

/** Milliseconds until the connection stands. */
export const CONNECT_MS = 5_000;
/** Milliseconds: from the request to the head of the answer, and between two parts of its body. */
const SILENCE_MS = 15_000;

export interface Limits extends Disposable {
  /** Aborts on the caller's signal, and when one of the times is up. */
  signal: AbortSignal;
  /** Starts the silence anew. */
  heard(): void;
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

/** The failure of an answer that cannot be read. */
export const unreadable = (message: string): ToolError =>
  new ToolError("TOOL_RESPONSE_INVALID", { message });

/** The whole body as text; throws TOOL_RESPONSE_INVALID, and what the body fails with. */
export async function readText(response: Response, limits: Limits): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body ?? []) {
    limits.heard();
    parts.push(part);
  }
  const text = decodeUtf8(Buffer.concat(parts));
  if (text === null) throw unreadable("The tool's answer is not text in UTF-8.");
  return text;
}

/** Throws TOOL_ERROR for an answer with another status than 2xx, which is not read. */
export async function requireSuccess(response: Response): Promise<void> {
  const { status, headers } = response;
  if (status >= 200 && status <= 299) return;
  await response.body?.cancel();
  const message = `The tool answered with status ${status}.`;
  throw new ToolError("TOOL_ERROR", {
    message,
    httpStatus: status,
    retryAfter: headers.get("retry-after"),
  });
}

const FAULTS = {
  unreachable: "TOOL_UNREACHABLE",
  untrusted: "TOOL_TLS_FAILED",
  broken: "TOOL_RESPONSE_INVALID",
  malformed: "TOOL_RESPONSE_INVALID",
} as const;

/** What an attempt failed with: the reason of the signal, of the limits, or the failure as a tool's. */
export function toAttemptFailure(
  error: unknown,
  data: { signal: AbortSignal; limits: Limits },
): unknown {
  if (data.signal.aborted) return data.signal.reason;
  if (data.limits.signal.aborted) return data.limits.signal.reason;
  // Its text may hold the address with what filled it.
  if (error instanceof OutboundError) return new ToolError(FAULTS[error.fault]);
  if (error instanceof AppError) return error;
  return new ToolError("TOOL_RESPONSE_INVALID", { cause: error });
}
