// The `llm_call` node: a talk with a model, with the tools that it may use and the form of its answer.
// How a provider or a tool is reached is the host's.

import { AppError } from "../../errors";
import { describeAttempt } from "../effects";
import { numberField, providerField, switchField, textField, toolIdsField } from "../fields";
import { converse, type OfferedTool } from "../llm/converse";
import { type OutputSchema, readStructured } from "../llm/structured";
import type { NodeHost, NodeOutcome, NodeType } from "../program";
import { type ModelCall, type ModelTool, stepName, type StepRecord } from "../record";
import { outputSchemaField, requiredTemplateField, templateField } from "../template-fields";
import { createFence } from "../templates/fence";
import { renderText, type Template } from "../templates/template";
import { clipText } from "../values";

const providerId = providerField("providerId");
const userPromptTemplate = requiredTemplateField("userPromptTemplate");
const systemPrompt = templateField("systemPrompt");
const model = textField({ name: "model", fallback: "", maxLength: 200 });
const temperature = numberField({ name: "temperature", fallback: 0.7, min: 0, max: 2 });
const maxTokens = numberField({
  name: "maxTokens",
  fallback: 1024,
  min: 1,
  max: 1_000_000,
  isWhole: true,
});
const timeoutMs = numberField({
  name: "timeoutMs",
  fallback: 120_000,
  min: 1,
  max: 600_000,
  isWhole: true,
});
const retries = numberField({ name: "retries", fallback: 2, min: 0, max: 2, isWhole: true });
const toolIds = toolIdsField("toolIds");
const maxToolRounds = numberField({
  name: "maxToolRounds",
  fallback: 8,
  min: 1,
  max: 50,
  isWhole: true,
});
const outputSchema = outputSchemaField("outputSchema");
const fenceData = switchField("fenceData");

/** Characters of a prompt that its step keeps: many nodes may send the same large input. */
const MAX_KEPT_CHARS = 65_536;

interface Offer {
  tools: ModelTool[];
  offered: OfferedTool[];
}

/**
 * The tools as they are now, each under a name of its own; throws TOOL_MISSING. One that this execution
 * may not call is not offered, and still known: it may have been called before its list grew tighter.
 */
function offerTools(host: NodeHost, data: { ids: readonly string[]; step: StepRecord }): Offer {
  const offer: Offer = { tools: [], offered: [] };
  for (const toolId of data.ids) {
    const tool = host.deps.describeTool(toolId);
    if (tool === null) throw new AppError("TOOL_MISSING");
    const isTaken = offer.offered.some(({ name }) => name === tool.name);
    const name = isTaken ? `${tool.name.slice(0, 60)}_${offer.offered.length}` : tool.name;
    offer.offered.push({ toolId, name });
    if (host.deps.mayCall({ kind: "tool", id: toolId })) offer.tools.push({ ...tool, name });
    else data.step.logs.push(`The webhook does not allow ${toolId}: the model is not offered it.`);
  }
  return offer;
}

interface Prompts {
  step: StepRecord;
  prompt: Template;
  system: Template | null;
}

type Rendered = Pick<ModelCall, "prompt" | "system">;

const renderPlain = ({ scope }: NodeHost, { prompt, system }: Prompts): Rendered => ({
  system: system === null ? null : renderText(scope, system),
  prompt: renderText(scope, prompt),
});

/** Every value between marks that nobody can have foreseen, and what they mean for the model. */
function renderFenced(host: NodeHost, { step, prompt, system }: Prompts): Rendered {
  const { wrap, rule } = createFence({
    key: host.deps.fenceKey,
    stepId: `${host.executionId}/${stepName(step)}`,
  });
  const own = system === null ? "" : `${renderText(host.scope, { ...system, wrap })}\n\n`;
  return { system: own + rule, prompt: renderText(host.scope, { ...prompt, wrap }) };
}

interface Talk {
  step: StepRecord;
  call: ModelCall;
  offered: readonly OfferedTool[];
  maxToolRounds: number;
  output: OutputSchema | null;
}

async function talk(host: NodeHost, data: Talk): Promise<NodeOutcome> {
  const { step, output } = data;
  const end = await converse(host, data);
  if (!end.ok) return end;
  if (output === null) return { ok: true, output: end.text };
  step.output = end.text;
  return { ok: true, output: await readStructured(host, { text: end.text, output }) };
}

export const llmCallNode: NodeType = {
  fields: [
    providerId,
    userPromptTemplate,
    model,
    systemPrompt,
    temperature,
    maxTokens,
    timeoutMs,
    retries,
    toolIds,
    maxToolRounds,
    outputSchema,
    fenceData,
  ].map((field) => field.name),
  handles: [],
  compile(scope) {
    const settings = {
      providerId: providerId.read(scope),
      model: model.read(scope),
      temperature: temperature.read(scope),
      maxTokens: maxTokens.read(scope),
      timeoutMs: timeoutMs.read(scope),
      retries: retries.read(scope),
    };
    const prompt = userPromptTemplate.read(scope);
    const system = systemPrompt.read(scope);
    const ids = toolIds.read(scope);
    const rounds = maxToolRounds.read(scope);
    const output = outputSchema.read(scope);
    const render = fenceData.read(scope) ? renderFenced : renderPlain;
    return {
      providerId: settings.providerId,
      isBounded: true,
      run(host, step) {
        const { tools, offered } = offerTools(host, { ids, step });
        const call: ModelCall = {
          ...settings,
          ...render(host, { step, prompt, system }),
          signal: host.signal,
          onRetry: (failed) => void step.logs.push(describeAttempt(failed)),
          ...(tools.length === 0 ? {} : { tools }),
          ...(output === null ? {} : { outputSchema: output.schema }),
        };
        step.input = {
          model: call.model,
          system: call.system === null ? null : clipText(call.system, MAX_KEPT_CHARS),
          prompt: clipText(call.prompt, MAX_KEPT_CHARS),
          temperature: call.temperature,
          maxTokens: call.maxTokens,
        };
        return talk(host, { step, call, offered, maxToolRounds: rounds, output });
      },
    };
  },
};
