// An execution that a crash has interrupted during a call of which nobody knows whether it arrived:
// somebody says what to make of that call, and it goes on, or stays ended.

import type { Db } from "../../db/open";
import type { Writer } from "../../db/writer";
import { AppError } from "../../errors";
import type { EffectEnd, EffectStart, Json } from "../../pipelines/record";
import { effectName } from "../../pipelines/record";
import type { UnknownCall } from "../../vocabulary";
import type { ExecutionSummary } from "../executions.schema";
import type { ExecutionRow } from "../executions.store";
import { appendEntry, forgetStart, readJournal, toEntry } from "../journal/journal.store";
import { discardInterrupted, reopen } from "./resume.store";
import type { ViewDeps } from "../view";
import { getExecutionRow, toSummary } from "../view";

export type ResumeDeps = ViewDeps & {
  writer: Writer;
  /** Takes a place in the limit of a delivery's webhook again; runs inside a write. */
  holdPlace(agent: number): void;
};

export interface Resume {
  agentId: string;
  id: string;
  call: UnknownCall;
  /** What the call counts as having answered, with `done`. */
  result: Json;
}

/** Tool calls that were started and have no end, and the number of the next journal entry. */
function findUnknown(deps: { db: Db }, seq: number): { starts: EffectStart[]; next: number } {
  const { entries, next } = readJournal(deps, seq);
  const read = (kind: string): EffectStart[] =>
    entries.filter((entry) => entry.kind === kind).map((entry) => entry.record as EffectStart);
  const ended = new Set(read("effect_ended").map(effectName));
  const starts = read("effect_started").filter(
    (start) => start.kind === "tool" && !ended.has(effectName(start)),
  );
  return { starts: [...new Map(starts.map((start) => [effectName(start), start])).values()], next };
}

/** Writes the call's end as if it had answered. */
function recordDone(
  deps: ResumeDeps,
  data: { row: ExecutionRow; start: EffectStart; entry: number; result: Json },
): void {
  const { row, start, entry, result } = data;
  const end: EffectEnd = { ...start, finishedAt: deps.clock.now(), result, error: null };
  const record = JSON.stringify(end);
  const effect = effectName(start);
  appendEntry(deps, toEntry({ execution: row.seq, entry, kind: "effect_ended", effect, record }));
}

/** Settles the unknown calls and opens the execution again; runs inside a write. */
function settle(deps: ResumeDeps, data: { row: ExecutionRow; resume: Resume }): boolean {
  const { row, resume } = data;
  if (!reopen(deps, row.seq)) return false;
  const { starts, next } = findUnknown(deps, row.seq);
  for (const [index, start] of starts.entries()) {
    if (resume.call === "again") {
      forgetStart(deps, { execution: row.seq, effect: effectName(start) });
    } else {
      recordDone(deps, { row, start, entry: next + index, result: resume.result });
    }
  }
  if (row.delivery !== null) deps.holdPlace(row.agent);
  return true;
}

/**
 * Goes on with an interrupted execution, or with `discard` ends it as cancelled. Throws NOT_FOUND,
 * EXECUTION_NOT_INTERRUPTED or STORAGE_UNAVAILABLE.
 */
export async function resumeExecution(deps: ResumeDeps, resume: Resume): Promise<ExecutionSummary> {
  const row = getExecutionRow(deps, resume);
  // What was called goes on with its caller only, which has ended.
  if (row.state !== "interrupted" || row.trigger === "sub_agent") {
    throw new AppError("EXECUTION_NOT_INTERRUPTED");
  }
  const isDone = await deps.writer.write(
    () =>
      resume.call === "discard" ? discardInterrupted(deps, row.seq) : settle(deps, { row, resume }),
    (done) => {
      if (done && resume.call !== "discard") deps.pool.offerAgain(row);
    },
  );
  if (!isDone) throw new AppError("EXECUTION_NOT_INTERRUPTED");
  return toSummary(deps, getExecutionRow(deps, resume));
}
