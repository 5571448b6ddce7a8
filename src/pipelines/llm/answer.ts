// A model's answer: what of it a step notes, and how the journal keeps it.

import { addUsd } from "../../providers/prices/usd";
import type { Json, ModelAnswer, ModelToolCall, StepRecord } from "../record";
import { addUsage, readUsage } from "../totals";
import { readOwn } from "../values";

/** Adds to the step what the peer said of its answer; of several rounds the last is named. */
export function noteAnswer(step: StepRecord, answer: ModelAnswer): void {
  const isFirst = step.model === undefined;
  step.usage = addUsage(step.usage, answer.usage);
  // One unknown price makes the sum unknown.
  step.cost =
    answer.cost === null || (!isFirst && step.cost === null)
      ? null
      : addUsd(answer.cost, step.cost ?? 0);
  step.model = {
    provider: answer.provider,
    model: answer.model,
    finishReason: answer.finishReason,
    requestId: answer.requestId,
  };
}

/** As the journal keeps it. */
export const toResult = ({ toolCalls, ...answer }: ModelAnswer): Json => ({
  ...answer,
  usage: answer.usage === null ? null : { ...answer.usage },
  ...(toolCalls === undefined ? {} : { toolCalls: toolCalls.map((call) => ({ ...call })) }),
});

function readText(value: Json, key: string): string {
  const text = readOwn(value, key);
  return typeof text === "string" ? text : "";
}

function readToolCalls(value: Json): ModelToolCall[] {
  if (!Array.isArray(value)) return [];
  return value.map((call) => {
    const read = (key: string) => readText(call, key);
    const meta = readOwn(call, "meta");
    const input = readOwn(call, "input") ?? null;
    return { id: read("id"), name: read("name"), input, ...(meta === undefined ? {} : { meta }) };
  });
}

/** Reads an answer from the journal; throws where it is none. */
export function readResult(result: Json): ModelAnswer {
  const text = readOwn(result, "text");
  if (typeof text !== "string") throw new TypeError("A recorded model answer has no text.");
  const read = (key: string) => readText(result, key);
  const cost = readOwn(result, "cost");
  return {
    text,
    finishReason: read("finishReason"),
    usage: readUsage(result),
    cost: typeof cost === "number" ? cost : null,
    requestId: read("requestId") || null,
    provider: read("provider"),
    model: read("model"),
    toolCalls: readToolCalls(readOwn(result, "toolCalls") ?? null),
  };
}
