// The order of an execution: which node is ready, what its end sets free, when all is over.
// `run.ts` starts it and says what the host must bring.

import { ERRORS } from "../errors";
import { toFailure } from "./failures";
import type { CompiledNode, CompiledPipeline, NodeHost, NodeOutcome } from "./program";
import {
  type Failure,
  type Json,
  type Recorded,
  type StepRecord,
  stepName,
  type TriggerInfo,
  type Usage,
} from "./record";
import { MAX_RENDERED_LENGTH } from "./templates/template";
import { addStep, sumCost, type Totals } from "./totals";
import { fitsBytes, MAX_OUTPUT_BYTES } from "./values";

export type RunStatus = "completed" | "failed" | "cancelled";

export interface RunData {
  pipeline: CompiledPipeline;
  agent: number;
  executionId: string;
  /** ISO 8601, as templates read it. */
  startedAt: string;
  attempt: number;
  /** Has passed `pipeline.checkInput`. */
  input: Json;
  trigger: TriggerInfo;
  recorded: Recorded;
  /** Aborting it cancels the execution at once. */
  signal: AbortSignal;
  /** Told when a step starts and when it ends, with the same object both times. */
  onStep?(step: StepRecord): void;
}

export interface RunResult {
  status: RunStatus;
  /** Of the output node; null where it was skipped or the execution did not complete. */
  output: Json;
  error: (Failure & { nodeId: string | null }) | null;
  /** Steps that have ended and were neither committed through `startEffect` nor recorded before. */
  steps: StepRecord[];
  /** Sum over model steps, those of earlier attempts included; null where none reported any. */
  usage: Usage | null;
  /** USD; null where there was no priced call, or one of unknown price. */
  cost: number | null;
}

/** One execution while it runs. Arrays go by the node's index. */
export interface Running extends NodeHost {
  readonly data: RunData;
  readonly controller: AbortController;
  readonly outputs: Map<string, Json>;
  /** Incoming edges that have not settled. */
  readonly unsettled: number[];
  readonly isLive: boolean[];
  /** Nodes whose turn has come, in that order; those before `next` have started. */
  readonly ready: number[];
  next: number;
  isPausing: boolean;
  readonly active: Map<CompiledNode, StepRecord>;
  /** Nodes that have not ended. */
  left: number;
  readonly totals: Totals;
  /** Set once the result is known; what comes later is ignored. */
  hasEnded: boolean;
  /** Listens to `data.signal` until the end. */
  readonly cancel: () => void;
  readonly resolve: (result: RunResult) => void;
}

interface Active {
  node: CompiledNode;
  step: StepRecord;
}

const TOO_LARGE: NodeOutcome = {
  ok: false,
  failure: { code: "OUTPUT_TOO_LARGE", message: ERRORS.OUTPUT_TOO_LARGE.message },
};

function createStep(run: Running, nodeId: string): StepRecord {
  return {
    nodeId,
    iteration: "",
    status: "running",
    input: null,
    output: null,
    error: null,
    startedAt: run.deps.clock.now(),
    finishedAt: null,
    attempt: run.attempt,
    usage: null,
    cost: null,
    logs: [],
  };
}

/** Puts an ended step where the result, or the next effect, takes it from. */
function endStep(run: Running, { node, step }: Active): void {
  step.finishedAt ??= run.deps.clock.now();
  run.active.delete(node);
  run.steps.push(step);
  addStep(run.deps, { totals: run.totals, node, step });
  run.data.onStep?.(step);
}

/** Ends the execution with its result; what still runs is cancelled. */
export function endRun(run: Running, end: Pick<RunResult, "status" | "error">): void {
  if (run.hasEnded) return;
  run.hasEnded = true;
  for (const [node, step] of run.active) {
    step.status = "cancelled";
    endStep(run, { node, step });
  }
  const { data, steps, totals } = run;
  data.signal.removeEventListener("abort", run.cancel);
  const isCompleted = end.status === "completed";
  if (!isCompleted) run.controller.abort(data.signal.reason);
  const output = isCompleted ? (run.outputs.get(data.pipeline.outputNodeId) ?? null) : null;
  run.resolve({ ...end, output, steps, usage: totals.usage, cost: sumCost(totals) });
}

