// How long an agent's executions take, for the Retry-After of the concurrency limit.

import type { Db } from "../db/open";
import { recentDurations } from "./executions.store";

const KEPT = 20;
const FALLBACK_SECONDS = 5;

export interface Durations {
  add(end: { agent: number; durationMs: number }): void;
  /** clamp(ceil(median seconds / 10), 1, 59) of the last 20, 5 without history. */
  retryAfterSeconds(agent: number): number;
}

/** Reads an agent's history on first use and is told of every end from then on. */
export function createDurations(deps: { db: Db }): Durations {
  const byAgent = new Map<number, number[]>();
  return {
    add({ agent, durationMs }) {
      const kept = byAgent.get(agent);
      if (kept === undefined) return;
      kept.unshift(durationMs);
      kept.length = Math.min(kept.length, KEPT);
    },
    retryAfterSeconds(agent) {
      const kept = byAgent.get(agent) ?? recentDurations(deps, { agent, limit: KEPT });
      byAgent.set(agent, kept);
      const sorted = kept.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)];
      if (median === undefined) return FALLBACK_SECONDS;
      return Math.min(59, Math.max(1, Math.ceil(median / 1000 / 10)));
    },
  };
}
