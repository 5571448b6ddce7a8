// Which delivery, if any, an execution goes back to.

import type { Db } from "../db/open";
import type { Trigger } from "../vocabulary";

/** Triggers whose input may be that of another execution. */
const PASSED_ON: ReadonlySet<Trigger> = new Set(["replay", "sub_agent"]);

/** An execution that goes back to a delivery: its input is a stranger's, whoever set it off. */
export function isFromDelivery(
  deps: { db: Db },
  row: { seq: number; trigger: Trigger; delivery: number | null },
): boolean {
  if (row.trigger === "webhook" || row.delivery !== null) return true;
  if (!PASSED_ON.has(row.trigger)) return false;
  const found = deps.db.raw
    .query<{ found: number }, [number]>(
      `with recursive origin(seq, trigger, delivery, above) as (
         select seq, trigger, delivery, coalesce(caller, replay_of) from executions where seq = ?
         union select e.seq, e.trigger, e.delivery, coalesce(e.caller, e.replay_of)
           from executions e join origin o on e.seq = o.above)
       select exists (select 1 from origin where trigger = 'webhook' or delivery is not null) as found`,
    )
    .get(row.seq);
  return found?.found === 1;
}

/** The delivery that an execution goes back to, by however many replays; null for none. */
export const findReplayedDelivery = (deps: { db: Db }, seq: number): number | null =>
  deps.db.raw
    .query<{ delivery: number | null }, [number]>(
      `with recursive origin(seq, delivery, replay_of) as (
         select seq, delivery, replay_of from executions where seq = ?
         union select e.seq, e.delivery, e.replay_of from executions e join origin o on e.seq = o.replay_of)
       select delivery from origin where replay_of is null`,
    )
    .get(seq)?.delivery ?? null;
