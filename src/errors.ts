// Every error code: its HTTP status, the public sentence, and a line for the documentation.
// Codes without a status end executions and steps; they stand in `execution-errors.ts`.

import type { DetailCode } from "./details";
import { EXECUTION_ERRORS } from "./execution-errors";

interface ErrorRow {
  status: number | null;
  message: string;
  doc: string;
}

// oxlint-disable-next-line eslint/max-params -- a row is read by columns
const row = (status: number | null, message: string, doc: string): ErrorRow => ({
  status,
  message,
  doc,
});

export const ERRORS = {
  UNAUTHORIZED: row(
    401,
    "A valid credential is required.",
    "No credential, or one that does not fit. API: send `Authorization: Bearer hk_live_…`. Webhook: the delivery's ledger row names the reason.",
  ),
  FORBIDDEN: row(
    403,
    "This token may not do that.",
    "The token's scope or agent does not cover the request; make one that does.",
  ),
  ORIGIN_NOT_ALLOWED: row(
    403,
    "A page of another site may not send this.",
    "The browser's `Origin` or `Sec-Fetch-Site` names a page from elsewhere. Behind a proxy that ends TLS set HOOKLINE_PUBLIC_URL to the URL that browsers use.",
  ),
  HOST_NOT_ALLOWED: row(
    421,
    "The server does not answer under this host name; set HOOKLINE_PUBLIC_URL to its URL, or list the name in HOOKLINE_ALLOWED_HOSTS.",
    "Names that nobody configured are refused, as a stranger's may lead here too (DNS rebinding). IP addresses and `localhost` always work, and webhooks under any name.",
  ),
  NOT_FOUND: row(
    404,
    "There is nothing at this address.",
    "Unknown path or id; for a webhook also: switched off, or the agent is not active.",
  ),
  METHOD_NOT_ALLOWED: row(
    405,
    "This address does not take that method.",
    "The `Allow` header lists the methods it takes.",
  ),
  LAST_ADMIN_TOKEN: row(
    409,
    "This is the last admin token without an expiry; create another one first, then delete it.",
    "Without one nobody could make tokens any more.",
  ),
  TOO_MANY_TOKENS: row(
    409,
    "There are 1,000 tokens already; delete some that are not used any more.",
    "Expired ones count until they are deleted.",
  ),
  AGENT_NOT_RUNNABLE: row(
    409,
    "The agent has no live version; activate it first.",
    "`invoke` runs the live version of an active agent.",
  ),
  EXECUTION_FINAL: row(
    409,
    "The execution has ended.",
    "Only an execution that waits or runs can be cancelled; its own end came first.",
  ),
  PROVIDER_BUILT_IN: row(
    409,
    "The built-in provider cannot be changed or deleted.",
    "`echo` is part of the program.",
  ),
  PROVIDER_IN_USE: row(
    409,
    "A live agent still calls this provider.",
    "Deactivate or change the agents that `details` lists, then delete.",
  ),
  PRICE_BUILT_IN: row(
    409,
    "A built-in price cannot be changed or deleted; add one of your own for the same model.",
    "Own prices go before built-in ones.",
  ),
  PRICE_EXISTS: row(
    409,
    "There is a price of this provider and model from that day on; change it instead.",
    "One price for each provider, model and `validFrom`.",
  ),
  TOO_MANY_PRICES: row(
    409,
    "There are 1,000 own prices already; delete some that are not used any more.",
    "Built-in ones do not count.",
  ),
  INPUT_GONE: row(
    409,
    "The input of that execution is not kept any more.",
    "Send `input`, and it is run with that.",
  ),
  EXECUTION_NOT_INTERRUPTED: row(
    409,
    "The execution is not interrupted.",
    "Only one whose status is `interrupted` can be resumed; run any other again by `replay`.",
  ),
  TOOL_IN_USE: row(
    409,
    "A live agent still calls this tool.",
    "Deactivate or change the agents that `details` lists, then delete.",
  ),
  SECRET_IN_USE: row(
    409,
    "A tool still reads this secret.",
    "Change the tools that `details` lists, then delete.",
  ),
  PRECONDITION_FAILED: row(
    412,
    "This has been changed since; read it again.",
    "`If-Match` names another `ETag` than the current one. Read the agent, apply the change to what it is now, and send its new tag.",
  ),
  PAYLOAD_TOO_LARGE: row(
    413,
    "The body is larger than this address takes.",
    "Webhooks: `webhook.limits.maxBodyBytes`; other routes take 1 MiB.",
  ),
  BODY_TIMEOUT: row(
    408,
    "The body did not arrive in time.",
    "Bodies of more than 64 KiB have 15 seconds.",
  ),
  UNSUPPORTED_ENCODING: row(
    415,
    "Send the body without Content-Encoding.",
    "Compressed bodies are refused unread.",
  ),
  UNSUPPORTED_MEDIA_TYPE: row(
    415,
    "Send the body as application/json.",
    "The content type is not one that this address reads.",
  ),
  INVALID_JSON: row(
    400,
    "The body is not JSON that can be read.",
    "Empty, not UTF-8, malformed, nested deeper than 64 levels, or with a number beyond 1.8e308, which would be read as infinite.",
  ),
  VALIDATION_ERROR: row(
    422,
    "The request does not fit; details list what and where.",
    "Each entry of `details` names a field, a node or an edge, and what to do.",
  ),
  INPUT_INVALID: row(
    422,
    "The input does not fit the schema of the agent's input node.",
    "`details` carries JSON pointers into the input; CHECK_LIMIT there means that the check would take too long.",
  ),
  IDEMPOTENCY_KEY_INVALID: row(
    400,
    "Idempotency-Key takes 1 to 255 visible ASCII characters.",
    "Send a shorter key without control characters, or none.",
  ),
  IDEMPOTENCY_MISMATCH: row(
    422,
    "This Idempotency-Key was used with another body.",
    "A key names one request: use a new key for a new body.",
  ),
  IDEMPOTENCY_ANSWER_LOST: row(
    409,
    "The request of this Idempotency-Key was carried out, but its answer is lost; read what it made.",
    "The server stopped between doing the work and keeping the answer, or its encryption key was changed since. Nothing is done twice: list the agents, providers, tokens, executions or secrets to find what was made.",
  ),
  TOO_MANY_FAILURES: row(
    429,
    "Too many failed attempts; try again later.",
    "More than 60 failed credentials a minute from one address (of IPv6: one /64), or 600 for one webhook. A good credential is taken all the same.",
  ),
  RATE_LIMITED: row(
    429,
    "The limit of this minute is used up.",
    "`webhook.limits.perMinute`; `Retry-After` says when the next window opens.",
  ),
  CONCURRENCY_LIMITED: row(
    429,
    "As many executions as allowed are unfinished.",
    "`webhook.limits.maxConcurrent`, and `maxQueued` more where the overflow is queued; try again after `Retry-After` seconds.",
  ),
  INTERNAL: row(
    500,
    "Something went wrong on our side.",
    "The log line with this `requestId` has the cause.",
  ),
  OVERLOADED: row(
    503,
    "The server is reading as much as it can; try again shortly.",
    "More than 64 MiB of large bodies are under way at once, or 32 MiB from one address; or 100 streams of events are open.",
  ),
  STORAGE_UNAVAILABLE: row(
    503,
    "The request could not be stored; nothing was accepted.",
    "The disk is full, locked or failing; try again after `Retry-After` seconds.",
  ),
  SANDBOX_BUSY: row(
    503,
    "No sandbox was free within 5 seconds.",
    "Four run at once, and agents take turns; make the code shorter or run fewer at once. Deliveries: the input's schema has keywords that are checked there.",
  ),
  SANDBOX_UNAVAILABLE: row(
    503,
    "The sandbox could not be started or broke off.",
    "The server starts a process of its own binary for users' code: check the limits on processes and memory.",
  ),
  SECRET_UNREADABLE: row(
    503,
    "The stored secret cannot be read.",
    "`secret.key` or HOOKLINE_ENCRYPTION_KEY is not the one that encrypted it.",
  ),
  SHUTTING_DOWN: row(
    503,
    "The server is stopping; try again shortly.",
    "`/readyz` only. After SIGTERM no new connection is taken, and the process ends within 25 seconds.",
  ),

  FAILING: row(
    503,
    "The server has had many errors of its own in the last minute.",
    "`/readyz` only. The log lines `process.unhandled` have the causes.",
  ),

  ...EXECUTION_ERRORS,
} satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** One entry of `error.details`: where, a code, and what to do. Never the value sent. */
export interface ErrorDetail {
  path?: string;
  nodeId?: string;
  edgeId?: string;
  field?: string;
  code: DetailCode;
  message: string;
}

