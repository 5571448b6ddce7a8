// One attempt of a model call: streamed, by the AI SDK's model of the format, without its retries.
// Leaves the bytes to `wire.ts`, and trying again to `retry.ts`.

import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { AppError } from "../errors";
import { parseJson } from "../lib/json";
import type { Json } from "../lib/json-value";
import type { Outbound } from "../lib/outbound";
import { checkBaseUrl } from "../lib/network/outbound-url";
import { FORMATS, type CallableType } from "./formats";
import {
  ProviderError,
  type ModelAnswer,
  type ModelCall,
  type ModelToolCall,
  type Usage,
} from "./model";
import { toOptions } from "./prompt";
import { openWire, type Wire } from "./wire";

/** Milliseconds; both are capped by what is left of `timeoutMs`. */
export interface ProviderLimits {
  /** From the request to the first byte of the answer's body. */
  firstByteMs: number;
  /** Between two bytes. */
  idleMs: number;
}

const PROVIDER_LIMITS: ProviderLimits = { firstByteMs: 60_000, idleMs: 30_000 };

export interface AttemptDeps {
  outbound: Outbound;
  limits?: ProviderLimits;
}

export interface ProviderRequest {
  type: CallableType;
  /** As stored, version included; the format's own where it is null. */
  baseUrl: string | null;
  apiKey: string | null;
  call: ModelCall;
}

/**
 * Sends the call once and resolves once its stream has ended properly. Rejects with the reason of
 * `call.signal` when that aborts; else with `ProviderError`, or the `AppError` of the address.
 */
export async function attemptCall(deps: AttemptDeps, data: ProviderRequest): Promise<ModelAnswer> {
  const { call, type } = data;
  call.signal.throwIfAborted();
  const baseURL = checkRequest(data);
  const wire = openWire(deps, {
    ...(deps.limits ?? PROVIDER_LIMITS),
    format: FORMATS[type],
    hasKey: data.apiKey !== null,
    timeoutMs: call.timeoutMs,
    signal: call.signal,
  });
  const answer: Answer = {
    text: "",
    toolCalls: [],
    id: null,
    model: null,
    finish: null,
    hasError: false,
  };
  try {
    await readAnswer(await startStream(data, { baseURL, wire }), answer);
    return toModelAnswer(data, { answer, wire });
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason;
    throw toFailure(chooseFailure(wire.failure(), error), answer.text);
  } finally {
    wire.close();
  }
}

/** The base URL, once nothing speaks against sending the key there. */
function checkRequest(data: ProviderRequest): string {
  const checked = checkBaseUrl(data.baseUrl ?? FORMATS[data.type].baseUrl ?? "");
  if (!checked.ok) throw new AppError("URL_INVALID", { message: checked.detail.message });
  if (data.apiKey !== null && !/^[\x21-\x7e]+$/.test(data.apiKey)) {
    throw new AppError("CREDENTIAL_UNREADABLE", {
      message: "The provider's key has characters that no header carries; set it again.",
    });
  }
  return checked.url;
}

async function startStream(
  data: ProviderRequest,
  { baseURL, wire }: { baseURL: string; wire: Wire },
): Promise<ReadableStream<LanguageModelV4StreamPart>> {
  const { call } = data;
  const { load, options: providerOptions } = FORMATS[data.type];
  // Without a key of ours an SDK would take one from the environment.
  const apiKey = data.apiKey ?? "none";
  const model = await load({ baseURL, apiKey, fetch: wire.fetch, model: call.model });
  const options: LanguageModelV4CallOptions = {
    ...toOptions(call),
    abortSignal: wire.signal,
    ...(providerOptions === undefined ? {} : { providerOptions }),
    ...(call.idempotencyKey === undefined
      ? {}
      : { headers: { "Idempotency-Key": call.idempotencyKey } }),
  };
  try {
    return (await model.doStream(options)).stream;
  } catch {
    // Either the wire broke, which it tells, or the SDK takes offence at the first event.
    throw new ProviderError("PROVIDER_RESPONSE_INVALID");
  }
}

type ToolCallPart = Extract<LanguageModelV4StreamPart, { type: "tool-call" }>;
type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

