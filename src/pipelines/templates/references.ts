// Whether what an expression names is there: the node exists, lies upstream, and is not the node itself.

import { type Hinter, quoteName } from "../../lib/suggest";
import type { Reference, TemplateFault } from "./expression";

/** What the graph knows around one node. */
export interface Surroundings {
  readonly nodeId: string;
  /** Ids of all nodes. */
  readonly known: ReadonlySet<string>;
  /** Ids of the nodes that have finished before this one starts. */
  readonly upstream: ReadonlySet<string>;
  readonly hint: Hinter;
}

/** The fault of a reference at this place in the graph, or null. */
export function findReferenceFault(
  around: Surroundings,
  reference: Reference,
): TemplateFault | null {
  if (reference.source === "loop") {
    const message = "loop.item and loop.index are there only inside a loop; remove the expression.";
    return { code: "LOOP_OUTSIDE", message };
  }
  if (reference.source !== "nodes") return null;
  const { nodeId } = reference;
  if (nodeId === around.nodeId) {
    return { code: "NODE_SELF", message: "A node cannot read its own output; name one before it." };
  }
  if (!around.known.has(nodeId)) {
    const fallback = "Name a node of this pipeline.";
    const hint = around.hint(nodeId, { known: around.known, fallback });
    return { code: "NODE_UNKNOWN", message: `There is no node ${quoteName(nodeId)}.${hint}` };
  }
  if (around.upstream.has(nodeId)) return null;
  const message = `Node ${quoteName(nodeId)} does not run before this one; connect it by an edge first.`;
  return { code: "NODE_NOT_UPSTREAM", message };
}
