// Executions as they are read: rows, journal and slots put together into wire shapes.

import type { CompiledVersions } from "../agents/versions";
import type { Db } from "../db/open";
import { AppError } from "../errors";
import type { Clock } from "../lib/clock";
import { toIso, toIsoOrNull } from "../lib/clock";
import { formatId, parseId } from "../lib/ids";
import type { Page } from "../lib/wire";
import { toPage } from "../lib/wire";
import type { Json, StepRecord } from "../pipelines/record";
import { stepName } from "../pipelines/record";
import type { ExecutionStatus, Trigger } from "../vocabulary";
import { EXECUTION_STATES, FINAL_STATES } from "../vocabulary";
import type {
  Execution,
  ExecutionEnd,
  ExecutionResult,
  ExecutionSummary,
  Step,
} from "./executions.schema";
import type { ExecutionRow } from "./executions.store";
import { findExecution, listExecutions } from "./executions.store";
import { readInput } from "./input";
import { isFromDelivery } from "./origin.store";
import { outputOf } from "./output";
import { foldSteps } from "./journal/journal";
import { readJournal } from "./journal/journal.store";
import type { Pool } from "./slots/pool";
import type { ReadTokens } from "../auth/read-token";

export interface ViewDeps {
  db: Db;
  clock: Clock;
  pool: Pool;
  readTokens: ReadTokens;
  /** Whether read tokens are given and taken. */
  readLinks: boolean;
  versions: CompiledVersions;
}

const isFinal = (row: ExecutionRow): boolean => row.finishedAt !== null;

/** `running` until final: the caller's loop need not know of slots. */
const toStatus = (row: ExecutionRow): ExecutionStatus =>
  row.state === "waiting" ? "running" : row.state;

const toUsage = (row: ExecutionRow) =>
  row.inputTokens === null
    ? null
    : {
        inputTokens: row.inputTokens,
        outputTokens: row.outputTokens ?? 0,
        cachedTokens: row.cachedTokens ?? 0,
      };

const toError = (row: ExecutionRow) =>
  row.errorCode === null
    ? null
    : { code: row.errorCode, message: row.errorMessage ?? "", nodeId: row.errorNode };

const idOrNull = (prefix: "dlv" | "exec", uid: Uint8Array | null): string | null =>
  uid === null ? null : formatId(prefix, uid);

/** Wire shape of an execution in a list. */
export function toSummary(deps: ViewDeps, row: ExecutionRow): ExecutionSummary {
  const live = isFinal(row) ? undefined : deps.pool.liveOf(row.seq);
  const startedAt = live?.startedAt ?? row.startedAt;
  return {
    id: formatId("exec", row.uid),
    agentId: row.agentId,
    agentVersion: row.version,
    trigger: row.trigger,
    status: toStatus(row),
    waiting: !isFinal(row) && startedAt === null,
    error: toError(row),
    usage: toUsage(row),
    cost: row.cost,
    createdAt: toIso(row.createdAt),
    startedAt: toIsoOrNull(startedAt),
    finishedAt: toIsoOrNull(row.finishedAt),
    durationMs:
      row.finishedAt === null || row.startedAt === null ? null : row.finishedAt - row.startedAt,
    attempt: live?.attempt ?? row.attempt,
    deliveryId: idOrNull("dlv", row.deliveryUid),
    replayOf: idOrNull("exec", row.replayUid),
    calledBy:
      row.callerUid === null || row.callerAgentId === null
        ? null
        : { agentId: row.callerAgentId, executionId: formatId("exec", row.callerUid) },
  };
}

/** What each node reads of a delivery; null where nobody can tell any more. */
function findUntrustedReads(deps: ViewDeps, row: ExecutionRow) {
  if (!isFromDelivery(deps, row)) return new Map<string, readonly string[]>();
  const pipeline = deps.versions.find({ agent: row.agent, version: row.version });
  return pipeline?.untrustedReads ?? null;
}

const toStep = (step: StepRecord, untrusted: readonly string[] | null): Step => ({
  ...step,
  untrusted: untrusted === null ? null : [...untrusted],
  startedAt: toIsoOrNull(step.startedAt),
  finishedAt: toIsoOrNull(step.finishedAt),
});

/** Recorded steps, then those that a slot has and the disk has not. */
export function stepsOf(deps: ViewDeps, data: { row: ExecutionRow; input: Json }): StepRecord[] {
  const { entries } = readJournal(deps, data.row.seq);
  const steps = new Map(
    foldSteps({ entries, input: data.input }).map((step) => [stepName(step), step]),
  );
  for (const step of deps.pool.liveOf(data.row.seq)?.steps ?? []) {
    steps.set(stepName(step), step);
  }
  return [...steps.values()];
}

interface Work {
  input: Json;
  steps: StepRecord[];
  output: Json;
}

/** What an execution took, did and gave. */
function readWork(deps: ViewDeps, row: ExecutionRow): Work {
  const { input } = readInput(deps, row);
  const steps = stepsOf(deps, { row, input });
  return { input, steps, output: outputOf(deps, { row, steps }) };
}

/** The row of that agent's execution; throws NOT_FOUND. */
export function getExecutionRow(
  deps: ViewDeps,
  data: { agentId: string; id: string },
): ExecutionRow {
  const uid = parseId("exec", data.id);
  const row = uid === null ? null : findExecution(deps, uid);
  if (row === null || row.agentId !== data.agentId) throw new AppError("NOT_FOUND");
  return row;
}

/** One execution whole; throws NOT_FOUND. */
export function viewExecution(deps: ViewDeps, data: { agentId: string; id: string }): Execution {
  const row = getExecutionRow(deps, data);
  const { input, output, steps } = readWork(deps, row);
  const reads = findUntrustedReads(deps, row);
  const ofNode = (nodeId: string) => (reads === null ? null : (reads.get(nodeId) ?? []));
  return {
    ...toSummary(deps, row),
    input,
    output,
    steps: steps.map((step) => toStep(step, ofNode(step.nodeId))),
  };
}

/** How an execution ended, with its output; null while it goes on. */
export function viewEnd(deps: ViewDeps, uid: Uint8Array): ExecutionEnd | null {
  const row = findExecution(deps, uid);
  const status = FINAL_STATES.find((state) => state === row?.state);
  if (row === null || status === undefined) return null;
  const executionId = formatId("exec", uid);
  if (status !== "completed") {
    const error = row.errorCode === null ? {} : { error: { code: row.errorCode } };
    return { executionId, status, output: null, ...error };
  }
  return { executionId, status, output: readWork(deps, row).output };
}

/** What the token of a `Location` may see; null where the token does not fit. */
export function viewResult(
  deps: ViewDeps,
  data: { agentId: string; id: string; token: string },
): ExecutionResult | null {
  const isValid = deps.readTokens.check({ ...data, now: deps.clock.now() });
  if (!deps.readLinks || !isValid) return null;
  const { id, status, output, error } = viewExecution(deps, data);
  return { id, status, output, error: error === null ? null : { code: error.code } };
}

export interface ListQuery {
  agent: number;
  trigger: Trigger | null;
  statuses: readonly ExecutionStatus[];
  before: number;
  limit: number;
}

/** A page of an agent's executions, newest first. */
export function viewExecutions(deps: ViewDeps, query: ListQuery): Page<ExecutionSummary> {
  const states = EXECUTION_STATES.filter((state) =>
    query.statuses.includes(state === "waiting" ? "running" : state),
  );
  const { limit } = query;
  const found = listExecutions(deps, { ...query, states, limit: limit + 1 });
  return toPage({ ...found, limit }, (row) => toSummary(deps, row));
}
