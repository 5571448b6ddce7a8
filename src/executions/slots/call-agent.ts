// Executions of agents that others call: each has a row and a journal of its own, and runs within its
// caller's slot, as one that waited for a slot while its caller holds one could wait for ever.

import { MAX_DEPTH } from "../../agents/sub-agents";
import type { LiveAgent } from "../../agents/directory";
import type { Sequence } from "../../db/sequence";
import { AppError } from "../../errors";
import { deriveUid, formatId } from "../../lib/ids";
import type { AgentAnswer, AgentCall } from "../../pipelines/record";
import type { RunResult } from "../../pipelines/run";
import type { CheckInputDeps } from "../check-input";
import { checkInput } from "../check-input";
import type { ExecuteDeps, Run } from "./execute";
import { recordEnd, runToEnd, toFinish } from "./execute";
import type { ExecutionRow, NewExecution } from "../executions.store";
import {
  findExecution,
  insertExecution,
  insertPayload,
  markStarted,
  packInput,
  requeueCut,
} from "../executions.store";
import { createJournal } from "../journal/journal-writer";
import { readOutput } from "../output";
import { persist, Stopped } from "../persist";

export type CallAgentDeps = ExecuteDeps &
  CheckInputDeps & {
    sequence: Sequence;
    findAgent(id: string): Pick<LiveAgent, "seq" | "status" | "liveVersion"> | null | undefined;
    /** Lets a running execution be looked at and cancelled; gives what ends that. */
    enter(run: Run): () => void;
  };

interface Called {
  caller: Run;
  call: AgentCall;
  stopping: AbortSignal;
}

interface Target {
  agent: number;
  version: number;
}

/** The agent as it is now; throws where it cannot be called from here with this input. */
async function requireTarget(deps: CallAgentDeps, { caller, call }: Called): Promise<Target> {
  const agent = deps.findAgent(call.agentId);
  const version = agent?.status === "active" ? agent.liveVersion : null;
  if (agent == null || version === null) throw new AppError("SUB_AGENT_UNAVAILABLE");
  const { lineage } = caller;
  const isRound = lineage.some((above) => above.agent === agent.seq);
  if (isRound || lineage.length > MAX_DEPTH) throw new AppError("SUB_AGENT_NESTING");
  const pipeline = deps.versions.find({ agent: agent.seq, version });
  if (pipeline === null) throw new AppError("SUB_AGENT_UNAVAILABLE");
  const faults = await checkInput(deps, { pipeline, agent: agent.seq, input: call.input });
  if (faults.length > 0) throw new AppError("SUB_AGENT_INPUT_INVALID");
  return { agent: agent.seq, version };
}

/** Stores the call as an execution that has begun. */
async function begin(deps: CallAgentDeps, data: Called & { uid: Uint8Array }): Promise<Run> {
  const { caller, call, stopping, uid } = data;
  const target = await requireTarget(deps, data);
  call.signal.throwIfAborted();
  const seq = deps.sequence.next();
  const createdAt = deps.clock.now();
  const row: NewExecution = {
    ...target,
    seq,
    uid,
    trigger: "sub_agent",
    delivery: null,
    caller: caller.row.seq,
    createdAt,
  };
  const payload = packInput(call.input);
  await persist({ writer: deps.writer, stopping }, () => {
    insertExecution(deps, row);
    insertPayload(deps, { seq, payload });
    // In the same write: no slot may take it.
    markStarted(deps, { seq, startedAt: createdAt, attempt: 1 });
  });
  return toRun(data, { row: { ...row, attempt: 0, recoveries: 0 }, startedAt: createdAt });
}

/** Takes up a call that an earlier process left unfinished. */
async function goOn(deps: CallAgentDeps, data: Called & { found: ExecutionRow }): Promise<Run> {
  const { found, stopping } = data;
  const startedAt = deps.clock.now();
  const { seq, attempt } = found;
  await persist({ writer: deps.writer, stopping }, () => {
    requeueCut(deps, seq);
    markStarted(deps, { seq, startedAt, attempt: attempt + 1 });
  });
  return { ...toRun(data, { row: found, startedAt }), strict: true };
}

function toRun({ caller, call }: Called, own: Pick<Run, "row" | "startedAt">): Run {
  const { seq, agent, attempt } = own.row;
  return {
    ...own,
    attempt: attempt + 1,
    strict: false,
    steps: new Map(),
    abort: new AbortController(),
    hasEnded: false,
    lineage: [...caller.lineage, { seq, agent }],
    counts: call.counts,
  };
}

const failed = (executionId: string, status: string): AppError =>
  new AppError("SUB_AGENT_FAILED", {
    message: `The other agent's execution ${executionId} ended as ${status}.`,
  });

/** What an execution gave that had ended before its caller could record that. */
function answerAgain(deps: CallAgentDeps, row: ExecutionRow): AgentAnswer {
  const executionId = formatId("exec", row.uid);
  if (row.state !== "completed") throw failed(executionId, row.state);
  const { inputTokens, outputTokens, cachedTokens, cost } = row;
  const usage =
    inputTokens === null
      ? null
      : { inputTokens, outputTokens: outputTokens ?? 0, cachedTokens: cachedTokens ?? 0 };
  return { executionId, output: readOutput(deps, row), usage, cost };
}

/** Runs it to an end that is on disk; throws `Stopped` where the process ends first. */
async function runCalled(deps: CallAgentDeps, data: Called & { run: Run }): Promise<RunResult> {
  const { run, stopping, caller } = data;
  const { seq } = run.row;
  const root = caller.lineage[0]?.seq ?? seq;
  const journal = createJournal(deps, { seq, root, recoveries: caller.row.recoveries, stopping });
  const { result, steps } = await runToEnd(deps, { run, stopping, journal });
  if (run.abort.signal.reason === "stopping") throw new Stopped();
  run.hasEnded = true;
  const finish = toFinish(deps, { run, result });
  const writing = { writer: deps.writer, stopping };
  const isStored = await persist(writing, () => recordEnd(deps, { run, finish, steps }));
  // Cancelled right after its row was written, before it could be found here.
  const state = isStored ? finish.state : "cancelled";
  if (state !== "completed") throw failed(formatId("exec", run.row.uid), state);
  return result;
}

/**
 * Runs another agent's live version for a step, and gives what came of it once that is on disk. Made
 * again after a crash, the same call goes on with the execution that it started. Rejects with an
 * `AppError` of a SUB_AGENT code, or with `Stopped`.
 */
export async function callAgent(deps: CallAgentDeps, data: Called): Promise<AgentAnswer> {
  const { caller, call } = data;
  const uid = deriveUid(caller.row.uid, call.callId);
  const found = findExecution(deps, uid);
  if (found !== null && found.finishedAt !== null) return answerAgain(deps, found);
  const run = await (found === null
    ? begin(deps, { ...data, uid })
    : goOn(deps, { ...data, found }));
  const leave = deps.enter(run);
  const cancel = (): void => run.abort.abort(call.signal.reason);
  call.signal.addEventListener("abort", cancel, { once: true });
  if (call.signal.aborted) cancel();
  try {
    const { output, usage, cost } = await runCalled(deps, { ...data, run });
    return { executionId: formatId("exec", uid), output, usage, cost };
  } finally {
    call.signal.removeEventListener("abort", cancel);
    leave();
  }
}
