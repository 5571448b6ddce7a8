// Executions that wait for a slot, as the turns read them: by agent, and oldest first.

import type { StoreDeps, WaitingRow } from "../executions.store";

/** Whose limit an execution counts towards: that of its webhook, or none. */
export type WaitingKind = "delivered" | "own";

/** Work of one agent and kind that has no slot. */
export interface WaitingWork {
  agent: number;
  kind: WaitingKind;
  /** The oldest one. */
  first: number;
}

/** What waits at the start: one walk over all that has not ended, 0.1 s for 100,000. */
export const listWaitingWork = (deps: StoreDeps): WaitingWork[] =>
  deps.db.raw
    .query<WaitingWork, []>(
      `select agent, iif(delivery is null, 'own', 'delivered') as kind, min(seq) as first
       from executions indexed by executions_open
       where finished_at is null and state = 'waiting' group by 1, 2 order by 1, 2`,
    )
    .all();

const IS_OF_KIND = { delivered: "is not null", own: "is null" };

/**
 * The agent's waiting executions of a kind above `after`, oldest first. Looks at all of the agent's
 * above it: what was read before, and has ended since, lies below.
 */
export const listWaitingOf = (
  deps: StoreDeps,
  data: { agent: number; kind: WaitingKind; after: number; limit: number },
): WaitingRow[] =>
  deps.db.raw
    .query<WaitingRow, [number, number, number]>(
      `select seq, uid, agent, version, trigger, delivery, attempt, recoveries from executions indexed by executions_of_agent where agent = ? and seq > ? and state = 'waiting' and delivery ${IS_OF_KIND[data.kind]} order by seq limit ?`,
    )
    .all(data.agent, data.after, data.limit);
