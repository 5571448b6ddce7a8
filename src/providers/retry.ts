// When an attempt of a model call is made again, and after how long.
// Leaves the attempt itself to `attempt.ts`.

import { AppError } from "../errors";
import type { Clock, Wait } from "../lib/clock";
import { ProviderError, type FailedAttempt, type ModelAnswer, type ModelCall } from "./model";

export interface RetryDeps {
  clock: Clock;
  wait: Wait;
  /** From 0 up to but not 1. */
  random(): number;
}

/** Milliseconds: the longest pause before the second, and before each later attempt. */
const BACKOFF_MS = [1000, 4000];
/** A provider that asks for more than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Answers that say: the same request may be taken later. */
const isPassing = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;

/** The network failed before a byte of the answer's body. */
const NETWORK_CODES = new Set(["PROVIDER_UNREACHABLE", "ADDRESS_UNRESOLVED"]);

function mayPass(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false;
  if (!(error instanceof ProviderError)) return NETWORK_CODES.has(error.code);
  if (error.partialText !== "") return false;
  return NETWORK_CODES.has(error.code) || isPassing(error.httpStatus ?? 0);
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` (RFC 9110, 10.2.3) in milliseconds from `now`; null for none that can be read. */
export function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** What follows an attempt that failed; null where no other one is to be made. */
function planRetry(
  deps: RetryDeps,
  { error, attempt }: { error: unknown; attempt: number },
): FailedAttempt | null {
  if (!mayPass(error)) return null;
  const { httpStatus, retryAfter } =
    error instanceof ProviderError ? error : { httpStatus: undefined, retryAfter: null };
  const askedMs = readRetryAfter(retryAfter, deps.clock.now()) ?? 0;
  if (askedMs > MAX_RETRY_AFTER_MS) return null;
  const longest = BACKOFF_MS[attempt - 1] ?? BACKOFF_MS.at(-1) ?? 0;
  const delayMs = Math.max(askedMs, Math.round(deps.random() * longest));
  return { attempt, code: error.code, httpStatus, delayMs };
}

/**
 * Makes the call in up to `call.retries + 1` attempts within `call.timeoutMs`: another one after
 * 408, 425, 429, 5xx and failures of the network before any byte of the answer, with full jitter,
 * and no sooner than the provider asks for. Rejects with the failure of the last one.
 */
export async function callWithRetries(
  deps: RetryDeps,
  data: { call: ModelCall; attempt(call: ModelCall): Promise<ModelAnswer> },
): Promise<ModelAnswer> {
  const { call } = data;
  const deadline = deps.clock.monotonic() + call.timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const timeoutMs = deadline - deps.clock.monotonic();
    try {
      return await data.attempt({ ...call, timeoutMs });
    } catch (error) {
      const failed = attempt > call.retries ? null : planRetry(deps, { error, attempt });
      // A pause that uses up the time would end in a time-out and hide what failed.
      if (failed === null || deps.clock.monotonic() + failed.delayMs >= deadline) throw error;
      call.onRetry?.(failed);
      await deps.wait(failed.delayMs, call.signal);
    }
  }
}
