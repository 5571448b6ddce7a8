// Answers that wait for the end of an execution: how many, how long, and what ends a wait early. A
// wait never cuts the execution.

import type { ExecutionEnd } from "./executions.schema";
import type { Pool } from "./slots/pool";
import type { ViewDeps } from "./view";
import { viewEnd } from "./view";

/** The server of a request; null without a port. */
export type AnsweringServer = {
  /** Lets the request's connection be silent for so many seconds. */
  timeout(request: Request, seconds: number): void;
} | null;

/** One answer's wait. */
export interface Wait {
  seconds: number;
  request: Request;
  server: AnsweringServer;
}

export interface Waits {
  /**
   * Resolves when the execution's end is on disk, or earlier: after `seconds`, when the client has
   * gone or the server stops, and at once where 500 answers wait already.
   */
  untilEnd(data: Wait & { seq: number }): Promise<void>;
  /** Ends all waits, and lets none begin. */
  stop(): void;
}

/** Answers that wait at once, of all routes together. */
export const MAX_WAITS = 500;
/** Beyond the wait, for the answer itself. */
const SLACK_SECONDS = 10;

/** Nobody waits yet. */
export function createWaits(deps: { pool: Pick<Pool, "finished"> }): Waits {
  const open = new Set<AbortController>();
  let isStopped = false;
  return {
    async untilEnd({ seq, seconds, request, server }) {
      const gone = request.signal;
      if (isStopped || gone.aborted || open.size >= MAX_WAITS) return;
      const wait = new AbortController();
      const giveUp = (): void => wait.abort();
      open.add(wait);
      gone.addEventListener("abort", giveUp);
      const timer = setTimeout(giveUp, seconds * 1000);
      // A connection is else closed after 30 silent seconds.
      server?.timeout(request, seconds + SLACK_SECONDS);
      try {
        await deps.pool.finished(seq, wait.signal);
      } finally {
        clearTimeout(timer);
        gone.removeEventListener("abort", giveUp);
        open.delete(wait);
      }
    },
    stop() {
      isStopped = true;
      for (const wait of open) wait.abort();
    },
  };
}

/** Waits, and returns the end that came in time; null where none did. */
export async function awaitEnd(
  deps: ViewDeps & { waits: Waits },
  data: Wait & { seq: number; uid: Uint8Array },
): Promise<ExecutionEnd | null> {
  await deps.waits.untilEnd(data);
  return viewEnd(deps, data.uid);
}
