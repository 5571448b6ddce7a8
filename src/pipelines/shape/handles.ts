// The handles of edges: which a node type has, which it needs, and what they are called.

import type { ErrorDetail } from "../../errors";
import { didYouMean, quoteName } from "../../lib/suggest";
import { nodeTypeOf } from "../nodes/table";
import type { Edge, Node } from "../pipelines.schema";
import type { NodeType } from "../program";
import type { Shape } from "./structure";

/** The one name of a handle that has several. */
const nameHandle = (type: NodeType, handle: string): string =>
  type.handleAliases?.get(handle) ?? handle;

/** The handle of `source` that an edge hangs on; null is any. */
export function readEdgeHandle(edge: Edge, source: Node): string | null {
  const type = nodeTypeOf(source.type);
  if (edge.sourceHandle === undefined) return null;
  return nameHandle(type, edge.sourceHandle);
}

function checkEdge(edge: Edge, source: { node: Node; type: NodeType }): ErrorDetail[] {
  const { node, type } = source;
  const list = type.handles.join(", ");
  const at = { edgeId: edge.id, field: "sourceHandle" };
  if (edge.sourceHandle === undefined) {
    if (type.needsHandles !== true) return [];
    const message = `An edge from a ${node.type} names one of its handles: ${list}.`;
    return [{ ...at, code: "HANDLE_MISSING", message }];
  }
  if (type.handles.includes(nameHandle(type, edge.sourceHandle))) return [];
  const fallback = `Nodes of type ${node.type} have ${list === "" ? "none; remove it" : list}.`;
  const hint = didYouMean(edge.sourceHandle, { known: type.handles, fallback });
  const message = `${quoteName(edge.sourceHandle)} is not a handle of this node.${hint}`;
  return [{ ...at, code: "HANDLE_UNKNOWN", message }];
}

/** Handles of a node that no edge hangs on, where each needs one. */
function checkNode(node: Node, edges: readonly Edge[]): ErrorDetail[] {
  const type = nodeTypeOf(node.type);
  if (type.needsHandles !== true) return [];
  const used = new Set(
    edges.filter((edge) => edge.source === node.id).map((edge) => readEdgeHandle(edge, node)),
  );
  return type.handles
    .filter((handle) => !used.has(handle))
    .map((handle) => {
      const message = `No edge leaves the ${node.type} by its handle ${handle}; connect it.`;
      return { nodeId: node.id, code: "HANDLE_MISSING", message };
    });
}

/** Handles that a node does not have, and those that are missing. */
export function findHandleFaults({ pipeline, graph }: Shape): ErrorDetail[] {
  const ofEdges = pipeline.edges.flatMap((edge) => {
    const node = pipeline.nodes[graph.indexOf.get(edge.source) ?? -1];
    return node === undefined ? [] : checkEdge(edge, { node, type: nodeTypeOf(node.type) });
  });
  return [...ofEdges, ...pipeline.nodes.flatMap((node) => checkNode(node, pipeline.edges))];
}
