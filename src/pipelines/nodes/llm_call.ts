// The `llm_call` node: one call of a model, recorded as an effect unless the provider has none.
// How a provider is reached is the host's.

import { describeAttempt, performEffect } from "../effects";
import { readPartialText } from "../failures";
import { numberField, providerField, textField } from "../fields";
import type { NodeHost, NodeOutcome, NodeType } from "../program";
import type { Json, ModelAnswer, ModelCall, StepRecord, Usage } from "../record";
import { requiredTemplateField, templateField } from "../template-fields";
import { renderText } from "../templates/template";
import { clipText, readOwn } from "../values";

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

/** Notes on the step what the peer said of its answer. */
function noteAnswer(step: StepRecord, answer: ModelAnswer): void {
  step.usage = answer.usage;
  step.cost = answer.cost;
  step.model = {
    provider: answer.provider,
    model: answer.model,
    finishReason: answer.finishReason,
    requestId: answer.requestId,
  };
}

/** Calls the model; after an abort the step has been recorded and must not change any more. */
async function callModel(
  host: NodeHost,
  data: { call: ModelCall; step: StepRecord },
): Promise<ModelAnswer> {
  const { call, step } = data;
  try {
    const answer = await host.deps.callModel(call);
    host.signal.throwIfAborted();
    noteAnswer(step, answer);
    return answer;
  } catch (error) {
    host.signal.throwIfAborted();
    step.output = readPartialText(error);
    throw error;
  }
}

/** Characters of a prompt that its step keeps: many nodes may send the same large input. */
const MAX_KEPT_CHARS = 65_536;

const toResult = (answer: ModelAnswer): Json => ({
  ...answer,
  usage: answer.usage === null ? null : { ...answer.usage },
});

function readUsage(value: Json): Usage | null {
  if (value === null) return null;
  const read = (key: string) => Number(readOwn(value, key) ?? 0);
  return {
    inputTokens: read("inputTokens"),
    outputTokens: read("outputTokens"),
    cachedTokens: read("cachedTokens"),
  };
}

/** Reads an answer from the journal; throws where it is none. */
function readResult(result: Json): ModelAnswer {
  const text = readOwn(result, "text");
  if (typeof text !== "string") throw new TypeError("A recorded model answer has no text.");
  const read = (key: string) => {
    const value = readOwn(result, key);
    return typeof value === "string" ? value : "";
  };
  const cost = readOwn(result, "cost");
  return {
    text,
    finishReason: read("finishReason"),
    usage: readUsage(readOwn(result, "usage") ?? null),
    cost: typeof cost === "number" ? cost : null,
    requestId: read("requestId") || null,
    provider: read("provider"),
    model: read("model"),
  };
}

/** A call without an outside effect: nothing to record but its step. */
async function callPure(
  host: NodeHost,
  data: { call: ModelCall; step: StepRecord },
): Promise<NodeOutcome> {
  host.countCall("model");
  const { text } = await callModel(host, data);
  return { ok: true, output: text };
}

/** A call that is recorded before and after, and not repeated once it has ended. */
async function callRecorded(
  host: NodeHost,
  data: { call: ModelCall; step: StepRecord },
): Promise<NodeOutcome> {
  const { call, step } = data;
  const end = await performEffect(host, {
    kind: "model",
    step,
    call: 0,
    send: async (idempotencyKey) =>
      toResult(await callModel(host, { call: { ...call, idempotencyKey }, step })),
  });
  if (end.error !== null) return { ok: false, failure: end.error };
  const answer = readResult(end.result);
  noteAnswer(step, answer);
  return { ok: true, output: answer.text };
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
  ].map((field) => field.name),
  unavailable: ["toolIds", "maxToolRounds", "outputSchema"],
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
    return {
      providerId: settings.providerId,
      isBounded: true,
      run(host, step) {
        const call: ModelCall = {
          ...settings,
          system: system === null ? null : renderText(host.scope, system),
          prompt: renderText(host.scope, prompt),
          signal: host.signal,
          onRetry: (failed) => void step.logs.push(describeAttempt(failed)),
        };
        step.input = {
          model: call.model,
          system: call.system === null ? null : clipText(call.system, MAX_KEPT_CHARS),
          prompt: clipText(call.prompt, MAX_KEPT_CHARS),
          temperature: call.temperature,
          maxTokens: call.maxTokens,
        };
        const send = host.deps.isPureProvider(call.providerId) ? callPure : callRecorded;
        return send(host, { call, step });
      },
    };
  },
};
