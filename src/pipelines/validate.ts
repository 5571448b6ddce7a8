// Checks a whole pipeline, with all faults at once, and compiles it where there are none.
// Saving, activating and what each answers is left to `agents`.

import type { ErrorDetail } from "../errors";
import type { FieldScope } from "./fields";
import { buildGraph, findUpstream, type Graph, sortTopologically } from "./graph";
import { findNodeType, isBuilt } from "./nodes/table";
import type { Edge, Node, Pipeline, PipelineLimits } from "./pipelines.schema";
import type { CompiledNode, CompiledPipeline, NodeProgram, NodeType } from "./program";
import { findStructureFaults } from "./structure";
import { didYouMean, quoteName } from "./suggest";
import { MAX_FAULTS_PER_FIELD } from "./templates/template";

export type { CompiledPipeline } from "./program";

export interface ValidateDeps {
  /** Whether a provider exists, is enabled and may be called. */
  providerExists(id: string): boolean;
  limits: PipelineLimits;
}

export interface Validation {
  /** What keeps the pipeline from running; a draft may be saved with it. */
  faults: ErrorDetail[];
  /** What the contract has and this version does not; it is not saved. */
  unavailable: ErrorDetail[];
  /** Null where there is anything in the other two. */
  compiled: CompiledPipeline | null;
}

/** Codes of faults that mean "not in this version". */
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  "NODE_TYPE_UNAVAILABLE",
  "FIELD_UNAVAILABLE",
  "SCHEMA_KEYWORD_UNAVAILABLE",
]);

/** Fields of the contract that any node may have and this version does not build. */
const UNAVAILABLE_ANYWHERE = ["onError"];

interface Checked {
  node: Node;
  program: NodeProgram | null;
}

function findLimitFaults(deps: ValidateDeps, pipeline: Pipeline): ErrorDetail[] {
  const { maxNodes, maxEdges, maxBytes } = deps.limits;
  const sizes = [
    { field: "nodes", size: pipeline.nodes.length, limit: maxNodes, unit: "nodes" },
    { field: "edges", size: pipeline.edges.length, limit: maxEdges, unit: "edges" },
    {
      field: "pipeline",
      size: Buffer.byteLength(JSON.stringify(pipeline)),
      limit: maxBytes,
      unit: "bytes of JSON",
    },
  ];
  return sizes
    .filter(({ size, limit }) => size > limit)
    .map(({ field, limit, unit }) => {
      const message = `A pipeline has at most ${limit} ${unit}; make it smaller.`;
      return { field, code: "PIPELINE_TOO_LARGE", message };
    });
}

/** What `fields.ts` gets to see of one node; at most so many faults a field are kept. */
function createScope(
  deps: ValidateDeps,
  data: { node: Node; graph: Graph; index: number; faults: ErrorDetail[] },
): FieldScope {
  const { node, graph, index, faults } = data;
  const counts = new Map<string, number>();
  const upstream = [...findUpstream(graph, index)].map((one) => graph.ids[one] ?? "");
  return {
    data: node.data,
    around: { nodeId: node.id, known: new Set(graph.ids), upstream: new Set(upstream) },
    providerExists: (id) => deps.providerExists(id),
    addFault(fault) {
      const count = counts.get(fault.field) ?? 0;
      counts.set(fault.field, count + 1);
      if (count < MAX_FAULTS_PER_FIELD) faults.push({ nodeId: node.id, ...fault });
    },
  };
}

/** Fields that the node type does not have, or not yet. */
function findNameFaults(type: NodeType, node: Node): ErrorDetail[] {
  const known = [...type.fields, ...type.unavailable, ...UNAVAILABLE_ANYWHERE];
  const odd = Object.keys(node.data).filter((name) => !type.fields.includes(name));
  return odd.slice(0, MAX_FAULTS_PER_FIELD).map((name) => {
    const field = name.slice(0, 64);
    if (known.includes(name)) {
      const message = `${name} is not available in this version; remove it.`;
      return { nodeId: node.id, field, code: "FIELD_UNAVAILABLE", message };
    }
    const hint = didYouMean(name, { known, fallback: `Fields are ${type.fields.join(", ")}.` });
    const message = `${quoteName(name)} is not a field of ${node.type}.${hint}`;
    return { nodeId: node.id, field, code: "FIELD_UNKNOWN", message };
  });
}

