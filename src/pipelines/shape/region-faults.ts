// What regions may not have: an edge into one from outside, a way out of a loop that is none, nothing.

import type { ErrorDetail } from "../../errors";
import { quoteName } from "../../lib/suggest";
import type { Edge } from "../pipelines.schema";
import { findStandIn, isEntry, listRegions, type RegionPlan } from "./regions";
import type { Shape } from "./structure";

/** A shape and its regions. */
export interface PlannedShape extends Shape {
  readonly plan: RegionPlan;
  /** Where it is, nothing is known of regions. */
  readonly isCyclic: boolean;
}

/** What a loop's body may lead to without its `done`. */
const EXITS: ReadonlySet<string> = new Set(["output", "merge"]);

/** The loop that an edge to `target` leaves. */
function findLoopLeft(shape: PlannedShape, ends: { source: number; target: number }) {
  const { plan, pipeline } = shape;
  for (const region of listRegions(plan, ends.source)) {
    if (plan.regionOf[ends.target] === region) return null;
    const owner = pipeline.nodes[plan.regions[region]?.owner ?? -1];
    if (owner?.type === "loop") return owner;
  }
  return null;
}

function checkEdge(shape: PlannedShape, edge: Edge): ErrorDetail[] {
  const { plan, pipeline, graph } = shape;
  const ends = {
    source: graph.indexOf.get(edge.source) ?? -1,
    target: graph.indexOf.get(edge.target) ?? -1,
  };
  const target = pipeline.nodes[ends.target];
  if (ends.source < 0 || target === undefined || isEntry(plan, ends)) return [];
  if (findStandIn(plan, ends) === null) {
    const owner = pipeline.nodes[plan.regions[plan.regionOf[ends.target] ?? 0]?.owner ?? -1];
    const way =
      owner?.type === "parallel"
        ? "branches meet only where all of them do"
        : "only what hangs on its body leads there";
    const message = `${quoteName(target.id)} runs inside ${quoteName(owner?.id ?? "")}; ${way}. Remove the edge.`;
    return [{ edgeId: edge.id, code: "REGION_ENTERED", message }];
  }
  const loop = EXITS.has(target.type) ? null : findLoopLeft(shape, ends);
  if (loop === null) return [];
  const message = `The edge leaves the loop ${quoteName(loop.id)}; connect what follows to its handle done.`;
  return [{ edgeId: edge.id, code: "REGION_LEFT", message }];
}

/** Loops and branches that run nothing. */
function checkRegions({ plan, pipeline }: PlannedShape): ErrorDetail[] {
  const filled = new Set(plan.regionOf);
  const empty = new Map(
    plan.regions.flatMap(({ owner }, region) =>
      owner === null || filled.has(region) ? [] : [[owner, pipeline.nodes[owner]] as const],
    ),
  );
  return [...empty.values()].flatMap((owner) => {
    if (owner === undefined) return [];
    const message =
      owner.type === "loop"
        ? "Nothing hangs on the loop's handle body; connect what runs for each item."
        : "A branch of this node has nothing of its own; each begins at another node.";
    return [{ nodeId: owner.id, code: "REGION_EMPTY" as const, message }];
  });
}

/** All faults of a pipeline's regions. */
export const findRegionFaults = (shape: PlannedShape): ErrorDetail[] =>
  shape.isCyclic
    ? []
    : [...shape.pipeline.edges.flatMap((edge) => checkEdge(shape, edge)), ...checkRegions(shape)];