export interface AppErrorOptions {
  message?: string;
  hint?: string;
  details?: ErrorDetail[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** HTTP status of an answer; 500 for codes that only end executions. */
export const statusOf = (code: ErrorCode): number => ERRORS[code].status ?? 500;

/** The one error class: a code of the table, and what a reader may know. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetail[] | undefined;
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return statusOf(this.code);
  }
}

/** A VALIDATION_ERROR that tells what is wrong, and where. */
export const invalid = (...details: ErrorDetail[]): AppError =>
  new AppError("VALIDATION_ERROR", { details });

/** The failure body of every answer. */
export interface FailureBody {
  success: false;
  error: {
    code: string;
    message: string;
    hint?: string;
    details?: ErrorDetail[];
    requestId: string;
  };
}

/** What a failure tells; the sentence of the table where it has none of its own. */
interface Failure {
  code: ErrorCode;
  message?: string | undefined;
  hint?: string | undefined;
  details?: ErrorDetail[] | undefined;
}

/** Puts a failure into the one shape. */
export function toFailureBody(failure: Failure, requestId: string): FailureBody {
  const { code, message = ERRORS[code].message, hint, details } = failure;
  return {
    success: false,
    error: {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(details === undefined ? {} : { details }),
      requestId,
    },
  };
}
