// Puts the checked nodes of a valid pipeline together, region by region.

import type { Node } from "./pipelines.schema";
import type { CompiledNode, CompiledPipeline, CompiledRegion, NodeProgram } from "./program";
import { findUntrusted } from "./shape/origins";
import type { RegionPlan } from "./shape/regions";
import type { Reference } from "./templates/expression";

/** A node whose fields have been looked at. */
export interface CheckedNode {
  node: Node;
  program: NodeProgram;
  continuesOnError: boolean;
  /** What its expressions read. */
  reads: readonly Reference[];
}

interface Assembly {
  readonly checked: readonly CheckedNode[];
  readonly plan: RegionPlan;
  /** Indices in topological order. */
  readonly order: readonly number[];
}

function compileNode(
  assembly: Assembly,
  data: { index: number; positions: ReadonlyMap<number, number> },
): CompiledNode[] {
  const { index, positions } = data;
  const { plan, checked } = assembly;
  const found = checked[index];
  if (found === undefined) return [];
  const { node, program, continuesOnError } = found;
  const outgoing = plan.edges
    .filter((edge) => edge.source === index)
    .map(({ target, handle }) => ({ target: positions.get(target) ?? -1, handle }));
  const incoming = plan.edges.filter((edge) => edge.target === index).length;
  const regions = plan.regions.flatMap(({ owner }, region) =>
    owner === index ? [compileRegion(assembly, region)] : [],
  );
  return [
    {
      id: node.id,
      type: node.type,
      program,
      continuesOnError,
      incoming,
      outgoing,
      regions,
    },
  ];
}

function compileRegion(assembly: Assembly, region: number): CompiledRegion {
  const { plan, order } = assembly;
  const inside = order.filter((index) => plan.regionOf[index] === region);
  const positions = new Map(inside.map((index, position) => [index, position]));
  const nodes = inside.flatMap((index) => compileNode(assembly, { index, positions }));
  const lastIds = nodes.filter((node) => node.outgoing.length === 0).map((node) => node.id);
  return { nodes, lastIds };
}

/** The compiled pipeline; called only where nothing is wrong. */
export function assemblePipeline(assembly: Assembly): CompiledPipeline {
  const region = compileRegion(assembly, 0);
  const providerIds = assembly.checked
    .map(({ program }) => program.providerId)
    .filter((id) => id !== null);
  const find = (type: "input" | "output") => region.nodes.find((node) => node.type === type);
  const input = find("input");
  return {
    ...region,
    inputNodeId: input?.id ?? "",
    outputNodeId: find("output")?.id ?? "",
    providerIds: [...new Set(providerIds)],
    checkInput: input?.program.checkInput ?? (() => []),
    untrustedReads: findUntrusted(assembly),
  };
}
