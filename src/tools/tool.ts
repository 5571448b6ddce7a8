// The shapes of a tool, one call of it, its answer and its failure, shared with the pipelines.
// Leaves storing to `tools.store.ts` and calling to `call.ts`.

import { AppError, type AppErrorOptions, type ErrorCode } from "../errors";
import type { Json } from "../lib/json-value";
import type { FailedAttempt } from "../lib/network/retry";
import type { HttpMethod } from "../vocabulary";

/** What a tool sends. Every string is a template of `{{params.…}}` and `{{secrets.NAME}}`. */
export interface ToolSettings {
  method: HttpMethod;
  /** Scheme, host and port are text; null where the address comes as `urlFrom`. */
  url: string | null;
  /** An address that a parameter brings, to one of `allowedHosts`. */
  urlFrom: string | null;
  /** `host` or `host:port`, in lower case. */
  allowedHosts: string[];
  headers: Record<string, string>;
  query: Record<string, string>;
  /** JSON with templates in its strings, or a text; null for none. */
  body: Json;
  /** JSON Schema of the parameters; null takes any object. */
  parameters: Json;
  /** For all attempts together. */
  timeoutMs: number;
  /** Of calls that may be repeated. */
  retries: number;
  /** The peer knows a repeat by its `Idempotency-Key`, or is not changed by it. */
  idempotent: boolean;
  maxResponseBytes: number;
  /** Redirects within the same host are followed. */
  followRedirects: boolean;
  /** Of `mcp`: which of the server's tools is called; null is a plain HTTP request. */
  toolName: string | null;
}

/** One call of a tool. */
export interface ToolCall {
  toolId: string;
  /** Whose execution it is: the sandbox checks its parameters where the schema needs that. */
  agent: number;
  params: Json;
  /** Sent as `Idempotency-Key`; the same when the call is repeated. */
  idempotencyKey: string;
  signal: AbortSignal;
  /** Told of an attempt that failed before another one is made. */
  onRetry?(failed: FailedAttempt): void;
}

/** A 2xx answer. */
export interface ToolAnswer {
  /** The body: parsed where it is JSON, else its text; null where it is empty. */
  output: Json;
  /** HTTP status. */
  status: number;
}

export interface ToolErrorOptions extends AppErrorOptions {
  httpStatus?: number;
  retryAfter?: string | null;
}

/** A tool call that failed; of what the peer wrote it carries `retryAfter` alone. */
export class ToolError extends AppError {
  /** Status of the peer's answer, where that is what failed. */
  readonly httpStatus: number | undefined;
  /** `Retry-After` of that answer, as it came. */
  readonly retryAfter: string | null;

  constructor(code: ErrorCode, options: ToolErrorOptions = {}) {
    super(code, options);
    this.name = "ToolError";
    this.httpStatus = options.httpStatus;
    this.retryAfter = options.retryAfter ?? null;
  }
}

/** Whether a call of which nothing is known may be made again. */
export const isRepeatable = ({ method, idempotent }: ToolSettings): boolean =>
  idempotent || method === "GET" || method === "HEAD";