interface Answer {
  text: string;
  toolCalls: ModelToolCall[];
  id: string | null;
  model: string | null;
  finish: Finish | null;
  /** Whether the SDK told of an error that the rest of the stream may explain. */
  hasError: boolean;
}

/** Characters: a longer text is larger than any output of a node may be. */
const MAX_TEXT_CHARS = 1024 * 1024;

/** Reads the stream into `answer`, which keeps what had arrived when this throws. */
async function readAnswer(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  answer: Answer,
): Promise<void> {
  for await (const part of stream) {
    if (part.type === "error") noteError(part.error, answer);
    if (part.type === "finish") answer.finish = part;
    if (part.type === "text-delta") answer.text += part.delta;
    if (part.type === "tool-call") answer.toolCalls.push(readToolCall(part));
    if (answer.text.length > MAX_TEXT_CHARS) throw new AppError("RESPONSE_TOO_LARGE");
    if (part.type === "response-metadata") {
      answer.id = part.id ?? answer.id;
      answer.model = part.modelId ?? answer.model;
    }
  }
}

/** Characters of a tool call's arguments. */
const MAX_ARGUMENTS_CHARS = 256 * 1024;

/** Arguments that are no JSON cannot be answered: the model has to be asked anew. */
function readToolCall(part: ToolCallPart): ModelToolCall {
  if (part.input.length > MAX_ARGUMENTS_CHARS) throw new AppError("RESPONSE_TOO_LARGE");
  const parsed = parseJson(Buffer.from(part.input === "" ? "{}" : part.input));
  if (!parsed.ok) throw new ProviderError("PROVIDER_RESPONSE_INVALID");
  const { toolCallId: id, toolName: name, providerMetadata } = part;
  const meta = providerMetadata === undefined ? {} : { meta: providerMetadata as Json };
  return { id, name, input: parsed.value, ...meta };
}

/** An event of another shape ends the reading. */
function noteError(error: unknown, answer: Answer): void {
  answer.hasError = true;
  if (error instanceof Error && error.name === "AI_TypeValidationError") {
    throw new ProviderError("PROVIDER_RESPONSE_INVALID");
  }
}

function toModelAnswer(
  { type, call }: ProviderRequest,
  { answer, wire }: { answer: Answer; wire: Wire },
): ModelAnswer {
  const failure = wire.failure();
  if (failure !== null) throw failure;
  const { finish } = answer;
  // The stream has its end, and the SDK has not understood it.
  if (finish === null || answer.hasError) {
    throw new ProviderError("PROVIDER_RESPONSE_INVALID");
  }
  const { finishReason, usage } = finish;
  return {
    text: answer.text,
    ...(answer.toolCalls.length === 0 ? {} : { toolCalls: answer.toolCalls }),
    finishReason: finishReason.raw ?? finishReason.unified,
    usage: usage.raw === undefined ? null : toUsage(usage),
    cost: null,
    requestId: wire.requestId() ?? answer.id,
    provider: type,
    model: answer.model ?? call.model,
  };
}

const toUsage = (usage: Finish["usage"]): Usage => ({
  inputTokens: usage.inputTokens.total ?? 0,
  outputTokens: usage.outputTokens.total ?? 0,
  cachedTokens: usage.inputTokens.cacheRead ?? 0,
});

/** What broke the wire goes first, unless an event of another shape came before the end did not. */
const chooseFailure = (failure: AppError | null, error: unknown): unknown =>
  failure === null || (failure.code === "PROVIDER_STREAM_CUT" && error instanceof ProviderError)
    ? error
    : failure;

/**
 * The failure with what had arrived of the text. The SDK's errors carry the prompt and the peer's
 * text, so that none of them goes on as a message or a cause.
 */
function toFailure(error: unknown, partialText: string): AppError {
  if (!(error instanceof AppError)) {
    return new ProviderError("PROVIDER_RESPONSE_INVALID", { partialText });
  }
  if (partialText === "") return error;
  return new ProviderError(error.code, {
    message: error.message,
    partialText,
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof ProviderError ? { httpStatus: error.httpStatus } : {}),
  });
}
