// Which nodes a loop or a parallel runs, and what of their edges is left for what comes after it.
// What a region may not have is told by `region-faults.ts`; how one runs is `schedule.ts`'s.

import type { Edge, Node, Pipeline } from "../pipelines.schema";
import { readOwn } from "../values";
import { type Graph, intersect, sortTopologically, walkWithin } from "./graph";
import { readEdgeHandle } from "./handles";

/** Nodes that run together: the pipeline itself, the body of a loop, or one branch of a parallel. */
export interface Region {
  /** Index of the loop or parallel; null is the pipeline itself. */
  readonly owner: number | null;
  /** Index of the region that the owner lies in; null is none. */
  readonly parent: number | null;
}

/** An edge between two nodes of one region; what leaves a region hangs on its owner instead. */
export interface RegionEdge {
  readonly source: number;
  readonly target: number;
  /** The handle of the source that it hangs on; null is any. */
  readonly handle: string | null;
}

export interface RegionPlan {
  /** The first is the pipeline itself; a parallel's stand in the order of its branches. */
  readonly regions: readonly Region[];
  /** The region of each node. */
  readonly regionOf: readonly number[];
  /** The edges within regions, each once. */
  readonly edges: readonly RegionEdge[];
}

interface Planner {
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  readonly order: readonly number[];
  readonly regions: Region[];
  readonly regionOf: number[];
}

const nodeAt = ({ pipeline }: { pipeline: Pipeline }, index: number): Node | undefined =>
  pipeline.nodes[index];

/** Whether nodes of this type own regions. */
export const ownsRegions = (node: Node | undefined): boolean =>
  node?.type === "loop" || node?.type === "parallel";

