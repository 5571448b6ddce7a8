// The order of an execution: which node is ready, what its end sets free, when all is over.
// `run.ts` starts it and says what the host must bring; `frames.ts` holds its state.

import { ERRORS, type ErrorCode } from "../errors";
import { toFailure } from "./failures";
import {
  countUse,
  createFrame,
  type Frame,
  type OpenRegion,
  readResult,
  type Running,
  type RunResult,
  wasSkipped,
} from "./frames";
import type { CompiledNode, NodeOutcome } from "./program";
import { type Failure, type Json, type StepRecord, stepName } from "./record";
import { MAX_RENDERED_LENGTH } from "./templates/template";
import { addStep, sumCost } from "./totals";
import { fitsBytes, MAX_OUTPUT_BYTES, takeRoughly } from "./values";

interface Active {
  node: CompiledNode;
  step: StepRecord;
}

const failureOf = (code: ErrorCode): Failure => ({ code, message: ERRORS[code].message });

const TOO_LARGE: NodeOutcome = { ok: false, failure: failureOf("OUTPUT_TOO_LARGE") };

/** Failures that no `onError` goes on from: the execution has used up what it may. */
const CAP_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "NODE_RUN_LIMIT",
  "MODEL_CALL_LIMIT",
  "TOOL_CALL_LIMIT",
  "TOKEN_LIMIT",
  "COST_LIMIT",
  "TRACE_TOO_LARGE",
]);

function createStep(frame: Frame, nodeId: string): StepRecord {
  const { deps, data } = frame.run;
  return {
    nodeId,
    iteration: frame.iteration,
    status: "running",
    input: null,
    output: null,
    error: null,
    startedAt: deps.clock.now(),
    finishedAt: null,
    attempt: data.attempt,
    usage: null,
    cost: null,
    logs: [],
  };
}

/** Puts an ended step where the result, or the next effect, takes it from. */
function endStep(frame: Frame, { node, step }: Active): void {
  const { run } = frame;
  step.finishedAt ??= run.deps.clock.now();
  frame.active.delete(node);
  run.steps.push(step);
  addStep(run.deps, { totals: run.totals, node, step });
  run.data.onStep?.(step);
}

/** Ends a region's run early: what still runs in it is cancelled, and nobody is told. */
function cancelFrame(frame: Frame, reason?: unknown): void {
  if (frame.hasEnded) return;
  frame.hasEnded = true;
  frame.parent?.children.delete(frame);
  for (const child of frame.children) cancelFrame(child, reason);
  for (const [node, step] of frame.active) {
    step.status = "cancelled";
    endStep(frame, { node, step });
  }
  frame.controller.abort(reason);
}

/** Ends a region's run with its outcome; after a failure what still runs in it is cancelled. */
function endFrame(frame: Frame, outcome: NodeOutcome): void {
  if (frame.hasEnded) return;
  if (!outcome.ok) cancelFrame(frame, frame.run.data.signal.reason);
  frame.hasEnded = true;
  frame.parent?.children.delete(frame);
  frame.onEnd(outcome);
}

/** Ends the execution with its result; what still runs is cancelled. */
export function endRun(frame: Frame, end: Pick<RunResult, "status" | "error">): void {
  const { run } = frame;
  if (run.hasEnded) return;
  run.hasEnded = true;
  let root = frame;
  while (root.parent !== null) root = root.parent;
  const { data, steps, totals } = run;
  cancelFrame(root, data.signal.reason);
  data.signal.removeEventListener("abort", run.cancel);
  const isCompleted = end.status === "completed";
  const output = isCompleted ? (root.outputs.get(data.pipeline.outputNodeId) ?? null) : null;
  run.resolve({ ...end, output, steps, usage: totals.usage, cost: sumCost(totals) });
}

const failRun = (frame: Frame, error: Failure & { nodeId: string }): void =>
  endRun(frame, { status: "failed", error });

/** A node whose incoming edges are all dead; what hangs on it alone is skipped as well. */
function skipNode(frame: Frame, node: CompiledNode): void {
  const { recorded } = frame.run.data;
  const { iteration } = frame;
  frame.skipped.add(node.id);
  if (recorded.steps.get(stepName({ nodeId: node.id, iteration }))?.status !== "skipped") {
    const step = createStep(frame, node.id);
    step.status = "skipped";
    step.startedAt = null;
    endStep(frame, { node, step });
  }
  settle(frame, { node, output: null, isDead: true });
}

/** A node that an edge is live to; of a `merge` one of its sources must have run as well. */
function isWanted(frame: Frame, data: { node: CompiledNode; index: number }): boolean {
  const { sources } = data.node.program;
  if (frame.isLive[data.index] !== true) return false;
  return sources === undefined || !sources.every((id) => wasSkipped(frame, id));
}

/** Hands an output on: its edges are settled, and nodes that have waited for them become ready. */
function settle(frame: Frame, data: { node: CompiledNode; output: Json; isDead: boolean }): void {
  const { node, output, isDead } = data;
  frame.outputs.set(node.id, output);
  frame.left -= 1;
  const handle = isDead ? null : (node.program.readHandle?.(output) ?? null);
  for (const { target: index, handle: wanted } of node.outgoing) {
    const isLive = !isDead && (handle === null || wanted === null || wanted === handle);
    if (isLive) frame.isLive[index] = true;
    const left = (frame.unsettled[index] ?? 0) - 1;
    frame.unsettled[index] = left;
    const next = frame.region.nodes[index];
    if (left > 0 || next === undefined) continue;
    if (isWanted(frame, { node: next, index })) frame.run.ready.push({ frame, node: next });
    else skipNode(frame, next);
  }
  if (frame.left === 0) endFrame(frame, { ok: true, output: readResult(frame) });
}

