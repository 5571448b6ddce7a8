// Runs a compiled pipeline once. Pure: models, journal, clock and deadlines are the host's.
// The order of nodes is `schedule.ts`'s; what a node does stands in its own file.

import type { RunDeps } from "./program";
import type { Json } from "./record";
import { advance, endRun, type RunData, type Running, type RunResult } from "./schedule";
import { MAX_RENDERED_LENGTH, type TemplateScope } from "./templates/template";
import { createTotals } from "./totals";

export type { RunDeps } from "./program";
export type { RunData, RunResult } from "./schedule";

function createScope(data: RunData, outputs: ReadonlyMap<string, Json>): TemplateScope {
  const { type, headers, query, event, deliveryId } = data.trigger;
  return {
    input: data.input,
    outputs,
    loop: null,
    trigger: { type, headers, query, event, deliveryId },
    execution: { id: data.executionId, startedAt: data.startedAt },
    room: MAX_RENDERED_LENGTH,
  };
}

interface Settlers {
  resolve: (result: RunResult) => void;
  reject: (error: unknown) => void;
}

function createRun(deps: RunDeps, start: { data: RunData; settlers: Settlers }): Running {
  const { data, settlers } = start;
  const { nodes } = data.pipeline;
  const controller = new AbortController();
  const outputs = new Map<string, Json>();
  const run: Running = {
    deps,
    data,
    controller,
    signal: controller.signal,
    agent: data.agent,
    executionId: data.executionId,
    attempt: data.attempt,
    recorded: data.recorded,
    scope: createScope(data, outputs),
    outputs,
    unsettled: nodes.map((node) => node.incoming),
    isLive: nodes.map(() => false),
    ready: nodes.flatMap((node, index) => (node.incoming === 0 ? index : [])),
    next: 0,
    isPausing: false,
    active: new Map(),
    left: nodes.length,
    steps: [],
    totals: createTotals(),
    hasEnded: false,
    cancel: () => endRun(run, { status: "cancelled", error: null }),
    resolve: settlers.resolve,
    abandon(error) {
      if (run.hasEnded) return;
      run.hasEnded = true;
      data.signal.removeEventListener("abort", run.cancel);
      controller.abort(error);
      settlers.reject(error);
    },
  };
  return run;
}

/**
 * Runs a pipeline to its end. Resolves also for a failed or cancelled execution; rejects only with
 * what the journal threw, and then nothing more is sent or recorded.
 */
export function runPipeline(deps: RunDeps, data: RunData): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const run = createRun(deps, { data, settlers: { resolve, reject } });
    if (data.signal.aborted) return run.cancel();
    data.signal.addEventListener("abort", run.cancel);
    advance(run);
  });
}
