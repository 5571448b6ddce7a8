// Shares the event loop: work that has held one turn for long enough waits for a later one, in
// order, so that large bodies and long pipelines leave room for everybody else's requests.

import type { Clock } from "./clock";

export interface LoopTurn {
  /** Undefined while this turn is young; else resolves in a later one, in the order of asking. */
  pause(): Promise<void> | undefined;
}

/** How long work may go on in one turn; a single step that takes longer is not cut. */
const MAX_TURN_MS = 4;

/** One for the process. */
export function createLoopTurn(deps: { clock: Clock }): LoopTurn {
  const waiting: (() => void)[] = [];
  let since: number | null = null;

  const isOld = (): boolean => since !== null && deps.clock.monotonic() - since >= MAX_TURN_MS;

  async function begin(): Promise<void> {
    since = waiting.length === 0 ? null : deps.clock.monotonic();
    while (waiting.length > 0 && !isOld()) {
      waiting.shift()?.();
      // What has just been let go runs before this goes on, and its time counts.
      await Promise.resolve();
    }
    if (since !== null) setImmediate(() => void begin());
  }

  return {
    pause() {
      if (since === null) {
        since = deps.clock.monotonic();
        setImmediate(() => void begin());
      }
      if (waiting.length === 0 && !isOld()) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