/** The outcome, or its failure where the output is larger than a node's may be. */
function boundOutcome(node: CompiledNode, outcome: NodeOutcome): NodeOutcome {
  if (!outcome.ok || !node.program.isBounded) return outcome;
  return fitsBytes(outcome.output, MAX_OUTPUT_BYTES) ? outcome : TOO_LARGE;
}

/** What the execution has used up, if anything. */
function findSpent(frame: Frame, { node, step }: Active): ErrorCode | null {
  const { run } = frame;
  const { counts, deps } = run;
  if (counts.tokens > deps.caps.tokens) return "TOKEN_LIMIT";
  if (counts.cost > deps.caps.cost) return "COST_LIMIT";
  if (!node.program.isBounded) return null;
  run.traceRoom = takeRoughly(step.output, takeRoughly(step.input, run.traceRoom));
  return run.traceRoom < 0 ? "TRACE_TOO_LARGE" : null;
}

/** Notes how a node run ended; a failure that is not gone on from ends its region's run. */
function endNode(frame: Frame, data: Active & { outcome: NodeOutcome }): void {
  if (frame.hasEnded) return;
  const { node, step } = data;
  const outcome = boundOutcome(node, data.outcome);
  step.status = outcome.ok ? "completed" : "failed";
  if (outcome.ok) step.output = outcome.output;
  else step.error = outcome.failure;
  endStep(frame, { node, step });
  const spent = findSpent(frame, { node, step });
  if (spent !== null) return failRun(frame, { ...failureOf(spent), nodeId: node.id });
  if (outcome.ok) return settle(frame, { node, output: outcome.output, isDead: false });
  const { failure, nodeId = node.id } = outcome;
  if (failure.code === "EFFECT_UNKNOWN") {
    return endRun(frame, { status: "interrupted", error: { ...failure, nodeId } });
  }
  if (CAP_CODES.has(failure.code)) return failRun(frame, { ...failure, nodeId });
  if (node.continuesOnError) return settle(frame, { node, output: null, isDead: false });
  endFrame(frame, { ok: false, failure, nodeId });
}

const toFailed = ({ run }: Frame, error: unknown): NodeOutcome => ({
  ok: false,
  failure: toFailure(run.deps, error),
});

/** Goes on after a node that ended later; an error of the host's own hooks ends the execution. */
function proceed(frame: Frame, data: Active & { outcome: NodeOutcome }): void {
  try {
    endNode(frame, data);
    advance(frame.run);
  } catch (error) {
    frame.run.abandon(error);
  }
}

/** A node that an earlier attempt completed is not run again. */
function reuseStep(frame: Frame, node: CompiledNode): boolean {
  const { deps, data, totals } = frame.run;
  const { steps } = data.recorded;
  if (steps.size === 0) return false;
  const step = steps.get(stepName({ nodeId: node.id, iteration: frame.iteration }));
  if (step?.status !== "completed") return false;
  addStep(deps, { totals, node, step });
  countUse(frame.run, step);
  settle(frame, { node, output: step.output, isDead: false });
  return true;
}

/** Runs a node; its end comes at once, or later where it gives a promise. */
function runNode(frame: Frame, { node, step }: Active): void {
  let outcome: NodeOutcome | Promise<NodeOutcome>;
  try {
    outcome = node.program.run(frame.host, step);
  } catch (error) {
    outcome = toFailed(frame, error);
  }
  if (!(outcome instanceof Promise)) return endNode(frame, { node, step, outcome });
  outcome.then(
    (later) => proceed(frame, { node, step, outcome: later }),
    (error: unknown) => {
      // After the end nobody asks why a cancelled call broke off.
      if (!frame.hasEnded) proceed(frame, { node, step, outcome: toFailed(frame, error) });
    },
  );
}

function startNext(run: Running): void {
  const turn = run.ready[run.next];
  run.next += 1;
  if (turn === undefined || turn.frame.hasEnded) return;
  const { frame, node } = turn;
  run.counts.nodeRuns += 1;
  if (run.counts.nodeRuns > run.deps.caps.nodeRuns) {
    return failRun(frame, { ...failureOf("NODE_RUN_LIMIT"), nodeId: node.id });
  }
  if (reuseStep(frame, node)) return;
  const step = createStep(frame, node.id);
  frame.active.set(node, step);
  run.data.onStep?.(step);
  frame.host.scope.room = MAX_RENDERED_LENGTH;
  runNode(frame, { node, step });
}

function resume(run: Running): void {
  run.isPausing = false;
  if (run.hasEnded) return;
  startNext(run);
  advance(run);
}

/** Starts what is ready, with a pause before each node but the first. */
export function advance(run: Running): void {
  while (!run.hasEnded && !run.isPausing && run.next < run.ready.length) {
    const turn = run.next === 0 ? undefined : run.deps.pause();
    if (turn !== undefined) {
      run.isPausing = true;
      turn.then(() => resume(run)).catch(run.abandon);
      return;
    }
    startNext(run);
  }
}

/** Makes ready the nodes of a region that wait for none. */
export function startFrame(frame: Frame): void {
  for (const node of frame.region.nodes) {
    if (node.incoming === 0) frame.run.ready.push({ frame, node });
  }
}

/** Starts a region of one of the frame's active nodes; its nodes take their turns after those that are ready. */
export const openRegion: OpenRegion = (parent, { step, start }) => {
  const owner = parent.region.nodes.find((node) => node.id === step.nodeId);
  const region = owner?.regions[start.region];
  if (region === undefined) throw new Error(`Node ${step.nodeId} has no region ${start.region}.`);
  const frame = createFrame({ ...start, run: parent.run, region, parent }, openRegion);
  parent.children.add(frame);
  startFrame(frame);
  return () => cancelFrame(frame);
};
