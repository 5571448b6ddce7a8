// Whether what an expression names is there: the node exists, lies upstream, and is not the node itself.

import { type Hinter, quoteName } from "../../lib/suggest";
import type { Reference, TemplateFault } from "./expression";

/** What the graph knows around one node. */
export interface Surroundings {
  readonly nodeId: string;
  /** Ids of all nodes. */
  readonly known: ReadonlySet<string>;
  /** Ids of the nodes that have finished before this one starts and can be read from there. */
  readonly upstream: ReadonlySet<string>;
  /**
   * Ids of nodes before it that run inside a loop or parallel it is outside of, with the id of that;
   * and of the loops and parallels around it, each with its own.
   */
  readonly hidden: ReadonlyMap<string, string>;
  /** Ids of the nodes that its edges lead to. */
  readonly successors: ReadonlySet<string>;
  readonly isInLoop: boolean;
  readonly hint: Hinter;
}

/** The fault of a reference at this place in the graph, or null. */
export function findReferenceFault(
  around: Surroundings,
  reference: Reference,
): TemplateFault | null {
  if (reference.source === "loop" && !around.isInLoop) {
    const message = "loop.item and loop.index are there only inside a loop; remove the expression.";
    return { code: "LOOP_OUTSIDE", message };
  }
  return reference.source === "nodes" ? findNodeFault(around, reference.nodeId) : null;
}

/** The fault of naming a node whose output is to be read here, or null. */
export function findNodeFault(around: Surroundings, nodeId: string): TemplateFault | null {
  if (nodeId === around.nodeId) {
    return { code: "NODE_SELF", message: "A node cannot read its own output; name one before it." };
  }
  if (!around.known.has(nodeId)) {
    const fallback = "Name a node of this pipeline.";
    const hint = around.hint(nodeId, { known: around.known, fallback });
    return { code: "NODE_UNKNOWN", message: `There is no node ${quoteName(nodeId)}.${hint}` };
  }
  if (around.upstream.has(nodeId)) return null;
  const owner = around.hidden.get(nodeId);
  if (owner === nodeId) {
    const message = `Node ${quoteName(nodeId)} has no output while what it runs goes on; read a node inside it.`;
    return { code: "NODE_NOT_UPSTREAM", message };
  }
  if (owner !== undefined) {
    const message = `Node ${quoteName(nodeId)} runs inside ${quoteName(owner)}; read nodes.${owner}.output instead.`;
    return { code: "NODE_INSIDE", message };
  }
  const message = `Node ${quoteName(nodeId)} does not run before this one; connect it by an edge first.`;
  return { code: "NODE_NOT_UPSTREAM", message };
}