/** The strings of an array field, as they stand there. */
function readNames(node: Node, field: string): string[] {
  const value = readOwn(node.data, field);
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

/** The direct successors of a loop by each of its two handles. */
function splitHandles(planner: Planner, loop: number): { body: number[]; done: number[] } {
  const { pipeline, graph } = planner;
  const node = nodeAt(planner, loop);
  const out = { body: [] as number[], done: [] as number[] };
  if (node === undefined) return out;
  for (const edge of pipeline.edges) {
    const target = graph.indexOf.get(edge.target);
    if (edge.source !== node.id || target === undefined) continue;
    out[readEdgeHandle(edge, node) === "done" ? "done" : "body"].push(target);
  }
  return out;
}

/** A merge lies inside when all its sources do; without any, when all that leads there does. */
function isMergeInside(planner: Planner, data: { merge: number; inside: ReadonlySet<number> }) {
  const { graph } = planner;
  const { merge, inside } = data;
  const node = nodeAt(planner, merge);
  const named = node === undefined ? [] : readNames(node, "sources");
  const sources = named.flatMap((id) => graph.indexOf.get(id) ?? []);
  const asked = sources.length > 0 ? sources : (graph.predecessors[merge] ?? []);
  return asked.every((source) => inside.has(source));
}

/** What hangs on a loop's body and not on its `done`; outputs and merges of more are after it. */
function findBody(planner: Planner, data: { loop: number; among: ReadonlySet<number> }): number[] {
  const { graph, order } = planner;
  const { loop, among } = data;
  const { body, done } = splitHandles(planner, loop);
  const after = walkWithin(graph.successors, { starts: done, among });
  const inside = new Set<number>();
  for (const index of order) {
    if (!among.has(index) || after.has(index)) continue;
    const type = nodeAt(planner, index)?.type;
    const isReached =
      body.includes(index) || graph.predecessors[index]?.some((source) => inside.has(source));
    if (isReached !== true || type === "output") continue;
    if (type === "merge" && !isMergeInside(planner, { merge: index, inside })) continue;
    inside.add(index);
  }
  return [...inside];
}

/** Each branch of a parallel up to what all of them reach. */
function findBranches(
  planner: Planner,
  data: { parallel: number; among: ReadonlySet<number> },
): number[][] {
  const { graph } = planner;
  const { parallel, among } = data;
  const node = nodeAt(planner, parallel);
  const successors = graph.successors[parallel] ?? [];
  const ids = new Set(node === undefined ? [] : readNames(node, "branches"));
  const starts = [...ids].flatMap((id) => graph.indexOf.get(id) ?? []);
  const known = starts.filter((start) => successors.includes(start));
  // A list that is at fault itself is told of as such.
  if (known.length < 2) return [];
  const reached = known.map((start) => walkWithin(graph.successors, { starts: [start], among }));
  const common = intersect(reached);
  return reached.map((nodes) =>
    [...nodes].filter((index) => !common.has(index) && nodeAt(planner, index)?.type !== "output"),
  );
}

/** Gives the nodes of every owner among `nodes` to its regions, and goes on inside these. */
function divide(planner: Planner, data: { region: number; nodes: readonly number[] }): void {
  const among = new Set(data.nodes);
  for (const owner of planner.order) {
    // What an owner before it has taken is divided there.
    if (!among.has(owner) || planner.regionOf[owner] !== data.region) continue;
    const node = nodeAt(planner, owner);
    if (!ownsRegions(node)) continue;
    const parts =
      node?.type === "loop"
        ? [findBody(planner, { loop: owner, among })]
        : findBranches(planner, { parallel: owner, among });
    for (const nodes of parts) {
      const region = planner.regions.push({ owner, parent: data.region }) - 1;
      // Of a node in two branches, which is a fault, the first is meant.
      const own = nodes.filter((index) => planner.regionOf[index] === data.region);
      for (const index of own) planner.regionOf[index] = region;
      divide(planner, { region, nodes: own });
    }
  }
}

/** The regions around a node, its own first. */
export function* listRegions(plan: Pick<RegionPlan, "regions" | "regionOf">, node: number) {
  let region: number | null = plan.regionOf[node] ?? 0;
  while (region !== null) {
    yield region;
    region = plan.regions[region]?.parent ?? null;
  }
}

/** The node that stands for `source` in the region of `target`; null where an edge enters one. */
export function findStandIn(
  plan: Pick<RegionPlan, "regions" | "regionOf">,
  data: { source: number; target: number },
): number | null {
  let { source } = data;
  for (const region of listRegions(plan, source)) {
    if (plan.regionOf[data.target] === region) return source;
    source = plan.regions[region]?.owner ?? source;
  }
  return null;
}

/** Whether an edge leads from an owner to where one of its regions begins. */
export const isEntry = (
  plan: Pick<RegionPlan, "regions" | "regionOf">,
  { source, target }: { source: number; target: number },
): boolean => plan.regions[plan.regionOf[target] ?? 0]?.owner === source;

function toRegionEdge(planner: Planner, edge: Edge): RegionEdge | null {
  const { indexOf } = planner.graph;
  const ends = { source: indexOf.get(edge.source) ?? -1, target: indexOf.get(edge.target) ?? -1 };
  const node = nodeAt(planner, ends.source);
  if (node === undefined || ends.target < 0 || isEntry(planner, ends)) return null;
  const source = findStandIn(planner, ends);
  if (source === null) return null;
  // What comes after an owner waits for it, whichever way out the edge has taken.
  const isOwners = ownsRegions(nodeAt(planner, source));
  return { source, target: ends.target, handle: isOwners ? null : readEdgeHandle(edge, node) };
}

function listEdges(planner: Planner): RegionEdge[] {
  const known = new Map<string, RegionEdge>();
  for (const edge of planner.pipeline.edges) {
    const found = toRegionEdge(planner, edge);
    if (found !== null) known.set(`${found.source} ${found.target} ${found.handle ?? ""}`, found);
  }
  return [...known.values()];
}

/** Finds the regions of a pipeline; one with a cycle counts as having none. */
export function planRegions({ pipeline, graph }: { pipeline: Pipeline; graph: Graph }): RegionPlan {
  const order = sortTopologically(graph) ?? [];
  const planner: Planner = {
    pipeline,
    graph,
    order,
    regions: [{ owner: null, parent: null }],
    regionOf: graph.ids.map(() => 0),
  };
  divide(planner, { region: 0, nodes: order });
  const { regions, regionOf } = planner;
  return { regions, regionOf, edges: listEdges(planner) };
}
