// The changes of state of an execution that was interrupted.

import type { StoreDeps } from "../executions.store";

/** interrupted → waiting, with its attempts and without its end; false elsewhere. Runs inside a write. */
export const reopen = (deps: StoreDeps, seq: number): boolean =>
  deps.db.raw
    .query(
      `update executions set state = 'waiting', started_at = null, finished_at = null, recoveries = 0,
         error_code = null, error_message = null, error_node = null, input_tokens = null,
         output_tokens = null, cached_tokens = null, cost = null
       where seq = ? and state = 'interrupted'`,
    )
    .run(seq).changes > 0;

/** interrupted → cancelled; false elsewhere. Runs inside a write. */
export const discardInterrupted = (deps: StoreDeps, seq: number): boolean =>
  deps.db.raw
    .query("update executions set state = 'cancelled' where seq = ? and state = 'interrupted'")
    .run(seq).changes > 0;
