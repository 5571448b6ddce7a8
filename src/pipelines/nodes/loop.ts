// The `loop` node: runs its body once for each item of an array, and gives the results in their order.

import { AppError } from "../../errors";
import { numberField } from "../fields";
import type { NodeHost, NodeOutcome, NodeType } from "../program";
import type { Json, StepRecord } from "../record";
import { iterableField } from "../region-fields";
import { renderValue } from "../templates/template";
import { clipValue, MAX_OUTPUT_BYTES, takeBytes } from "../values";

const iterableExpression = iterableField("iterableExpression");
const maxIterations = numberField({
  name: "maxIterations",
  fallback: 100,
  min: 1,
  max: 1_000,
  isWhole: true,
});
const concurrency = numberField({
  name: "concurrency",
  fallback: 1,
  min: 1,
  max: 50,
  isWhole: true,
});

/** Bytes of the items that the step keeps: where they come from stands in the trace already. */
const MAX_KEPT_BYTES = 65_536;

/** The array; throws where the value is none, or too long. */
function requireItems(value: Json, max: number): Json[] {
  if (!Array.isArray(value)) throw new AppError("LOOP_NOT_ARRAY");
  if (value.length <= max) return value;
  const message = `The array has ${value.length} items; the loop's maxIterations is ${max}.`;
  throw new AppError("LOOP_TOO_LONG", { message });
}

interface Items {
  step: StepRecord;
  items: readonly Json[];
  concurrency: number;
}

/** Runs the body for each item, so many at once; the first that fails ends the others. */
function runItems(host: NodeHost, data: Items): Promise<NodeOutcome> {
  const { step, items } = data;
  const results: Json[] = items.map(() => null);
  const open = new Map<number, () => void>();
  let [started, ended, room] = [0, 0, MAX_OUTPUT_BYTES];
  return new Promise((resolve) => {
    function end(outcome: NodeOutcome): void {
      for (const cancel of open.values()) cancel();
      resolve(outcome);
    }
    function endItem(index: number, outcome: NodeOutcome): void {
      open.delete(index);
      if (!outcome.ok) return end(outcome);
      results[index] = outcome.output;
      ended += 1;
      // Told before all the items have made theirs.
      room = takeBytes(outcome.output, room);
      if (room < 0 || ended === items.length) return end({ ok: true, output: results });
      if (started < items.length) startItem();
    }
    function startItem(): void {
      const index = started;
      started += 1;
      const loop = { item: items[index] ?? null, index };
      const onEnd = (outcome: NodeOutcome): void => endItem(index, outcome);
      open.set(index, host.openRegion(step, { region: 0, loop, onEnd }));
    }
    if (items.length === 0) end({ ok: true, output: [] });
    for (let count = Math.min(data.concurrency, items.length); count > 0; count -= 1) startItem();
  });
}

export const loopNode: NodeType = {
  fields: [iterableExpression, maxIterations, concurrency].map((field) => field.name),
  handles: ["body", "done"],
  compile(scope) {
    const iterable = iterableExpression.read(scope);
    const max = maxIterations.read(scope);
    const atOnce = concurrency.read(scope);
    return {
      providerId: null,
      isBounded: true,
      run(host, step) {
        const value = renderValue(host.scope, iterable);
        step.input = clipValue(value, MAX_KEPT_BYTES);
        return runItems(host, { step, items: requireItems(value, max), concurrency: atOnce });
      },
    };
  },
};
