// Running an execution again as a new one: with its input or another, with its version or the live
// one, whole or from a node on.

import type { Sequence } from "../../db/sequence";
import { AppError, invalid } from "../../errors";
import { formatId } from "../../lib/ids";
import type { Pipeline } from "../../pipelines/pipelines.schema";
import type { Json, StepRecord } from "../../pipelines/record";
import { buildGraph, findReachable } from "../../pipelines/shape/graph";
import { listRegions, planRegions } from "../../pipelines/shape/regions";
import { findVersion } from "../../agents/agents.store";
import type { AgentsDeps } from "../../agents/change";
import { getAgent } from "../../agents/change";
import type { CheckInputDeps } from "../check-input";
import { checkInput } from "../check-input";
import type { Accepted } from "../executions.schema";
import type { ExecutionRow } from "../executions.store";
import {
  findPayload,
  insertExecution,
  insertPayload,
  packInput,
  toFresh,
} from "../executions.store";
import { readInput } from "../input";
import { encodeSteps, foldSteps } from "../journal/journal";
import { appendEntry, readJournal, toEntry } from "../journal/journal.store";
import type { ViewDeps } from "../view";
import { getExecutionRow } from "../view";

export type ReplayDeps = AgentsDeps & CheckInputDeps & ViewDeps & { sequence: Sequence };

export interface Replay {
  agentId: string;
  id: string;
  /** Left out, the input of the execution that is run again. */
  input?: Json;
  version: "same" | "latest";
  /** What lies before it is taken from the first execution. */
  fromNode?: string;
}

/** The version to run; throws AGENT_NOT_RUNNABLE where there is none. */
function requireVersion(deps: ReplayDeps, data: { row: ExecutionRow; replay: Replay }) {
  const { row, replay } = data;
  const agent = getAgent(deps, replay.agentId);
  const version = replay.version === "same" ? row.version : agent.liveVersion;
  const pipeline = version === null ? null : deps.versions.find({ agent: agent.seq, version });
  if (agent.status !== "active" || version === null || pipeline === null) {
    throw new AppError("AGENT_NOT_RUNNABLE");
  }
  return { agent: agent.seq, version, pipeline };
}

function requireInput(deps: ReplayDeps, data: { row: ExecutionRow; replay: Replay }): Json {
  const { row, replay } = data;
  if (replay.input !== undefined) return replay.input;
  if (findPayload(deps, row.delivery ?? row.seq) === null) throw new AppError("INPUT_GONE");
  return readInput(deps, row).input;
}

/** The node, all that lies behind it, and every loop or parallel around it with what that runs. */
function findAnew(pipeline: Pipeline, fromNode: string): ReadonlySet<string> {
  const graph = buildGraph(pipeline);
  const start = graph.indexOf.get(fromNode);
  if (start === undefined) {
    const message = "fromNode names no node of that version; choose one of its steps.";
    throw invalid({ path: "/fromNode", code: "NODE_UNKNOWN", message });
  }
  const plan = planRegions({ pipeline, graph });
  const owners = [...listRegions(plan, start)].flatMap(
    (region) => plan.regions[region]?.owner ?? [],
  );
  const anew = findReachable(graph, [start, ...owners]);
  return new Set([...anew].map((index) => graph.ids[index] ?? ""));
}

/** Ended steps of the first execution that the new one need not run. */
function keepSteps(deps: ReplayDeps, data: { row: ExecutionRow; replay: Replay }): StepRecord[] {
  const { row, replay } = data;
  if (replay.fromNode === undefined) return [];
  if (replay.input !== undefined || replay.version !== "same") {
    const message = "fromNode goes with the same input and the same version; leave the others out.";
    throw invalid({ path: "/fromNode", code: "INVALID", message });
  }
  const stored = findVersion(deps, { agent: row.agent, version: row.version });
  const anew = findAnew(JSON.parse(stored?.pipeline ?? '{"nodes":[],"edges":[]}'), replay.fromNode);
  const { entries } = readJournal(deps, row.seq);
  const steps = foldSteps({ entries, input: readInput(deps, row).input }).filter(
    ({ nodeId, status }) => !anew.has(nodeId) && (status === "completed" || status === "skipped"),
  );
  // What they used was paid for by the first execution.
  return steps.map((step) => ({ ...step, usage: null, cost: step.cost === null ? null : 0 }));
}

/**
 * Stores a new execution with trigger `replay` and wakes the pool; takes nothing from the webhook's
 * limits, and its effects have keys of their own. Throws NOT_FOUND, AGENT_NOT_RUNNABLE, INPUT_GONE,
 * INPUT_INVALID, VALIDATION_ERROR or STORAGE_UNAVAILABLE, and SANDBOX_BUSY or SANDBOX_UNAVAILABLE
 * where the input could not be checked.
 */
export async function replayExecution(deps: ReplayDeps, replay: Replay): Promise<Accepted> {
  const row = getExecutionRow(deps, replay);
  const { agent, version, pipeline } = requireVersion(deps, { row, replay });
  const input = requireInput(deps, { row, replay });
  const details = await checkInput(deps, { pipeline, agent, input });
  if (details.length > 0) throw new AppError("INPUT_INVALID", { details });
  const steps = keepSteps(deps, { row, replay });
  const uid = deps.ids.uid();
  const seq = deps.sequence.next();
  const own = { seq, uid, agent, version, trigger: "replay", delivery: null } as const;
  const payload = packInput(input);
  const kept = toEntry({
    execution: seq,
    entry: 0,
    kind: "steps",
    effect: null,
    record: encodeSteps({ steps, input }),
  });
  await deps.writer.write(
    () => {
      insertExecution(deps, { ...own, replayOf: row.seq, createdAt: deps.clock.now() });
      insertPayload(deps, { seq, payload });
      if (steps.length > 0) appendEntry(deps, kept);
    },
    () => deps.pool.offer(toFresh(own)),
  );
  return { executionId: formatId("exec", uid), status: "running" };
}