/** A node whose incoming edges are all dead; what hangs on it alone is skipped as well. */
function skipNode(run: Running, node: CompiledNode): void {
  const recorded = run.recorded.steps.get(stepName({ nodeId: node.id, iteration: "" }));
  if (recorded?.status !== "skipped") {
    const step = createStep(run, node.id);
    step.status = "skipped";
    step.startedAt = null;
    endStep(run, { node, step });
  }
  settle(run, { node, output: null, isDead: true });
}

/** Hands an output on: its edges are settled, and nodes that have waited for them become ready. */
function settle(run: Running, data: { node: CompiledNode; output: Json; isDead: boolean }): void {
  const { node, output, isDead } = data;
  run.outputs.set(node.id, output);
  run.left -= 1;
  const handle = isDead ? null : (node.program.readHandle?.(output) ?? null);
  for (const { target, handle: wanted } of node.outgoing) {
    const isLive = !isDead && (handle === null || wanted === null || wanted === handle);
    if (isLive) run.isLive[target] = true;
    const left = (run.unsettled[target] ?? 0) - 1;
    run.unsettled[target] = left;
    const next = run.data.pipeline.nodes[target];
    if (left > 0 || next === undefined) continue;
    if (run.isLive[target] === true) run.ready.push(target);
    else skipNode(run, next);
  }
}

/** The outcome, or its failure where the output is larger than a node's may be. */
function boundOutcome(node: CompiledNode, outcome: NodeOutcome): NodeOutcome {
  if (!outcome.ok || !node.program.isBounded) return outcome;
  return fitsBytes(outcome.output, MAX_OUTPUT_BYTES) ? outcome : TOO_LARGE;
}

/** Notes how a node run ended; a failure that is not gone on from ends the execution. */
function endNode(run: Running, data: Active & { outcome: NodeOutcome }): void {
  if (run.hasEnded) return;
  const { node, step } = data;
  const outcome = boundOutcome(node, data.outcome);
  if (outcome.ok) {
    step.status = "completed";
    step.output = outcome.output;
    endStep(run, { node, step });
    settle(run, { node, output: outcome.output, isDead: false });
    return;
  }
  step.status = "failed";
  step.error = outcome.failure;
  endStep(run, { node, step });
  if (node.continuesOnError) return settle(run, { node, output: null, isDead: false });
  endRun(run, { status: "failed", error: { ...outcome.failure, nodeId: node.id } });
}

const toFailed = (run: Running, error: unknown): NodeOutcome => ({
  ok: false,
  failure: toFailure(run.deps, error),
});

/** Goes on after a node that ended later; an error of the host's own hooks ends the execution. */
function proceed(run: Running, data: Active & { outcome: NodeOutcome }): void {
  try {
    endNode(run, data);
    advance(run);
  } catch (error) {
    run.abandon(error);
  }
}

/** A node that an earlier attempt completed is not run again. */
function reuseStep(run: Running, node: CompiledNode): boolean {
  const { steps } = run.recorded;
  if (steps.size === 0) return false;
  const step = steps.get(stepName({ nodeId: node.id, iteration: "" }));
  if (step?.status !== "completed") return false;
  addStep(run.deps, { totals: run.totals, node, step });
  settle(run, { node, output: step.output, isDead: false });
  return true;
}

/** Runs a node; its end comes at once, or later where it gives a promise. */
function runNode(run: Running, { node, step }: Active): void {
  let outcome: NodeOutcome | Promise<NodeOutcome>;
  try {
    outcome = node.program.run(run, step);
  } catch (error) {
    outcome = toFailed(run, error);
  }
  if (!(outcome instanceof Promise)) return endNode(run, { node, step, outcome });
  outcome.then(
    (later) => proceed(run, { node, step, outcome: later }),
    (error: unknown) => {
      // After the end nobody asks why a cancelled call broke off.
      if (!run.hasEnded) proceed(run, { node, step, outcome: toFailed(run, error) });
    },
  );
}

function startNext(run: Running): void {
  const node = run.data.pipeline.nodes[run.ready[run.next] ?? -1];
  run.next += 1;
  if (node === undefined || reuseStep(run, node)) return;
  const step = createStep(run, node.id);
  run.active.set(node, step);
  run.data.onStep?.(step);
  run.scope.room = MAX_RENDERED_LENGTH;
  runNode(run, { node, step });
}

function resume(run: Running): void {
  run.isPausing = false;
  if (run.hasEnded) return;
  startNext(run);
  advance(run);
}

/** Starts what is ready, with a pause before each node but the first; ends the run after the last. */
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
  if (run.left === 0) endRun(run, { status: "completed", error: null });
}
