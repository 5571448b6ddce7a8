// The `parallel` node: runs its branches side by side, and gives their results together, or the first.

import type { NodeHost, NodeOutcome, NodeType } from "../program";
import type { Json, StepRecord } from "../record";
import { branchesField, choiceField } from "../region-fields";

const branches = branchesField("branches");
const aggregation = choiceField({
  name: "aggregation",
  words: ["array", "object", "first"],
  fallback: "array",
});

interface Branches {
  step: StepRecord;
  ids: readonly string[];
}

/** Opens every branch; gives what cancels those that have not ended. */
function openAll(
  host: NodeHost,
  data: Branches & { onEnd(branch: number, outcome: NodeOutcome): void },
): () => void {
  const open = data.ids.map((_, region) =>
    host.openRegion(data.step, {
      region,
      loop: null,
      onEnd: (outcome) => data.onEnd(region, outcome),
    }),
  );
  return () => {
    for (const cancel of open) cancel();
  };
}

/** The results of all branches, in their order; the first that fails ends the others. */
const runAll = (host: NodeHost, data: Branches): Promise<NodeOutcome> =>
  new Promise((resolve) => {
    const results: Json[] = data.ids.map(() => null);
    let left = results.length;
    const cancel = openAll(host, {
      ...data,
      onEnd(branch, outcome) {
        if (!outcome.ok) {
          cancel();
          return resolve(outcome);
        }
        results[branch] = outcome.output;
        left -= 1;
        if (left === 0) resolve({ ok: true, output: results });
      },
    });
  });

/** The result of the branch that succeeds first, which ends the others; fails when all have failed. */
const runFirst = (host: NodeHost, data: Branches): Promise<NodeOutcome> =>
  new Promise((resolve) => {
    let left = data.ids.length;
    const cancel = openAll(host, {
      ...data,
      onEnd(_, outcome) {
        left -= 1;
        if (!outcome.ok && left > 0) return;
        cancel();
        resolve(outcome);
      },
    });
  });

/** An array of results as an object by the branches' ids. */
function nameResults(outcome: NodeOutcome, ids: readonly string[]): NodeOutcome {
  if (!outcome.ok || !Array.isArray(outcome.output)) return outcome;
  const results = outcome.output;
  return { ok: true, output: Object.fromEntries(ids.map((id, at) => [id, results[at] ?? null])) };
}

export const parallelNode: NodeType = {
  fields: [branches, aggregation].map((field) => field.name),
  handles: [],
  compile(scope) {
    const ids = branches.read(scope);
    const how = aggregation.read(scope);
    return {
      providerId: null,
      isBounded: true,
      async run(host, step) {
        if (how === "first") return runFirst(host, { step, ids });
        const outcome = await runAll(host, { step, ids });
        return how === "object" ? nameResults(outcome, ids) : outcome;
      },
    };
  },
};
