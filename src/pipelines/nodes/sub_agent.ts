// The `sub_agent` node: one execution of another agent, within the caller's slot. How it is run and
// stored is the host's.

import { performEffect } from "../effects";
import { agentField } from "../fields";
import type { NodeOutcome, NodeType } from "../program";
import type { AgentAnswer, Json, StepRecord } from "../record";
import { pairsField } from "../template-fields";
import { readUsage } from "../totals";
import { clipValue, readOwn } from "../values";

const agentId = agentField("agentId");
const inputMapping = pairsField("inputMapping");

/** Bytes of the input that the step keeps: the other agent's execution has it whole. */
const MAX_KEPT_BYTES = 65_536;

const toResult = (answer: AgentAnswer): Json => ({
  ...answer,
  usage: answer.usage === null ? null : { ...answer.usage },
});

/** Notes what the other execution used, and gives its output. */
function readAnswer(step: StepRecord, result: Json): NodeOutcome {
  const cost = readOwn(result, "cost");
  step.usage = readUsage(result);
  step.cost = typeof cost === "number" ? cost : null;
  return { ok: true, output: readOwn(result, "output") ?? null };
}

export const subAgentNode: NodeType = {
  fields: [agentId, inputMapping].map((field) => field.name),
  handles: [],
  compile(scope) {
    const id = agentId.read(scope);
    const mapping = inputMapping.read(scope);
    return {
      providerId: null,
      isBounded: true,
      async run(host, step) {
        const input = mapping.render(host.scope);
        const note = (executionId: string | null): void => {
          step.input = { agentId: id, executionId, input: clipValue(input, MAX_KEPT_BYTES) };
        };
        note(null);
        const { signal, counts, deps } = host;
        const end = await performEffect(host, {
          kind: "sub_agent",
          step,
          call: 0,
          target: { kind: "agent", id },
          send: async (callId) =>
            toResult(await deps.callAgent({ callId, agentId: id, input, signal, counts })),
        });
        if (end.error !== null) return { ok: false, failure: end.error };
        const executionId = readOwn(end.result, "executionId");
        note(typeof executionId === "string" ? executionId : null);
        return readAnswer(step, end.result);
      },
    };
  },
};
