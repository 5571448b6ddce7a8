// The shapes of one model call, its answer and its failure, shared with the pipelines.
// Leaves the calling to `call.ts` and the recording to the pipelines.

import { AppError, type AppErrorOptions, type ErrorCode } from "../errors";

/** Tokens of one or more model calls. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
}

/** One request to a model. */
export interface ModelCall {
  providerId: string;
  model: string;
  system: string | null;
  prompt: string;
  temperature: number;
  maxTokens: number;
  /** For the whole call, answer included. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Sent as `Idempotency-Key`; the same when the call is repeated after a crash. */
  idempotencyKey?: string;
}

/** A complete answer: the peer gave a finish reason. */
export interface ModelAnswer {
  text: string;
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
  partialText?: string;
}

/** A model call that failed; carries nothing that the peer wrote but `partialText`. */
export class ProviderError extends AppError {
  /** Status of the peer's answer, where that is what failed. */
  readonly httpStatus: number | undefined;
  /** What had arrived of the text before the failure; empty for none. */
  readonly partialText: string;

  constructor(code: ErrorCode, options: ProviderErrorOptions = {}) {
    super(code, options);
    this.name = "ProviderError";
    this.httpStatus = options.httpStatus;
    this.partialText = options.partialText ?? "";
  }
}
