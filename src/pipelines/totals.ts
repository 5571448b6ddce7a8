// What the model calls of one execution come to: tokens and money.

import { addUsd } from "../providers/prices/usd";
import type { CompiledNode } from "./program";
import type { Json, StepRecord, Usage } from "./record";
import { readOwn } from "./values";

export interface Totals {
  /** Of the steps that reported any; null for none. */
  usage: Usage | null;
  /** USD, of the calls whose price is known. */
  cost: number;
  isPriced: boolean;
  /** Whether some priced call has no known cost, a failed or cancelled one included. */
  isUnknown: boolean;
}

export const createTotals = (): Totals => ({
  usage: null,
  cost: 0,
  isPriced: false,
  isUnknown: false,
});

/** The sum of two; null where neither is known. */
export const addUsage = (sum: Usage | null, usage: Usage | null): Usage | null =>
  usage === null
    ? sum
    : {
        inputTokens: (sum?.inputTokens ?? 0) + usage.inputTokens,
        outputTokens: (sum?.outputTokens ?? 0) + usage.outputTokens,
        cachedTokens: (sum?.cachedTokens ?? 0) + usage.cachedTokens,
      };

/** Reads the `usage` of a result that the journal keeps; null where none was reported. */
export function readUsage(result: Json): Usage | null {
  const usage = readOwn(result, "usage") ?? null;
  if (usage === null) return null;
  const read = (key: string) => Number(readOwn(usage, key) ?? 0);
  return {
    inputTokens: read("inputTokens"),
    outputTokens: read("outputTokens"),
    cachedTokens: read("cachedTokens"),
  };
}

/** Counts an ended step in, if its node calls a model or another agent. */
export function addStep(
  deps: { isPureProvider(providerId: string): boolean },
  data: { totals: Totals; node: CompiledNode; step: StepRecord },
): void {
  const { totals, step, node } = data;
  const { providerId } = node.program;
  // What it had used by then is known to its own execution alone.
  if (node.type === "sub_agent" && step.status === "failed") {
    totals.isPriced = true;
    totals.isUnknown = true;
  }
  if (step.status === "skipped" || (providerId === null && step.usage === null)) return;
  totals.usage = addUsage(totals.usage, step.usage);
  const isStandIn = step.model?.provider === "echo";
  if (isStandIn || (providerId !== null && deps.isPureProvider(providerId))) return;
  totals.isPriced = true;
  if (step.cost === null) totals.isUnknown = true;
  else totals.cost = addUsd(totals.cost, step.cost);
}

/** USD; null where nothing was priced, or a price is unknown. */
export const sumCost = (totals: Totals): number | null =>
  totals.isPriced && !totals.isUnknown ? totals.cost : null;
