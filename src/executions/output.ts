// The output of an execution that has ended: that of its output node.

import type { CompiledVersions } from "../agents/versions";
import type { Db } from "../db/open";
import type { Json, StepRecord } from "../pipelines/record";
import type { ExecutionRow } from "./executions.store";
import { readInput } from "./input";
import { foldSteps } from "./journal/journal";
import { readJournal } from "./journal/journal.store";

/** The output node's value of a completed execution; null where it was skipped, and otherwise. */
export function outputOf(
  deps: { versions: CompiledVersions },
  data: { row: ExecutionRow; steps: readonly StepRecord[] },
): Json {
  if (data.row.state !== "completed") return null;
  const outputNodeId = deps.versions.find(data.row)?.outputNodeId;
  return data.steps.find((step) => step.nodeId === outputNodeId)?.output ?? null;
}

/** As `outputOf`, with the steps from its journal. */
export function readOutput(deps: { db: Db; versions: CompiledVersions }, row: ExecutionRow): Json {
  const { entries } = readJournal(deps, row.seq);
  const steps = foldSteps({ entries, input: readInput(deps, row).input });
  return outputOf(deps, { row, steps });
}
