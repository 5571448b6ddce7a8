// What is done with a draft besides changing it: judged, and copied to a new agent.

import type { Pipeline } from "../pipelines/pipelines.schema";
import type { Validation } from "./agents.schema";
import { MAX_NAME_CHARS } from "./agents.schema";
import { insertAgent } from "./agents.store";
import type { AgentsDeps, Changed } from "./change";
import { getAgent, judgePipeline } from "./change";

/**
 * All faults of a pipeline, or of the agent's draft where none is given. Changes nothing; throws NOT_FOUND.
 */
export function judgeDraft(
  deps: AgentsDeps,
  data: { id: string; pipeline: Pipeline | undefined },
): Validation {
  const { draft } = getAgent(deps, data.id);
  const pipeline = data.pipeline ?? JSON.parse(draft);
  const { faults } = judgePipeline(deps, { agentId: data.id, pipeline });
  return { valid: faults.length === 0, faults };
}

const SUFFIX = " (copy)";

/** The name of a copy, within the limit and without half a character at the cut. */
const nameCopy = (name: string): string =>
  name
    .slice(0, MAX_NAME_CHARS - SUFFIX.length)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd() + SUFFIX;

/**
 * Makes a draft agent of another's description, draft and webhook settings. Its webhook is off and
 * has no secret: two webhooks never share one. Throws NOT_FOUND.
 */
export const duplicateAgent = (
  deps: AgentsDeps,
  data: { id: string; name: string | undefined },
): Promise<Changed> =>
  deps.writer.write(() => {
    const { name, description, draft, webhookSettings } = getAgent(deps, data.id);
    const copy = { name: data.name ?? nameCopy(name), description, draft, webhookSettings };
    return { row: insertAgent(deps, copy) };
  });
