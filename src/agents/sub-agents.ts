// Whether one agent may call another: it is there and active, and its own calls lead neither back nor
// too deep. Looks at live versions; an execution checks again, as these change.

import type { Db } from "../db/open";
import type { AgentFault } from "../pipelines/fields";
import type { Pipeline } from "../pipelines/pipelines.schema";
import { findAgentFacts, findVersion } from "./agents.store";

/** Calls within calls, the first counted as one. */
export const MAX_DEPTH = 5;

/** The agents that the live version of an agent calls. */
function listCalled(deps: { db: Db }, id: string): string[] {
  const agent = findAgentFacts(deps, id);
  if (agent?.liveVersion == null) return [];
  const row = findVersion(deps, { agent: agent.seq, version: agent.liveVersion });
  if (row === undefined) return [];
  const { nodes }: Pipeline = JSON.parse(row.pipeline);
  return nodes.flatMap(({ type, data }) =>
    type === "sub_agent" && typeof data.agentId === "string" ? data.agentId : [],
  );
}

/** What keeps `caller` from calling `called`; null for nothing. Looks level by level, as deep as calls may go. */
export function findAgentFault(
  deps: { db: Db },
  data: { caller: string; called: string },
): AgentFault | null {
  const { caller, called } = data;
  if (called === caller) return "calls_back";
  const agent = findAgentFacts(deps, called);
  if (agent === null) return "unknown";
  if (agent.status !== "active" || agent.liveVersion === null) return "inactive";
  let level = new Set([called]);
  for (let depth = 1; level.size > 0; depth += 1) {
    if (depth > MAX_DEPTH) return "too_deep";
    const next = new Set([...level].flatMap((id) => listCalled(deps, id)));
    if (next.has(caller)) return "calls_back";
    level = next;
  }
  return null;
}
