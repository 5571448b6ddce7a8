// One step's talk with a model: a call, the tools that it asks for, another call, until it answers
// without asking. Each call of either is an effect of its own.

import { AppError } from "../../errors";
import { performEffect, performToolCall } from "../effects";
import { readPartialText } from "../failures";
import type { NodeHost } from "../program";
import type {
  Failure,
  ModelAnswer,
  ModelCall,
  ModelToolCall,
  StepRecord,
  ToolRound,
} from "../record";
import { clipText, clipValue } from "../values";
import { noteAnswer, readResult, toResult } from "./answer";

/** A tool as the model knows it. */
export interface OfferedTool {
  toolId: string;
  name: string;
}

export interface Conversation {
  step: StepRecord;
  call: ModelCall;
  offered: readonly OfferedTool[];
  /** Rounds of tool calls. */
  maxToolRounds: number;
}

export type ConversationEnd = { ok: true; text: string } | { ok: false; failure: Failure };

/** Tools of one round that run at once. */
const MAX_AT_ONCE = 8;
/** Characters of a tool's answer that the model is given. */
const MAX_RESULT_CHARS = 100_000;
/** Bytes of arguments and answers that the step keeps, of each. */
const MAX_KEPT_BYTES = 16_384;

/** Calls the model; after an abort the step has been recorded and must not change any more. */
async function sendToModel(
  host: NodeHost,
  data: { call: ModelCall; step: StepRecord },
): Promise<ModelAnswer> {
  const { call, step } = data;
  try {
    const answer = await host.deps.callModel(call);
    host.signal.throwIfAborted();
    return answer;
  } catch (error) {
    host.signal.throwIfAborted();
    step.output = readPartialText(error);
    throw error;
  }
}

type Asked = { ok: true; answer: ModelAnswer } | { ok: false; failure: Failure };

/** A call without an outside effect has nothing to record; any other is recorded before and after. */
async function askModel(
  host: NodeHost,
  data: { call: ModelCall; step: StepRecord; number: number },
): Promise<Asked> {
  const { call, step, number } = data;
  if (host.deps.isPureProvider(call.providerId)) {
    host.countCall("model");
    return { ok: true, answer: await sendToModel(host, data) };
  }
  const end = await performEffect(host, {
    kind: "model",
    step,
    call: number,
    send: async (idempotencyKey) =>
      toResult(await sendToModel(host, { call: { ...call, idempotencyKey }, step })),
  });
  if (end.error !== null) return { ok: false, failure: end.error };
  return { ok: true, answer: readResult(end.result) };
}

type Called = ToolRound["calls"][number];

/** What a call that failed says to the model: it may try otherwise. */
const toComplaint = (call: ModelToolCall, text: string): Called => ({ call, text, isError: true });

const complainUnknown = (call: ModelToolCall): Called =>
  toComplaint(call, "There is no tool of that name.");

/** A tool that may not be called is none for the model. */
function toRefusal(error: unknown): null {
  if (error instanceof AppError && error.code === "TOOL_NOT_ALLOWED") return null;
  throw error;
}

async function callTool(
  host: NodeHost,
  data: { step: StepRecord; call: ModelToolCall; toolId: string; number: number },
): Promise<Called> {
  const { step, call, toolId, number } = data;
  const end = await performToolCall(host, {
    step,
    call: number,
    toolId,
    params: call.input,
  }).catch(toRefusal);
  if (end === null) return complainUnknown(call);
  if (end.error !== null) return toComplaint(call, `${end.error.code}: ${end.error.message}`);
  const text = typeof end.result === "string" ? end.result : JSON.stringify(end.result);
  return { call, text: clipText(text, MAX_RESULT_CHARS), isError: false };
}

async function answerCall(
  host: NodeHost,
  data: Conversation & { call: ModelCall; asked: ModelToolCall; number: number },
): Promise<Called> {
  const { step, asked, number } = data;
  const tool = data.offered.find(({ name }) => name === asked.name);
  const called =
    tool === undefined
      ? complainUnknown(asked)
      : await callTool(host, { step, call: asked, toolId: tool.toolId, number });
  step.toolCalls ??= [];
  step.toolCalls.push({
    name: clipText(asked.name, 64),
    toolId: tool?.toolId ?? null,
    arguments: clipValue(asked.input, MAX_KEPT_BYTES),
    result: clipText(called.text, MAX_KEPT_BYTES),
    isError: called.isError,
  });
  return called;
}

/** The tools that a model has asked for, in its order; `from` numbers the first. */
async function answerCalls(
  host: NodeHost,
  data: Conversation & { asked: readonly ModelToolCall[]; from: number },
): Promise<Called[]> {
  const { asked, from } = data;
  const called: Called[] = [];
  for (let start = 0; start < asked.length; start += MAX_AT_ONCE) {
    const some = asked.slice(start, start + MAX_AT_ONCE);
    const answers = some.map((one, index) =>
      answerCall(host, { ...data, asked: one, number: from + start + index }),
    );
    called.push(...(await Promise.all(answers)));
    host.signal.throwIfAborted();
  }
  return called;
}

/**
 * Talks to the model to its last answer. Throws TOOL_ROUND_LIMIT where it asks for tools once more
 * than it may, and what counting, the model or an unknown effect throws.
 */
export async function converse(host: NodeHost, data: Conversation): Promise<ConversationEnd> {
  const { step, call, maxToolRounds } = data;
  const rounds: ToolRound[] = [];
  let number = 0;
  for (;;) {
    const asked = await askModel(host, { call: { ...call, rounds: [...rounds] }, step, number });
    if (!asked.ok) return asked;
    const { answer } = asked;
    noteAnswer(step, answer);
    host.countUse(answer);
    const { text, toolCalls = [] } = answer;
    if (toolCalls.length === 0) return { ok: true, text };
    if (rounds.length === maxToolRounds) throw new AppError("TOOL_ROUND_LIMIT");
    const from = number + 1;
    number = from + toolCalls.length;
    rounds.push({ text, calls: await answerCalls(host, { ...data, asked: toolCalls, from }) });
  }
}
