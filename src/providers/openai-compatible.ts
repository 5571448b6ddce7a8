// One streamed model call in the OpenAI chat format, by the AI SDK's model without its retries.
// Leaves the socket to `lib/outbound.ts`, the bytes to `openai-compatible-wire.ts`.

import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { AppError } from "../errors";
import type { Outbound } from "../lib/outbound";
import { checkBaseUrl } from "../lib/network/outbound-url";
import { ProviderError, type ModelAnswer, type ModelCall, type Usage } from "./model";
import { openWire, type Wire } from "./openai-compatible-wire";

/** Milliseconds; both are capped by what is left of `timeoutMs`. */
export interface ProviderLimits {
  /** From the call to the first byte of the answer's body. */
  firstByteMs: number;
  /** Between two bytes. */
  idleMs: number;
}

export const PROVIDER_LIMITS: ProviderLimits = { firstByteMs: 60_000, idleMs: 30_000 };

export interface ProviderDeps {
  outbound: Outbound;
  limits?: ProviderLimits;
}

export interface ProviderRequest {
  /** As stored, `/v1` included. */
  baseUrl: string;
  apiKey: string | null;
  call: ModelCall;
}

/**
 * Makes one call and resolves once the peer has given its finish reason. Rejects with the reason
 * of `call.signal` when that aborts; else with `ProviderError`, or the `AppError` of the address.
 */
export async function callOpenAiCompatible(
  deps: ProviderDeps,
  data: ProviderRequest,
): Promise<ModelAnswer> {
  const { call } = data;
  call.signal.throwIfAborted();
  checkRequest(data);
  const wire = openWire(deps, {
    ...(deps.limits ?? PROVIDER_LIMITS),
    timeoutMs: call.timeoutMs,
    signal: call.signal,
  });
  const answer = emptyAnswer();
  try {
    await readAnswer(await startStream(data, wire), answer);
    return toModelAnswer(call, { answer, wire });
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason;
    throw toFailure(error, { wire, partialText: answer.text });
  } finally {
    wire.close();
  }
}

function checkRequest(data: ProviderRequest): void {
  const checked = checkBaseUrl(data.baseUrl);
  if (!checked.ok) throw new AppError("URL_INVALID", { message: checked.detail.message });
  if (data.apiKey !== null && !/^[\x21-\x7e]+$/.test(data.apiKey)) {
    throw new AppError("CREDENTIAL_UNREADABLE", {
      message: "The provider's key has characters that no header carries; set it again.",
    });
  }
}

async function startStream(
  data: ProviderRequest,
  wire: Wire,
): Promise<ReadableStream<LanguageModelV4StreamPart>> {
  const { call } = data;
  const model = await loadModel(data, wire);
  const { stream } = await model.doStream({
    prompt: [
      ...(call.system === null ? [] : [{ role: "system" as const, content: call.system }]),
      { role: "user", content: [{ type: "text", text: call.prompt }] },
    ],
    temperature: call.temperature,
    maxOutputTokens: call.maxTokens,
    abortSignal: wire.signal,
    ...(call.idempotencyKey === undefined
      ? {}
      : { headers: { "Idempotency-Key": call.idempotencyKey } }),
  });
  return stream;
}

/** The SDK is loaded with the first call: it takes longer than the rest of the start. */
async function loadModel(data: ProviderRequest, wire: Wire): Promise<LanguageModelV4> {
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  const provider = createOpenAICompatible({
    name: "openai-compatible",
    baseURL: data.baseUrl,
    includeUsage: true,
    fetch: wire.fetch,
    ...(data.apiKey === null ? {} : { apiKey: data.apiKey }),
  });
  return provider.chatModel(data.call.model);
}

interface Answer {
  text: string;
  /** Whether anything of the wire format arrived. */
  started: boolean;
  id: string | null;
  model: string | null;
  finish: Extract<LanguageModelV4StreamPart, { type: "finish" }> | null;
}

const emptyAnswer = (): Answer => ({
  text: "",
  started: false,
  id: null,
  model: null,
  finish: null,
});

/** Reads the stream into `answer`, which keeps what had arrived when this throws. */
async function readAnswer(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  answer: Answer,
): Promise<void> {
  for await (const part of stream) {
    if (part.type === "error") throw toStreamError(part.error, answer);
    if (part.type === "finish") answer.finish = part;
    else if (part.type !== "stream-start") answer.started = true;
    if (part.type === "text-delta") answer.text += part.delta;
    if (part.type === "response-metadata") {
      answer.id = part.id ?? null;
      answer.model = part.modelId ?? null;
    }
  }
}

/**
 * What an error within the stream means, told by its kind alone: the SDK's errors carry the
 * prompt and the peer's text, so that none of them goes on as a message or a cause.
 */
function toStreamError(error: unknown, answer: Answer): ProviderError {
  const name = error instanceof Error ? error.name : "";
  if (name === "AI_InvalidResponseDataError") {
    // The stream ended without a finish reason.
    return new ProviderError(answer.started ? "PROVIDER_STREAM_CUT" : "PROVIDER_RESPONSE_INVALID");
  }
  const unread = name === "AI_JSONParseError" || name === "AI_TypeValidationError";
  return new ProviderError(
    unread && !tellsOfAnError(error) ? "PROVIDER_RESPONSE_INVALID" : "PROVIDER_ERROR",
  );
}

/** A chunk such as `{"error": "…"}`, whose shape differs from one server to the next. */
function tellsOfAnError(error: unknown): boolean {
  if (!(error instanceof Error) || !("value" in error)) return false;
  const { value } = error;
  return typeof value === "object" && value !== null && "error" in value;
}

function toModelAnswer(call: ModelCall, data: { answer: Answer; wire: Wire }): ModelAnswer {
  const { answer, wire } = data;
  if (answer.finish === null) throw new ProviderError("PROVIDER_STREAM_CUT");
  const { finishReason, usage } = answer.finish;
  return {
    text: answer.text,
    finishReason: finishReason.raw ?? finishReason.unified,
    usage: usage.raw === undefined ? null : toUsage(usage),
    cost: null,
    requestId: answer.id ?? wire.requestId(),
    provider: "openai-compatible",
    model: answer.model ?? call.model,
  };
}

type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

const toUsage = (usage: Finish["usage"]): Usage => ({
  inputTokens: usage.inputTokens.total ?? 0,
  outputTokens: usage.outputTokens.total ?? 0,
  cachedTokens: usage.inputTokens.cacheRead ?? 0,
});

/** What failed on the wire goes before what the SDK made of it. */
function toFailure(error: unknown, data: { wire: Wire; partialText: string }): AppError {
  const { wire, partialText } = data;
  const failure = wire.failure() ?? error;
  if (!(failure instanceof AppError)) {
    return new ProviderError("PROVIDER_RESPONSE_INVALID", { partialText });
  }
  if (partialText === "" && !(failure instanceof ProviderError)) return failure;
  return new ProviderError(failure.code, {
    message: failure.message,
    partialText,
    cause: failure.cause,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure instanceof ProviderError ? { httpStatus: failure.httpStatus } : {}),
  });
}
