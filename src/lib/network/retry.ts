// When an outgoing call is made again, and after how long.
// What a failure means is the caller's to say, and so is the attempt itself.

import type { ErrorCode } from "../../errors";
import type { Clock, Wait } from "../clock";

export interface RetryDeps {
  clock: Clock;
  wait: Wait;
  /** From 0 up to but not 1. */
  random(): number;
}

/** An attempt that is made again. */
export interface FailedAttempt {
  /** Counts from 1. */
  attempt: number;
  code: ErrorCode;
  /** HTTP status of the peer, where it gave one. */
  httpStatus: number | undefined;
  /** Milliseconds until the next attempt. */
  delayMs: number;
}

/** A call that may be made in several attempts. */
export interface RetriedCall {
  /** For all attempts together. */
  timeoutMs: number;
  /** Attempts after the first one. */
  retries: number;
  signal: AbortSignal;
  /** Told of an attempt that failed before another one is made. */
  onRetry?(failed: FailedAttempt): void;
}

/** A failure that may pass: an attempt after it can succeed. */
export interface PassingFailure {
  code: ErrorCode;
  httpStatus: number | undefined;
  /** `Retry-After` of the peer, as it came. */
  retryAfter: string | null;
}

/** Milliseconds: the longest pause before the second, and before each later attempt. */
const BACKOFF_MS = [1000, 4000];
/** A peer that asks for more than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Answers that say: the same request may be taken later. */
export const isPassingStatus = (status: number): boolean =>
  [408, 425, 429].includes(status) || status >= 500;

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
  { failure, attempt }: { failure: PassingFailure; attempt: number },
): FailedAttempt | null {
  const askedMs = readRetryAfter(failure.retryAfter, deps.clock.now()) ?? 0;
  if (askedMs > MAX_RETRY_AFTER_MS) return null;
  const longest = BACKOFF_MS[attempt - 1] ?? BACKOFF_MS.at(-1) ?? 0;
  const delayMs = Math.max(askedMs, Math.round(deps.random() * longest));
  return { attempt, code: failure.code, httpStatus: failure.httpStatus, delayMs };
}

/**
 * Makes the call in up to `call.retries + 1` attempts within `call.timeoutMs`: another one after each
 * failure that `judge` says may pass, with full jitter, and no sooner than the peer asks for. Rejects
 * with the failure of the last one.
 */
export async function callWithRetries<Call extends RetriedCall, Answer>(
  deps: RetryDeps,
  data: {
    call: Call;
    attempt(call: Call): Promise<Answer>;
    judge(error: unknown): PassingFailure | null;
  },
): Promise<Answer> {
  const { call } = data;
  const deadline = deps.clock.monotonic() + call.timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const timeoutMs = deadline - deps.clock.monotonic();
    try {
      return await data.attempt({ ...call, timeoutMs });
    } catch (error) {
      const failure = attempt > call.retries ? null : data.judge(error);
      const failed = failure === null ? null : planRetry(deps, { failure, attempt });
      // A pause that uses up the time would end in a time-out and hide what failed.
      if (failed === null || deps.clock.monotonic() + failed.delayMs >= deadline) throw error;
      call.onRetry?.(failed);
      await deps.wait(failed.delayMs, call.signal);
    }
  }
}
