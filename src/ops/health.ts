// Whether the process lives, and whether it can take work.

import type { Db } from "../db/open";
import { touch } from "../db/probe";
import type { Writer } from "../db/writer";
import type { Clock } from "../lib/clock";

export interface Health {
  /** Notes an error that nobody handled. */
  noteUnhandled(): void;
  /** From now on the server takes no new work. */
  noteStopping(): void;
  /** Null where work can be taken, else why not. */
  problem(): Promise<"SHUTTING_DOWN" | "FAILING" | "STORAGE_UNAVAILABLE" | null>;
}

/** Unhandled errors a minute above which something is badly wrong. */
const MAX_UNHANDLED = 10;
const MINUTE_MS = 60_000;

/** A healthy start. */
export function createHealth(deps: { db: Db; clock: Clock; writer: Writer }): Health {
  let stopping = false;
  let unhandled: number[] = [];
  return {
    noteUnhandled() {
      const now = deps.clock.monotonic();
      unhandled = [...unhandled.filter((at) => now - at < MINUTE_MS), now].slice(
        -MAX_UNHANDLED - 1,
      );
    },
    noteStopping() {
      stopping = true;
    },
    async problem() {
      if (stopping) return "SHUTTING_DOWN";
      const now = deps.clock.monotonic();
      if (unhandled.filter((at) => now - at < MINUTE_MS).length > MAX_UNHANDLED) return "FAILING";
      try {
        await deps.writer.write(() => touch(deps.db));
        return null;
      } catch {
        // The writer has logged the cause.
        return "STORAGE_UNAVAILABLE";
      }
    },
  };
}
