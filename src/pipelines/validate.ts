// Checks a whole pipeline, with all faults at once, and compiles it where there are none.
// Saving, activating and what each answers is left to `agents`.

import type { ErrorDetail } from "../errors";
import { assemblePipeline, type CheckedNode } from "./assemble";
import { type AgentFault, type FieldScope, onErrorField } from "./fields";
import { buildGraph, sortTopologically } from "./shape/graph";
import { findHandleFaults } from "./shape/handles";
import { findRegionFaults, type PlannedShape } from "./shape/region-faults";
import { planRegions } from "./shape/regions";
import { lookAround } from "./shape/surroundings";
import { nodeTypeOf } from "./nodes/table";
import type { Node, Pipeline, PipelineLimits } from "./pipelines.schema";
import type { CompiledPipeline, NodeType } from "./program";
import { findStructureFaults } from "./shape/structure";
import { createHinter, didYouMean, quoteName } from "../lib/suggest";
import type { Reference } from "./templates/expression";
import { MAX_FAULTS_PER_FIELD } from "./templates/template";
import { readOwn } from "./values";

export type { CompiledPipeline } from "./program";

export interface ValidateDeps {
  /** Whether a provider exists, is enabled and may be called. */
  providerExists(id: string): boolean;
  /** Whether a tool exists and is enabled. */
  toolExists(id: string): boolean;
  /** What keeps an agent from being called by this pipeline; null for nothing. */
  findAgentFault(id: string): AgentFault | null;
  limits: PipelineLimits;
}

export interface Validation {
  /** What keeps the pipeline from running; a draft may be saved with it. */
  faults: ErrorDetail[];
  /** Null where there are any. */
  compiled: CompiledPipeline | null;
}

/** The nodes that an execution cannot go on without. */
const ENDS: ReadonlySet<string> = new Set(["input", "output"]);

/** Misspelt node names of one pipeline that get a suggestion; 100 of them take about 25 ms. */
const MAX_HINTS = 100;

/** Parsing and suggesting take about 20 µs each, on every save. */
const MAX_EXPRESSIONS = 2_000;

/** Characters of all codes together: compiling so many takes 15 to 90 ms, on every save and look. */
const MAX_CODE_CHARS = 100_000;

/** Characters of JavaScript in a node. */
function measureCode({ type, data }: Node): number {
  const field = nodeTypeOf(type).codeField;
  const code = field === undefined ? undefined : readOwn(data, field);
  return typeof code === "string" ? code.length : 0;
}

function findLimitFaults(deps: ValidateDeps, pipeline: Pipeline): ErrorDetail[] {
  const { maxNodes, maxEdges, maxBytes } = deps.limits;
  const json = JSON.stringify(pipeline);
  const sizes = [
    { field: "nodes", size: pipeline.nodes.length, limit: maxNodes, unit: "nodes" },
    { field: "edges", size: pipeline.edges.length, limit: maxEdges, unit: "edges" },
    {
      field: "pipeline",
      size: Buffer.byteLength(json),
      limit: maxBytes,
      unit: "bytes of JSON",
    },
    {
      field: "pipeline",
      size: json.split("{{").length - 1,
      limit: MAX_EXPRESSIONS,
      unit: "template expressions",
    },
    {
      field: "pipeline",
      size: pipeline.nodes.reduce((sum, node) => sum + measureCode(node), 0),
      limit: MAX_CODE_CHARS,
      unit: "characters of code",
    },
  ];
  return sizes
    .filter(({ size, limit }) => size > limit)
    .map(({ field, limit, unit }) => {
      const message = `A pipeline has at most ${limit} ${unit}; make it smaller.`;
      return { field, code: "PIPELINE_TOO_LARGE", message };
    });
}

/** What `fields.ts` gets to see of one node. */
function createScope(
  deps: ValidateDeps,
  data: {
    node: Node;
    index: number;
    shape: PlannedShape;
    faults: ErrorDetail[];
    reads: Reference[];
  },
): FieldScope {
  const { node, index, faults, reads } = data;
  return {
    data: node.data,
    around: lookAround(data.shape, index),
    providerExists: (id) => deps.providerExists(id),
    toolExists: (id) => deps.toolExists(id),
    findAgentFault: (id) => deps.findAgentFault(id),
    noteRead: (reference) => void reads.push(reference),
    addFault: (fault) => void faults.push({ nodeId: node.id, ...fault }),
  };
}

/** Fields that the node type does not have. */
function findUnknownFields(type: NodeType, node: Node): ErrorDetail[] {
  const fields = ENDS.has(node.type) ? type.fields : [...type.fields, onErrorField.name];
  const unknown = Object.keys(node.data).filter((name) => !fields.includes(name));
  return unknown.slice(0, MAX_FAULTS_PER_FIELD).map((name) => {
    const hint = didYouMean(name, { known: fields, fallback: `Fields are ${fields.join(", ")}.` });
    const message = `${quoteName(name)} is not a field of ${node.type}.${hint}`;
    return { nodeId: node.id, field: name.slice(0, 64), code: "FIELD_UNKNOWN", message };
  });
}

function checkNodes(
  deps: ValidateDeps,
  data: { shape: PlannedShape; faults: ErrorDetail[] },
): CheckedNode[] {
  const { shape, faults } = data;
  return shape.pipeline.nodes.map((node, index) => {
    const type = nodeTypeOf(node.type);
    faults.push(...findUnknownFields(type, node));
    const reads: Reference[] = [];
    const scope = createScope(deps, { node, index, shape, faults, reads });
    const program = type.compile(scope);
    const continuesOnError = !ENDS.has(node.type) && onErrorField.read(scope);
    return { node, program, continuesOnError, reads };
  });
}

/**
 * Checks every rule and returns all faults together, each with where it is, a code and what to do.
 * Beyond the size limits no other is looked for.
 */
export function validatePipeline(deps: ValidateDeps, pipeline: Pipeline): Validation {
  const tooLarge = findLimitFaults(deps, pipeline);
  if (tooLarge.length > 0) return { faults: tooLarge, compiled: null };
  const graph = buildGraph(pipeline);
  const order = sortTopologically(graph);
  const plan = planRegions({ pipeline, graph });
  const hint = createHinter(MAX_HINTS);
  const shape: PlannedShape = { pipeline, graph, hint, plan, isCyclic: order === null };
  const faults = findStructureFaults(shape);
  const checked = checkNodes(deps, { shape, faults });
  faults.push(...findHandleFaults(shape), ...findRegionFaults(shape));
  const isValid = faults.length === 0 && order !== null;
  const compiled = isValid ? assemblePipeline({ checked, plan, order }) : null;
  return { faults, compiled };
}