/** A node of a type that this version does not run; its other fields are not looked at. */
function findTypeFaults(node: Node): ErrorDetail[] {
  const message = `Nodes of type ${node.type} are not available in this version; remove the node.`;
  const faults = [{ nodeId: node.id, field: "type", code: "NODE_TYPE_UNAVAILABLE", message }];
  for (const field of UNAVAILABLE_ANYWHERE) {
    if (!Object.hasOwn(node.data, field)) continue;
    const hint = `${field} is not available in this version; remove it.`;
    faults.push({ nodeId: node.id, field, code: "FIELD_UNAVAILABLE", message: hint });
  }
  return faults;
}

function checkNodes(
  deps: ValidateDeps,
  data: { pipeline: Pipeline; graph: Graph; faults: ErrorDetail[] },
): Checked[] {
  const { pipeline, graph, faults } = data;
  return pipeline.nodes.map((node, index) => {
    const type = findNodeType(node.type);
    if (type === null) {
      faults.push(...findTypeFaults(node));
      return { node, program: null };
    }
    faults.push(...findNameFaults(type, node));
    const program = type.compile(createScope(deps, { node, graph, index, faults }));
    return { node, program };
  });
}

/** Handles on edges of nodes that do not have them. */
function findHandleFaults(data: { pipeline: Pipeline; graph: Graph }): ErrorDetail[] {
  return data.pipeline.edges.flatMap((edge): ErrorDetail[] => {
    const source = data.pipeline.nodes[data.graph.indexOf.get(edge.source) ?? -1];
    const handles = source === undefined ? undefined : findNodeType(source.type)?.handles;
    if (edge.sourceHandle === undefined || handles === undefined) return [];
    if (handles.includes(edge.sourceHandle)) return [];
    const fallback = `Nodes of type ${source?.type} have none; remove it.`;
    const hint = didYouMean(edge.sourceHandle, { known: handles, fallback });
    const message = `${quoteName(edge.sourceHandle)} is not a handle of this node.${hint}`;
    return [{ edgeId: edge.id, field: "sourceHandle", code: "HANDLE_UNKNOWN", message }];
  });
}

function compileNodes(checked: readonly Checked[], edges: readonly Edge[]): CompiledNode[] {
  const positions = new Map(checked.map(({ node }, index) => [node.id, index]));
  return checked.flatMap(({ node, program }): CompiledNode[] => {
    if (program === null || !isBuilt(node.type)) return [];
    const outgoing = edges
      .filter((edge) => edge.source === node.id)
      .map((edge) => ({
        target: positions.get(edge.target) ?? -1,
        handle: edge.sourceHandle ?? null,
      }));
    const incoming = edges.filter((edge) => edge.target === node.id).length;
    return [{ id: node.id, type: node.type, program, incoming, outgoing }];
  });
}

/** Puts checked nodes together; called only where nothing is wrong. */
function compilePipeline(
  checked: readonly Checked[],
  data: { pipeline: Pipeline; order: readonly number[] },
): CompiledPipeline {
  const sorted = data.order.flatMap((index) => checked[index] ?? []);
  const nodes = compileNodes(sorted, data.pipeline.edges);
  const input = nodes.find((node) => node.type === "input");
  const output = nodes.find((node) => node.type === "output");
  const providerIds = nodes.map((node) => node.program.providerId).filter((id) => id !== null);
  return {
    nodes,
    inputNodeId: input?.id ?? "",
    outputNodeId: output?.id ?? "",
    providerIds: [...new Set(providerIds)],
    checkInput: (value) => input?.program.checkInput?.(value) ?? [],
  };
}

/**
 * Checks every rule and returns all faults together, each with where it is, a code and what to do.
 * Beyond the size limits nothing else is looked at.
 */
export function validatePipeline(deps: ValidateDeps, pipeline: Pipeline): Validation {
  const tooLarge = findLimitFaults(deps, pipeline);
  if (tooLarge.length > 0) return { faults: tooLarge, unavailable: [], compiled: null };
  const graph = buildGraph(pipeline);
  const all = findStructureFaults({ pipeline, graph });
  const checked = checkNodes(deps, { pipeline, graph, faults: all });
  all.push(...findHandleFaults({ pipeline, graph }));
  const unavailable = all.filter((fault) => UNAVAILABLE_CODES.has(fault.code));
  const faults = all.filter((fault) => !UNAVAILABLE_CODES.has(fault.code));
  const order = all.length === 0 ? sortTopologically(graph) : null;
  const compiled = order === null ? null : compilePipeline(checked, { pipeline, order });
  return { faults, unavailable, compiled };
}
