// The wire shape of a pipeline and its size limits.
// What a node's `data` may hold is checked by `validate.ts`, so that a draft can be saved with faults.

import { type Static, Type } from "@sinclair/typebox";
import { named, words } from "../lib/wire";
import { NODE_TYPES } from "../vocabulary";
import type { Json } from "./record";

/** Ids of nodes and edges: a letter, then up to 63 letters, digits, `_` or `-`. */
export const ID_PATTERN = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

const id = Type.String({ pattern: ID_PATTERN });
const label = Type.String({ maxLength: 200 });

export const NodeSchema = named(
  "Node",
  Type.Object(
    {
      id,
      type: words(NODE_TYPES),
      label: Type.Optional(label),
      data: Type.Unsafe<Record<string, Json>>(
        Type.Object(
          {},
          { additionalProperties: true, description: "Settings of the node, by its `type`." },
        ),
      ),
      position: Type.Optional(
        Type.Object({ x: Type.Number(), y: Type.Number() }, { additionalProperties: false }),
      ),
    },
    { additionalProperties: false },
  ),
);
export type Node = Static<typeof NodeSchema>;

export const EdgeSchema = named(
  "Edge",
  Type.Object(
    {
      id,
      source: id,
      target: id,
      sourceHandle: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      label: Type.Optional(label),
    },
    { additionalProperties: false },
  ),
);
export type Edge = Static<typeof EdgeSchema>;

export const PipelineSchema = named(
  "Pipeline",
  Type.Object(
    { nodes: Type.Array(NodeSchema), edges: Type.Array(EdgeSchema) },
    { additionalProperties: false },
  ),
);
export type Pipeline = Static<typeof PipelineSchema>;

/** The pipeline of the document's examples; it runs as it stands. */
export const EXAMPLE_PIPELINE: Pipeline = {
  nodes: [
    { id: "input", type: "input", data: {} },
    {
      id: "model",
      type: "llm_call",
      data: { providerId: "echo", userPromptTemplate: "To do: {{input.message}}" },
    },
    { id: "output", type: "output", data: { mapping: "{{nodes.model.output}}" } },
  ],
  edges: [
    { id: "input-model", source: "input", target: "model" },
    { id: "model-output", source: "model", target: "output" },
  ],
};

/** How large a pipeline may be; `maxBytes` counts its JSON as UTF-8. */
export interface PipelineLimits {
  maxNodes: number;
  maxEdges: number;
  maxBytes: number;
}

export const DEFAULT_LIMITS: PipelineLimits = {
  maxNodes: 100,
  maxEdges: 500,
  maxBytes: 1_048_576,
};
