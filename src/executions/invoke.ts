// Manual runs of an agent's live version.

import type { AgentsDeps } from "../agents/change";
import { getAgent } from "../agents/change";
import type { Sequence } from "../db/sequence";
import { AppError } from "../errors";
import { formatId } from "../lib/ids";
import type { Json } from "../pipelines/record";
import type { CheckInputDeps } from "./check-input";
import { checkInput } from "./check-input";
import { insertExecution, insertPayload, packInput, toFresh } from "./executions.store";
import type { Accepted, ExecutionEnd } from "./executions.schema";
import type { ViewDeps } from "./view";
import type { Wait, Waits } from "./waits";
import { awaitEnd } from "./waits";

export type InvokeDeps = AgentsDeps &
  CheckInputDeps &
  ViewDeps & { sequence: Sequence; waits: Waits };

/**
 * Stores an execution with trigger `manual` and wakes the pool; takes nothing from the webhook's
 * limits. With a wait it resolves with the end where that comes in time. Throws
 * AGENT_NOT_RUNNABLE, INPUT_INVALID or STORAGE_UNAVAILABLE, and SANDBOX_BUSY or
 * SANDBOX_UNAVAILABLE where the input could not be checked.
 */
export async function invoke(
  deps: InvokeDeps,
  data: { agentId: string; input: Json; wait: Wait | null },
): Promise<Accepted | ExecutionEnd> {
  const agent = getAgent(deps, data.agentId);
  const version = agent.liveVersion;
  const pipeline = version === null ? null : deps.versions.find({ agent: agent.seq, version });
  if (agent.status !== "active" || version === null || pipeline === null) {
    throw new AppError("AGENT_NOT_RUNNABLE");
  }
  const details = await checkInput(deps, { pipeline, agent: agent.seq, input: data.input });
  if (details.length > 0) throw new AppError("INPUT_INVALID", { details });
  const uid = deps.ids.uid();
  const payload = packInput(data.input);
  const seq = deps.sequence.next();
  const own = { seq, uid, agent: agent.seq, version, trigger: "manual", delivery: null } as const;
  await deps.writer.write(
    () => {
      insertExecution(deps, { ...own, createdAt: deps.clock.now() });
      insertPayload(deps, { seq, payload });
    },
    () => deps.pool.offer(toFresh(own)),
  );
  const end = data.wait === null ? null : await awaitEnd(deps, { ...data.wait, seq, uid });
  return end ?? { executionId: formatId("exec", uid), status: "running" };
}
