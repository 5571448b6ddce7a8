// One attempt of a tool call: sends the request, reads the answer within its bounds.
// Trying again is `call.ts`'s.

import type { Json } from "../lib/json-value";
import { decodeUtf8, parseJson } from "../lib/json";
import type { Outbound } from "../lib/outbound";
import { CONNECT_MS, createLimits, type Limits, toToolFailure } from "./limits";
import type { ToolRequest } from "./request";
import { ToolError, type ToolAnswer } from "./tool";

export interface AttemptDeps {
  outbound: Outbound;
}

export interface ToolAttempt {
  request: ToolRequest;
  timeoutMs: number;
  maxResponseBytes: number;
  followRedirects: boolean;
  signal: AbortSignal;
  /** Takes secrets out of what the peer sent back. */
  redact(text: string): string;
}

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
  data: ToolAttempt & { limits: Limits },
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
    throw toToolFailure(error, { signal: data.signal, limits });
  }
}
