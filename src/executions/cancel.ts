// Cancelling an execution: one that waits never starts, one that runs is aborted.

import { AppError } from "../errors";
import type { ExecutionSummary } from "./executions.schema";
import type { ViewDeps } from "./view";
import { getExecutionRow, toSummary } from "./view";

/**
 * Cancels what has not ended, and answers when that is on disk; what is cancelled already is
 * answered as such. Throws NOT_FOUND, EXECUTION_FINAL where another end came first, or
 * STORAGE_UNAVAILABLE.
 */
export async function cancelExecution(
  deps: ViewDeps,
  data: { agentId: string; id: string },
): Promise<ExecutionSummary> {
  await deps.pool.cancel(getExecutionRow(deps, data));
  const row = getExecutionRow(deps, data);
  if (row.state !== "cancelled") {
    throw new AppError("EXECUTION_FINAL", { hint: `Its status is ${row.state}.` });
  }
  return toSummary(deps, row);
}
