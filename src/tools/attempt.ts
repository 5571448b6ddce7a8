// One attempt of a call of an `http` tool: sends the request, reads the answer within its bounds.
// Trying again is `call.ts`'s.

import type { Json } from "../lib/json-value";
import { parseJson } from "../lib/json";
import {
  type AttemptBounds,
  type AttemptDeps,
  CONNECT_MS,
  createLimits,
  type Limits,
  readText,
  requireSuccess,
  toAttemptFailure,
  unreadable,
} from "./limits";
import type { ToolRequest } from "./request";
import type { ToolAnswer } from "./tool";

export interface ToolAttempt extends AttemptBounds {
  request: ToolRequest;
  followRedirects: boolean;
}

const isJson = (type: string | null): boolean =>
  /^(application\/json|[\w.+-]+\/[\w.+-]+\+json)\s*(;|$)/i.test(type ?? "");

function readOutput(response: Response, text: string): Json {
  if (text === "") return null;
  if (!isJson(response.headers.get("content-type"))) return text;
  const parsed = parseJson(Buffer.from(text));
  if (parsed.ok) return parsed.value;
  throw unreadable("The tool's answer says that it is JSON, and is none that can be read.");
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
  await requireSuccess(response);
  const text = data.redact(await readText(response, limits));
  return { output: readOutput(response, text), status: response.status };
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
    throw toAttemptFailure(error, { signal: data.signal, limits });
  }
}
