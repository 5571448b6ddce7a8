// The pipeline of a new agent: it answers at once, without a key or an account.

import type { Pipeline } from "./pipelines.schema";

/** input → llm_call (its prompt is the input) → output, on the built-in provider; a new object each time. */
export const defaultPipeline = (): Pipeline => ({
  nodes: [
    { id: "input", type: "input", label: "Input", data: {}, position: { x: 0, y: 0 } },
    {
      id: "llm",
      type: "llm_call",
      label: "Model",
      data: { providerId: "echo", userPromptTemplate: "{{input}}" },
      position: { x: 280, y: 0 },
    },
    {
      id: "output",
      type: "output",
      label: "Output",
      data: { mapping: "{{nodes.llm.output}}" },
      position: { x: 560, y: 0 },
    },
  ],
  edges: [
    { id: "input-llm", source: "input", target: "llm" },
    { id: "llm-output", source: "llm", target: "output" },
  ],
});
