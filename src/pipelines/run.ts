// Runs a compiled pipeline once. Pure: models, journal, clock and deadlines are the host's.
// The order of nodes is `schedule.ts`'s; what a node does stands in its own file.

import { createFrame, type Frame, type RunData, type Running, type RunResult } from "./frames";
import type { NodeOutcome, RunDeps } from "./program";
import { advance, endRun, openRegion, startFrame } from "./schedule";
import { createTotals } from "./totals";

export type { RunData, RunResult } from "./frames";
export type { RunDeps } from "./program";

/** Bytes that the steps of one execution may hold together: ten slots hold as many each. */
const MAX_TRACE_BYTES = 64 * 1024 * 1024;

interface Settlers {
  resolve: (result: RunResult) => void;
  reject: (error: unknown) => void;
}

function createRun(deps: RunDeps, start: { data: RunData; settlers: Settlers }): Frame {
  const { data, settlers } = start;
  const run: Running = {
    deps,
    data,
    ready: [],
    next: 0,
    isPausing: false,
    steps: [],
    totals: createTotals(),
    counts: data.counts ?? { nodeRuns: 0, modelCalls: 0, toolCalls: 0, tokens: 0, cost: 0 },
    traceRoom: MAX_TRACE_BYTES,
    hasEnded: false,
    cancel: () => endRun(root, { status: "cancelled", error: null }),
    resolve: settlers.resolve,
    abandon(error) {
      if (run.hasEnded) return;
      run.hasEnded = true;
      data.signal.removeEventListener("abort", run.cancel);
      abortAll(root, error);
      settlers.reject(error);
    },
  };
  const onEnd = (outcome: NodeOutcome): void => {
    if (outcome.ok) return endRun(root, { status: "completed", error: null });
    const { failure, nodeId = null } = outcome;
    endRun(root, { status: "failed", error: { ...failure, nodeId } });
  };
  const root = createFrame(
    { run, region: data.pipeline, parent: null, loop: null, onEnd },
    openRegion,
  );
  return root;
}

/** Breaks off all calls without a word: nothing more is recorded. */
function abortAll(frame: Frame, error: unknown): void {
  frame.hasEnded = true;
  for (const child of frame.children) abortAll(child, error);
  frame.controller.abort(error);
}

/**
 * Runs a pipeline to its end. Resolves also for a failed or cancelled execution; rejects only with
 * what the journal threw, and then nothing more is sent or recorded.
 */
export function runPipeline(deps: RunDeps, data: RunData): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const root = createRun(deps, { data, settlers: { resolve, reject } });
    const { run } = root;
    if (data.signal.aborted) return run.cancel();
    data.signal.addEventListener("abort", run.cancel);
    startFrame(root);
    advance(run);
  });
}
