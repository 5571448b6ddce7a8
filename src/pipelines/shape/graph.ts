// The shape of a pipeline as numbers: who follows whom, in which order, and where it runs in a circle.
// Knows nothing of node types; what a shape may be is decided in `structure.ts`.

import type { Edge, Node } from "../pipelines.schema";

/** Nodes by index; edges with an unknown end are left out. */
export interface Graph {
  readonly ids: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly successors: readonly (readonly number[])[];
  readonly predecessors: readonly (readonly number[])[];
}

/** Builds the graph; of two nodes with one id the first is meant. */
export function buildGraph(pipeline: { nodes: readonly Node[]; edges: readonly Edge[] }): Graph {
  const ids = pipeline.nodes.map((node) => node.id);
  const indexOf = new Map<string, number>();
  ids.forEach((id, index) => indexOf.has(id) || indexOf.set(id, index));
  const successors = ids.map((): number[] => []);
  const predecessors = ids.map((): number[] => []);
  for (const edge of pipeline.edges) {
    const source = indexOf.get(edge.source);
    const target = indexOf.get(edge.target);
    if (source === undefined || target === undefined) continue;
    successors[source]?.push(target);
    predecessors[target]?.push(source);
  }
  return { ids, indexOf, successors, predecessors };
}

/** What can be reached from `starts` along `steps`, the starts included. */
function walk(steps: readonly (readonly number[])[], starts: readonly number[]): Set<number> {
  const seen = new Set(starts);
  const open = [...starts];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const next of steps[node] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return seen;
}

/** What can be reached from `starts` within `among`, the starts there included. */
export function walkWithin(
  steps: readonly (readonly number[])[],
  data: { starts: readonly number[]; among: ReadonlySet<number> },
): Set<number> {
  const { starts, among } = data;
  const inside = steps.map((next, node) =>
    among.has(node) ? next.filter((n) => among.has(n)) : [],
  );
  return walk(
    inside,
    starts.filter((node) => among.has(node)),
  );
}

/** What is in all of the sets; of none there is nothing in common. */
export function intersect(sets: readonly ReadonlySet<number>[]): Set<number> {
  const [first, ...more] = sets;
  return new Set([...(first ?? [])].filter((node) => more.every((set) => set.has(node))));
}

/** Nodes that can be reached from any of `starts`, these included. */
export const findReachable = (graph: Graph, starts: readonly number[]): ReadonlySet<number> =>
  walk(graph.successors, starts);

/** Nodes from which `node` can be reached; itself only where it lies on a cycle. */
export const findUpstream = (graph: Graph, node: number): ReadonlySet<number> =>
  walk(graph.predecessors, graph.predecessors[node] ?? []);

/** Removes from `left` what leads to no cycle inside it. */
function trim(graph: Graph, left: Set<number>): void {
  const count = (node: number) => (graph.successors[node] ?? []).filter((n) => left.has(n)).length;
  const ahead = new Map([...left].map((node) => [node, count(node)]));
  const loose = [...left].filter((node) => ahead.get(node) === 0);
  for (let node = loose.pop(); node !== undefined; node = loose.pop()) {
    left.delete(node);
    for (const source of graph.predecessors[node] ?? []) {
      const more = (ahead.get(source) ?? 0) - 1;
      ahead.set(source, more);
      if (more === 0 && left.has(source)) loose.push(source);
    }
  }
}

/** Follows successors inside `left` until a node repeats. */
function traceCycle(graph: Graph, left: ReadonlySet<number>): number[] {
  const path = new Set<number>();
  let [node] = left;
  while (node !== undefined && !path.has(node)) {
    path.add(node);
    node = graph.successors[node]?.find((next) => left.has(next));
  }
  const nodes = [...path];
  return node === undefined ? [] : nodes.slice(nodes.indexOf(node));
}

/** Cycles without a common node, found one after another, each as its nodes in order. */
export function* findCycles(graph: Graph): Generator<number[]> {
  const left = new Set(graph.ids.keys());
  for (;;) {
    trim(graph, left);
    const cycle = traceCycle(graph, left);
    if (cycle.length === 0) return;
    yield cycle;
    for (const node of cycle) left.delete(node);
  }
}

/** Every node after all its predecessors, else in the order given; null where there is a cycle. */
export function sortTopologically(graph: Graph): number[] | null {
  const missing = graph.predecessors.map((sources) => sources.length);
  const order = [...graph.ids.keys()].filter((node) => missing[node] === 0);
  for (const node of order) {
    for (const next of graph.successors[node] ?? []) {
      const left = (missing[next] ?? 0) - 1;
      missing[next] = left;
      if (left === 0) order.push(next);
    }
  }
  return order.length === graph.ids.length ? order : null;
}
