// Which expressions read what came from outside with the execution, or what was made of it: the input,
// the trigger, and whatever a node gives that reads them. By the pipeline alone, before anything runs.

import { type Reference, writeReference } from "../templates/expression";
import { listRegions, type RegionPlan } from "./regions";

interface Checked {
  node: { id: string; type: string };
  reads: readonly Reference[];
}

interface Origins {
  readonly checked: readonly Checked[];
  readonly plan: RegionPlan;
}

/** Ids of the nodes around each node. */
function listOwners({ checked, plan }: Origins): ReadonlyMap<string, readonly string[]> {
  return new Map(
    checked.map(({ node }, index) => {
      const owners = [...listRegions(plan, index)].map(
        (region) => checked[plan.regions[region]?.owner ?? -1]?.node.id,
      );
      return [node.id, owners.filter((id) => id !== undefined)];
    }),
  );
}

/**
 * By node id: the expressions, each once, whose value comes from the input or the trigger in whole or
 * in part. A node that decides by such a value which others run makes those no less trusted.
 */
export function findUntrusted(data: Origins): ReadonlyMap<string, readonly string[]> {
  const owners = listOwners(data);
  const untrusted = new Set<string>();
  function isUntrusted(reference: Reference, nodeId: string): boolean {
    if (reference.source === "execution") return false;
    if (reference.source === "nodes") return untrusted.has(reference.nodeId);
    if (reference.source !== "loop") return true;
    return (owners.get(nodeId) ?? []).some((id) => untrusted.has(id));
  }
  const readsOf = ({ node, reads }: Checked): Reference[] =>
    reads.filter((reference) => isUntrusted(reference, node.id));
  for (let before = -1; before < untrusted.size;) {
    before = untrusted.size;
    for (const one of data.checked) {
      const { id, type } = one.node;
      if (type !== "input" && readsOf(one).length === 0) continue;
      untrusted.add(id);
      // What a loop or parallel gives, it has from the nodes inside.
      for (const owner of owners.get(id) ?? []) untrusted.add(owner);
    }
  }
  return new Map(
    data.checked.map((one) => [one.node.id, [...new Set(readsOf(one).map(writeReference))]]),
  );
}
