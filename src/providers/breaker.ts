// Spares a provider that is down: after five failures in a row its calls fail at once, and every half a
// minute one is let through to see whether it is back.

import type { Clock } from "../lib/clock";
import { isPassingStatus } from "../lib/network/retry";
import { ProviderError } from "./model";

/** Calls in a row, each with all its attempts, after which a provider counts as down. */
const FAILURES = 5;
/** Milliseconds until the next call is let through. */
const PAUSE_MS = 30_000;

export interface Breaker {
  /**
   * Makes the call, unless the provider counts as down: then it rejects with PROVIDER_CIRCUIT_OPEN and
   * the call is not made.
   */
  run<T>(providerId: string, call: () => Promise<T>): Promise<T>;
}

/** What is known of a provider that has failed; one that answers is forgotten. */
interface Standing {
  failures: number;
  /** Monotonic milliseconds from which a call is let through. */
  openUntil: number;
}

/** Failures that say that the provider is down, and not that the call was wrong. */
const DOWN_CODES = new Set([
  "PROVIDER_UNREACHABLE",
  "PROVIDER_TLS_FAILED",
  "PROVIDER_STREAM_CUT",
  "PROVIDER_TIMEOUT",
]);

const isDown = (error: unknown): boolean =>
  error instanceof ProviderError &&
  (DOWN_CODES.has(error.code) || isPassingStatus(error.httpStatus ?? 0));

/** Every provider counts as up. */
export function createBreaker(deps: { clock: Clock }): Breaker {
  const records = new Map<string, Standing>();

  function refuseIfOpen(providerId: string): void {
    const record = records.get(providerId);
    if (record === undefined || record.failures < FAILURES) return;
    const waitMs = record.openUntil - deps.clock.monotonic();
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      const message = `The provider failed ${record.failures} times in a row and is not asked for ${seconds} s more.`;
      throw new ProviderError("PROVIDER_CIRCUIT_OPEN", { message });
    }
    // Until this one has ended, no other is let through.
    record.openUntil = deps.clock.monotonic() + PAUSE_MS;
  }

  function note(providerId: string, error: unknown): void {
    const record = records.get(providerId) ?? { failures: 0, openUntil: 0 };
    // A call that failed for another reason was answered.
    if (!isDown(error)) return void records.delete(providerId);
    record.failures += 1;
    record.openUntil = deps.clock.monotonic() + PAUSE_MS;
    records.set(providerId, record);
  }

  return {
    async run(providerId, call) {
      refuseIfOpen(providerId);
      try {
        const answer = await call();
        records.delete(providerId);
        return answer;
      } catch (error) {
        // One that the caller has broken off says nothing.
        if (error instanceof ProviderError) note(providerId, error);
        throw error;
      }
    },
  };
}
