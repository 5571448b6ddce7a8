// The rules of a pipeline's shape: ids, ends of edges, one input and one output, no circle, no islands.
// The fields of nodes are checked in `fields.ts`.

import type { ErrorDetail } from "../../errors";
import { type Hinter, quoteName } from "../../lib/suggest";
import { findCycles, findReachable, type Graph } from "./graph";
import { type Edge, ID_PATTERN, type Node, type Pipeline } from "../pipelines.schema";

/** A pipeline and its graph. */
export interface Shape {
  readonly pipeline: Pipeline;
  readonly graph: Graph;
  readonly hint: Hinter;
}

/** Nodes of a cycle that its message names. */
const MAX_NAMED_NODES = 10;
const ID = new RegExp(ID_PATTERN, "u");

interface IdRule {
  things: readonly { id: string }[];
  kind: "node" | "edge";
}

/** Ids are well formed and each is used once. */
function checkIds({ things, kind }: IdRule): ErrorDetail[] {
  const seen = new Set<string>();
  const faults: ErrorDetail[] = [];
  things.forEach(({ id }, index) => {
    const path = `/${kind}s/${index}/id`;
    const name = kind === "node" ? { nodeId: id } : { edgeId: id };
    if (!ID.test(id)) {
      const message = `An id starts with a letter, then takes up to 63 letters, digits, "_" or "-".`;
      faults.push({ path, field: "id", code: "ID_INVALID", message });
    } else if (seen.has(id)) {
      const message = `Another ${kind} has this id; give each its own.`;
      faults.push({ ...name, path, field: "id", code: "ID_DUPLICATE", message });
    }
    seen.add(id);
  });
  return faults;
}

function checkEdgeEnd(shape: Shape, at: { edge: Edge; end: "source" | "target" }): ErrorDetail[] {
  const { edge, end } = at;
  const { indexOf, ids } = shape.graph;
  const id = edge[end];
  if (indexOf.has(id)) return [];
  const hint = shape.hint(id, { known: ids, fallback: "Connect it to a node or remove it." });
  const message = `There is no node ${quoteName(id)}.${hint}`;
  return [{ edgeId: edge.id, field: end, code: "EDGE_END_UNKNOWN", message }];
}

const checkEdges = (shape: Shape): ErrorDetail[] =>
  shape.pipeline.edges.flatMap((edge) => [
    ...checkEdgeEnd(shape, { edge, end: "source" }),
    ...checkEdgeEnd(shape, { edge, end: "target" }),
  ]);

/** Exactly one node of `type`. */
function checkSingle(nodes: readonly Node[], type: "input" | "output"): ErrorDetail[] {
  const [first, ...more] = nodes.filter((node) => node.type === type);
  const name = type === "input" ? "INPUT" : "OUTPUT";
  if (first === undefined) {
    const message = `A pipeline has exactly one ${type} node; add one.`;
    return [{ code: `${name}_MISSING`, message }];
  }
  return more.map((node): ErrorDetail => {
    const message = `A pipeline has exactly one ${type} node; remove this one or the other.`;
    return { nodeId: node.id, code: `${name}_DUPLICATE`, message };
  });
}

function checkCycles(graph: Graph): ErrorDetail[] {
  return [...findCycles(graph)].map((cycle) => {
    const names = [...cycle, cycle[0] ?? 0].map((node) => graph.ids[node] ?? "");
    const shown =
      names.length > MAX_NAMED_NODES + 1 ? [...names.slice(0, MAX_NAMED_NODES), "…"] : names;
    const message = `The edges run in a circle: ${shown.join(" → ")}. Remove one of them.`;
    return { nodeId: names[0] ?? "", code: "CYCLE", message };
  });
}

/** Every node can be reached from the input. */
function checkReachable({ pipeline, graph }: Shape): ErrorDetail[] {
  const inputs = [...pipeline.nodes.keys()].filter(
    (index) => pipeline.nodes[index]?.type === "input",
  );
  if (inputs.length === 0) return [];
  const reachable = findReachable(graph, inputs);
  return pipeline.nodes.flatMap((node, index): ErrorDetail[] => {
    const isDuplicate = graph.indexOf.get(node.id) !== index;
    if (isDuplicate || reachable.has(index)) return [];
    const isOutput = node.type === "output";
    const message = `No way leads here from the input; connect ${isOutput ? "the output" : "the node or remove it"}.`;
    const code = isOutput ? "OUTPUT_UNREACHABLE" : "NODE_UNREACHABLE";
    return [{ nodeId: node.id, code, message }];
  });
}

/** All faults of a pipeline's shape. */
export function findStructureFaults(shape: Shape): ErrorDetail[] {
  const { nodes, edges } = shape.pipeline;
  return [
    ...checkIds({ things: nodes, kind: "node" }),
    ...checkIds({ things: edges, kind: "edge" }),
    ...checkSingle(nodes, "input"),
    ...checkSingle(nodes, "output"),
    ...checkEdges(shape),
    ...checkCycles(shape.graph),
    ...checkReachable(shape),
  ];
}
