// Executions that others have called and that are open although nobody goes on with them.

import type { StoreDeps } from "../executions.store";

/**
 * Ends as cancelled what an execution has called, and what that has called, where it is still open
 * although nobody goes on with it; runs inside a write.
 */
export function endCalled(deps: StoreDeps, data: { caller: number; finishedAt: number }): void {
  deps.db.raw
    .query(
      `with recursive called(seq) as (
         select seq from executions where caller = ?1 and finished_at is null
         union select e.seq from executions e join called c on e.caller = c.seq where e.finished_at is null)
       update executions set state = 'cancelled', finished_at = max(?2, created_at)
       where seq in called and state = 'running'`,
    )
    .run(data.caller, data.finishedAt);
}

/** Executions that have ended while what they called is open still: an earlier process left that. */
export const listAbandonedCallers = (deps: StoreDeps): number[] =>
  deps.db.raw
    .query<{ seq: number }, []>(
      `select distinct c.seq from executions e indexed by executions_called join executions c on c.seq = e.caller
       where e.caller is not null and e.finished_at is null and c.finished_at is not null`,
    )
    .all()
    .map(({ seq }) => seq);
