// Executions that wait for a slot, as the turns read them: by agent, and oldest first.

import type { StoreDeps, WaitingRow } from "./executions.store";

/** The agents that have work without a slot: a walk from agent to agent, not over their rows. */
export const listWaitingAgents = (deps: StoreDeps): number[] =>
  deps.db.raw
    .query<{ agent: number }, []>(
      `with recursive waiting(agent) as (
         select min(agent) from executions indexed by executions_waiting where state = 'waiting'
         union all
         select (select min(agent) from executions indexed by executions_waiting where state = 'waiting' and agent > waiting.agent)
         from waiting where waiting.agent is not null)
       select agent from waiting where agent is not null`,
    )
    .all()
    .map((row) => row.agent);

/** Whose limit an execution counts towards: that of its webhook, or none. */
export type WaitingKind = "delivered" | "own";

const IS_OF_KIND = { delivered: "is not null", own: "is null" };

/** The agent's waiting executions of a kind above `after`, oldest first. */
export const listWaitingOf = (
  deps: StoreDeps,
  data: { agent: number; kind: WaitingKind; after: number; limit: number },
): WaitingRow[] =>
  deps.db.raw
    .query<WaitingRow, [number, number, number]>(
      `select seq, uid, agent, version, trigger, delivery, attempt, recoveries from executions indexed by executions_waiting where state = 'waiting' and agent = ? and delivery ${IS_OF_KIND[data.kind]} and seq > ? order by seq limit ?`,
    )
    .all(data.agent, data.after, data.limit);
