// The `tool_call` node: one call of a tool, with parameters that the pipeline gives. How the tool is
// reached is the host's.

import { performToolCall } from "../effects";
import { toolField } from "../fields";
import type { NodeType } from "../program";
import { pairsField } from "../template-fields";
import { clipValue } from "../values";

const toolId = toolField("toolId");
const parameterMapping = pairsField("parameterMapping");

/** Bytes of the parameters that the step keeps: what they were taken from stands in the trace. */
const MAX_KEPT_BYTES = 65_536;

export const toolCallNode: NodeType = {
  fields: [toolId, parameterMapping].map((field) => field.name),
  handles: [],
  compile(scope) {
    const id = toolId.read(scope);
    const mapping = parameterMapping.read(scope);
    return {
      providerId: null,
      isBounded: true,
      async run(host, step) {
        const params = mapping.render(host.scope);
        step.input = { toolId: id, parameters: clipValue(params, MAX_KEPT_BYTES) };
        const end = await performToolCall(host, { step, call: 0, toolId: id, params });
        return end.error === null
          ? { ok: true, output: end.result }
          : { ok: false, failure: end.error };
      },
    };
  },
};
