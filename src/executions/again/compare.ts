// Two executions of an agent side by side, node run by node run.

import { AppError } from "../../errors";
import { parseId } from "../../lib/ids";
import type { Json, StepRecord } from "../../pipelines/record";
import { stepName } from "../../pipelines/record";
import { listDifferences } from "../../pipelines/shape/differences";
import type { ComparedStep, Comparison } from "./again.schema";
import type { ExecutionRow } from "../executions.store";
import { findExecution } from "../executions.store";
import { readInput } from "../input";
import type { ViewDeps } from "../view";
import { getExecutionRow, stepsOf, toSummary } from "../view";

type Half = NonNullable<ComparedStep["first"]>;

const toHalf = (step: StepRecord): Half => ({
  status: step.status,
  durationMs:
    step.startedAt === null || step.finishedAt === null ? null : step.finishedAt - step.startedAt,
  usage: step.usage,
  cost: step.cost,
  errorCode: step.error?.code ?? null,
});

/** What counts as the same: how a node run ended, and with what. */
const toResult = ({ status, output, error }: StepRecord): Json => ({
  status,
  output,
  error: error?.code ?? null,
});

function compareSteps(
  first: StepRecord | undefined,
  second: StepRecord | undefined,
): ComparedStep[] {
  const named = first ?? second;
  if (named === undefined) return [];
  const { nodeId, iteration } = named;
  const halves = {
    first: first === undefined ? null : toHalf(first),
    second: second === undefined ? null : toHalf(second),
  };
  const own = { nodeId, iteration, ...halves };
  if (first === undefined) return [{ ...own, change: "only_second", paths: [] }];
  if (second === undefined) return [{ ...own, change: "only_first", paths: [] }];
  const paths = listDifferences(toResult(first), toResult(second));
  return [{ ...own, change: paths.length === 0 ? "same" : "changed", paths }];
}

function readSteps(
  deps: ViewDeps,
  row: ExecutionRow,
): { input: Json; steps: Map<string, StepRecord> } {
  const { input } = readInput(deps, row);
  const steps = stepsOf(deps, { row, input });
  return { input, steps: new Map(steps.map((step) => [stepName(step), step])) };
}

function getOther(deps: ViewDeps, data: { agentId: string; other: string }): ExecutionRow {
  const uid = parseId("exec", data.other);
  const row = uid === null ? null : findExecution(deps, uid);
  if (row === null || row.agentId !== data.agentId) throw new AppError("NOT_FOUND");
  return row;
}

/** Compares two executions of one agent; throws NOT_FOUND. */
export function compareExecutions(
  deps: ViewDeps,
  data: { agentId: string; id: string; other: string },
): Comparison {
  const rows = { first: getExecutionRow(deps, data), second: getOther(deps, data) };
  const [first, second] = [readSteps(deps, rows.first), readSteps(deps, rows.second)];
  const names = new Set([...first.steps.keys(), ...second.steps.keys()]);
  return {
    first: toSummary(deps, rows.first),
    second: toSummary(deps, rows.second),
    inputPaths: listDifferences(first.input, second.input),
    steps: [...names].flatMap((name) =>
      compareSteps(first.steps.get(name), second.steps.get(name)),
    ),
  };
}
