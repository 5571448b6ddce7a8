// What can be read from one node: outputs of what has finished before it, and not of what runs inside
// a loop or parallel that it is outside of.

import type { Surroundings } from "../templates/references";
import { findReachable, findUpstream } from "./graph";
import type { PlannedShape } from "./region-faults";
import { findStandIn, listRegions } from "./regions";

/** Ids of the loops and parallels around a node, and whether one of them is a loop. */
function findOwners({ plan, pipeline }: PlannedShape, index: number) {
  const owners = [...listRegions(plan, index)].flatMap(
    (region) => pipeline.nodes[plan.regions[region]?.owner ?? -1] ?? [],
  );
  return { ids: owners.map((owner) => owner.id), isInLoop: owners.some(isLoop) };
}

const isLoop = ({ type }: { type: string }): boolean => type === "loop";

/** Whether a node hangs on a loop at all: where the edges run in a circle nobody knows its regions. */
const hangsOnLoop = ({ pipeline, graph }: PlannedShape, index: number): boolean =>
  pipeline.nodes.some((node, loop) => isLoop(node) && findReachable(graph, [loop]).has(index));

/** Looks around the node at `index`. */
export function lookAround(shape: PlannedShape, index: number): Surroundings {
  const { graph, plan, hint, isCyclic } = shape;
  const { ids } = graph;
  const idOf = (node: number): string => ids[node] ?? "";
  const owners = findOwners(shape, index);
  const hidden = new Map(owners.ids.map((id) => [id, id]));
  const upstream = new Set<string>();
  for (const node of findUpstream(graph, index)) {
    const standIn = findStandIn(plan, { source: node, target: index }) ?? node;
    if (hidden.has(idOf(node))) continue;
    if (standIn === node) upstream.add(idOf(node));
    else hidden.set(idOf(node), idOf(standIn));
  }
  return {
    nodeId: idOf(index),
    known: new Set(ids),
    upstream,
    hidden,
    successors: new Set((graph.successors[index] ?? []).map(idOf)),
    isInLoop: owners.isInLoop || (isCyclic && hangsOnLoop(shape, index)),
    hint,
  };
}
