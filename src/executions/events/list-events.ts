// What has happened in an execution so far, as events in their order. They are read off its row and its
// steps, so that they are the same while it runs, afterwards, and after a restart.

import { toIsoOrNull } from "../../lib/clock";
import type { Json, StepRecord } from "../../pipelines/record";
import type { ExecutionRow } from "../executions.store";
import { findExecution } from "../executions.store";
import type { ExecutionEventName } from "../../vocabulary";
import type { ViewDeps } from "../view";
import { stepsOf, toSummary } from "../view";

export interface ExecutionEvent {
  /** Sorts as the events do: when it happened, what kind it is, of which step. */
  id: string;
  name: ExecutionEventName;
  data: Json;
}

/** The order of events of one millisecond: what it set free begins after a step has ended. */
const RANKS = {
  executionStarted: 0,
  stepEnded: 1,
  stepStarted: 2,
  stepEndedAtOnce: 3,
  executionFinished: 4,
};

/** `<13 digits of epoch milliseconds>.<rank>.<attempt>.<node>/<iteration>`. */
const idOf = (data: { at: number; rank: number; attempt: number; name?: string }): string =>
  [String(data.at).padStart(13, "0"), data.rank, data.attempt, data.name ?? ""].join(".");

/** What a step's events carry: not what went in or came out, which may be large. */
const describeStep = (step: StepRecord): Json => ({
  nodeId: step.nodeId,
  iteration: step.iteration,
  status: step.status,
  attempt: step.attempt,
  startedAt: toIsoOrNull(step.startedAt),
  finishedAt: toIsoOrNull(step.finishedAt),
  error: step.error === null ? null : { ...step.error },
  usage: step.usage === null ? null : { ...step.usage },
  cost: step.cost,
});

function eventsOfStep(step: StepRecord): ExecutionEvent[] {
  const { startedAt, finishedAt, attempt, status } = step;
  const name = `${step.nodeId}/${step.iteration}`;
  const events: ExecutionEvent[] = [];
  if (startedAt !== null) {
    const started = { ...step, status: "running" as const, finishedAt: null };
    const data = describeStep({ ...started, error: null, usage: null, cost: null });
    const id = idOf({ at: startedAt, rank: RANKS.stepStarted, attempt, name });
    events.push({ id, name: "step.started", data });
  }
  if (finishedAt !== null && status !== "running") {
    const isEarlier = startedAt !== null && startedAt < finishedAt;
    const rank = isEarlier ? RANKS.stepEnded : RANKS.stepEndedAtOnce;
    const id = idOf({ at: finishedAt, rank, attempt, name });
    events.push({ id, name: `step.${status}`, data: describeStep(step) });
  }
  return events;
}

/** What an execution had not come to when it started. */
const AT_THE_START = {
  status: "running",
  waiting: false,
  error: null,
  usage: null,
  cost: null,
  finishedAt: null,
  durationMs: null,
};

function eventsOfExecution(deps: ViewDeps, row: ExecutionRow): ExecutionEvent[] {
  const live = deps.pool.liveOf(row.seq);
  const startedAt = live?.startedAt ?? row.startedAt;
  const attempt = live?.attempt ?? row.attempt;
  const summary: Json = { ...toSummary(deps, row) };
  const events: ExecutionEvent[] = [];
  if (startedAt !== null) {
    const id = idOf({ at: startedAt, rank: RANKS.executionStarted, attempt });
    const data = { ...summary, ...AT_THE_START };
    events.push({ id, name: "execution.started", data });
  }
  if (row.finishedAt !== null) {
    const id = idOf({ at: row.finishedAt, rank: RANKS.executionFinished, attempt });
    events.push({ id, name: "execution.finished", data: summary });
  }
  return events;
}

/** An execution's events so far, and whether there can be any more. */
export function listEvents(
  deps: ViewDeps,
  uid: Uint8Array,
): { events: ExecutionEvent[]; isFinished: boolean } {
  const row = findExecution(deps, uid);
  if (row === null) return { events: [], isFinished: true };
  // What went in is told by no event, and may be large: a look must not read it.
  const ofSteps = stepsOf(deps, { row, input: null }).flatMap(eventsOfStep);
  const events = [...eventsOfExecution(deps, row), ...ofSteps];
  events.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { events, isFinished: row.finishedAt !== null };
}
