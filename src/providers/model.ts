// The shapes of one model call, its answer and its failure, shared with the pipelines.
// Leaves the calling to `call.ts` and the recording to the pipelines.

import { AppError, type AppErrorOptions, type ErrorCode } from "../errors";
import type { Json } from "../lib/json-value";
import type { RetriedCall } from "../lib/network/retry";

/** Tokens of one or more model calls. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
}

/** A tool that a model may ask for. */
export interface ModelTool {
  /** Letters, digits, `_` and `-`; at most 64. */
  name: string;
  description: string;
  /** JSON Schema of an object. */
  parameters: Json;
}

/** What a model asks of a tool. */
export interface ModelToolCall {
  id: string;
  name: string;
  input: Json;
  /** What the provider wants back with it. */
  meta?: Json;
}

/** One round of tool calls, and what the model said with it. */
export interface ToolRound {
  text: string;
  calls: { call: ModelToolCall; text: string; isError: boolean }[];
}

/** One request to a model. */
export interface ModelCall extends RetriedCall {
  providerId: string;
  model: string;
  system: string | null;
  prompt: string;
  /** Null leaves it to the model. */
  temperature: number | null;
  maxTokens: number;
  tools?: readonly ModelTool[];
  /** Earlier rounds of this talk. */
  rounds?: readonly ToolRound[];
  /** JSON Schema that the answer's text is to fit. */
  outputSchema?: Json;
  /** Sent as `Idempotency-Key`; the same when the call is repeated after a crash. */
  idempotencyKey?: string;
}

/** A complete answer: the peer gave a finish reason. */
export interface ModelAnswer {
  text: string;
  /** None, or left out, where the text is the last answer. */
  toolCalls?: readonly ModelToolCall[];
  finishReason: string;
  /** Null where the provider reported none. */
  usage: Usage | null;
  /** USD; null is unknown. */
  cost: number | null;
  requestId: string | null;
  /** Name of the provider type that answered, `echo` included. */
  provider: string;
  model: string;
}

export interface ProviderErrorOptions extends AppErrorOptions {
  httpStatus?: number | undefined;
  retryAfter?: string | null;
  refusal?: Refusal | null;
  partialText?: string;
}

/** What a 4xx refuses, where that is known. */
export type Refusal = "key" | "model";

/** A model call that failed; of what the peer wrote it carries `partialText` and `retryAfter` alone. */
export class ProviderError extends AppError {
  /** Status of the peer's answer, where that is what failed. */
  readonly httpStatus: number | undefined;
  /** `Retry-After` of that answer, as it came. */
  readonly retryAfter: string | null;
  readonly refusal: Refusal | null;
  /** What had arrived of the text before the failure; empty for none. */
  readonly partialText: string;

  constructor(code: ErrorCode, options: ProviderErrorOptions = {}) {
    super(code, options);
    this.name = "ProviderError";
    this.httpStatus = options.httpStatus;
    this.retryAfter = options.retryAfter ?? null;
    this.refusal = options.refusal ?? null;
    this.partialText = options.partialText ?? "";
  }
}
