// What an execution may call beside what its pipeline names.

import type { AllowedCalls } from "../../agents/webhook-settings";
import type { Db } from "../../db/open";
import type { CallTarget } from "../../pipelines/program";
import type { WaitingRow } from "../executions.store";
import { isFromDelivery } from "../origin.store";

export interface PermitDeps {
  db: Db;
  /** What an agent's executions may call that go back to a delivery. */
  allowedCallsOf(agent: number): AllowedCalls;
}

/**
 * What the execution may call, asked at each call: a tighter list holds at once. Without a delivery
 * behind it, whatever its pipeline names.
 */
export function createPermit(deps: PermitDeps, row: WaitingRow): (target: CallTarget) => boolean {
  if (!isFromDelivery(deps, row)) return () => true;
  return ({ kind, id }) => {
    const { toolIds, agentIds } = deps.allowedCallsOf(row.agent);
    return (kind === "tool" ? toolIds : agentIds)?.includes(id) ?? true;
  };
}
