// The only place that reads the time, and waits for it where a test must not.

export interface Clock {
  /** Wall time, epoch milliseconds. */
  now(): number;
  /** Milliseconds that never jump, from an arbitrary start; for durations. */
  monotonic(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Waits that many milliseconds; rejects with the reason of the signal when that aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits on the machine's clock. */
export const systemWait: Wait = async (ms, signal) => {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const cancel = (): void => reject(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
};

/** A clock that moves only when told to; both readings advance together. */
export function createManualClock(start = Date.UTC(2026, 0, 1)): Clock & {
  advance(ms: number): void;
  jumpWall(ms: number): void;
} {
  let wall = start;
  let ticks = 0;
  return {
    now: () => wall,
    monotonic: () => ticks,
    advance(ms) {
      wall += ms;
      ticks += ms;
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}

/** Epoch milliseconds as ISO 8601 UTC with milliseconds. */
export const toIso = (at: number): string => new Date(at).toISOString();

/** As `toIso`, with null for a time that is not there. */
export const toIsoOrNull = (at: number | null): string | null => (at === null ? null : toIso(at));
