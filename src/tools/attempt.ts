// One attempt of a tool call: sends the request, reads the answer within its bounds.
// Trying again is `call.ts`'s.

import { AppError } from "../errors";
import type { Json } from "../lib/json-value";
import { decodeUtf8, parseJson } from "../lib/json";
import { OutboundError } from "../lib/network/outbound-error";
import type { Outbound } from "../lib/outbound";
import type { ToolRequest } from "./request";
import { ToolError, type ToolAnswer } from "./tool";

export interface AttemptDeps {
  outbound: Outbound;
}

/** Milliseconds until the connection stands. */
const CONNECT_MS = 5_000;
/** Milliseconds: from the request to the head of the answer, and between two parts of its body. */
const SILENCE_MS = 15_000;

export interface ToolAttempt {
  request: ToolRequest;
  timeoutMs: number;
  maxResponseBytes: number;
  followRedirects: boolean;
  signal: AbortSignal;
  /** Takes secrets out of what the peer sent back. */
  redact(text: string): string;
}

/** Aborts when the peer is silent or the time is up; `heard` starts the silence anew. */
function createLimits(data: ToolAttempt) {
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

async function readText(response: Response, heard: () => void): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body ?? []) {
    heard();
    parts.push(part);
  }
  const text = decodeUtf8(Buffer.concat(parts));
  if (text !== null) return text;
  const message = "The tool's answer is not text in UTF-8.";
  throw new ToolError("TOOL_RESPONSE_INVALID", { message });
}

const isJson = (type: string | null): boolean =>
  /^(application\/json|[\w.+-]+\/[\w.+-]+\+json)\s*(;|$)/i.test(type ?? "");

function readOutput(response: Response, text: string): Json {
  if (text === "") return null;
  if (!isJson(response.headers.get("content-type"))) return text;
  const parsed = parseJson(Buffer.from(text));
  if (parsed.ok) return parsed.value;
  throw new ToolError("TOOL_RESPONSE_INVALID", {
    message: "The tool's answer says that it is JSON, and is none that can be read.",
  });
}

async function exchange(
  deps: AttemptDeps,
  data: ToolAttempt & { limits: ReturnType<typeof createLimits> },
): Promise<ToolAnswer> {
  const { request, limits } = data;
  const response = await deps.outbound.fetch(request.url, {
    method: request.method,
    headers: request.headers,
    body: request.body,
    signal: limits.signal,
    maxResponseBytes: data.maxResponseBytes,
    followRedirects: data.followRedirects,
    connectTimeoutMs: CONNECT_MS,
  });
  limits.heard();
  const { status } = response;
  if (status < 200 || status > 299) {
    await response.body?.cancel();
    const retryAfter = response.headers.get("retry-after");
    const message = `The tool answered with status ${status}.`;
    throw new ToolError("TOOL_ERROR", { message, httpStatus: status, retryAfter });
  }
  const text = data.redact(await readText(response, () => limits.heard()));
  return { output: readOutput(response, text), status };
}

/**
 * Sends the request once. Rejects with the reason of `signal` when that aborts, else with `ToolError`
 * or the `AppError` of the address.
 */
export async function attemptTool(deps: AttemptDeps, data: ToolAttempt): Promise<ToolAnswer> {
  using limits = createLimits(data);
  try {
    return await exchange(deps, { ...data, limits });
  } catch (error) {
    if (data.signal.aborted) throw data.signal.reason;
    if (limits.signal.aborted) throw limits.signal.reason;
    // Its text may hold the address with what filled it.
    if (error instanceof OutboundError) throw new ToolError(FAULTS[error.fault]);
    if (error instanceof AppError) throw error;
    throw new ToolError("TOOL_RESPONSE_INVALID", { cause: error });
  }
}
