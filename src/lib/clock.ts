// The only place that reads the time.

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
