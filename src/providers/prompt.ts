// A model call in the terms of the AI SDK: messages, tools, and the form of the answer.

import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import type { Json } from "../lib/json-value";
import type { ModelCall, ModelToolCall, ToolRound } from "./model";

type Options = Pick<
  LanguageModelV4CallOptions,
  "prompt" | "tools" | "responseFormat" | "temperature" | "maxOutputTokens"
>;

/** JSON Schemas are checked where they are saved; the SDK only passes them on. */
const toSchema = (schema: Json): JSONSchema7 => schema as JSONSchema7;

const toToolCall = ({ id, name, input, meta }: ModelToolCall) => ({
  type: "tool-call" as const,
  toolCallId: id,
  toolName: name,
  input,
  ...(meta === undefined ? {} : { providerOptions: meta as SharedV4ProviderOptions }),
});

/** What the model asked for in one round, and what came of it. */
const toMessages = ({ text, calls }: ToolRound): LanguageModelV4Message[] => [
  {
    role: "assistant",
    content: [
      ...(text === "" ? [] : [{ type: "text" as const, text }]),
      ...calls.map(({ call }) => toToolCall(call)),
    ],
  },
  {
    role: "tool",
    content: calls.map(({ call, text: value, isError }) => ({
      type: "tool-result" as const,
      toolCallId: call.id,
      toolName: call.name,
      output: { type: isError ? ("error-text" as const) : ("text" as const), value },
    })),
  },
];

const toTool = ({ name, description, parameters }: NonNullable<ModelCall["tools"]>[number]) =>
  ({
    type: "function",
    name,
    description,
    inputSchema: toSchema(parameters),
  }) satisfies LanguageModelV4FunctionTool;

/** What of a call the SDK's model is given. */
export function toOptions(call: ModelCall): Options {
  const { tools = [], rounds = [], outputSchema } = call;
  return {
    prompt: [
      ...(call.system === null ? [] : [{ role: "system" as const, content: call.system }]),
      { role: "user", content: [{ type: "text", text: call.prompt }] },
      ...rounds.flatMap(toMessages),
    ],
    ...(call.temperature === null ? {} : { temperature: call.temperature }),
    maxOutputTokens: call.maxTokens,
    ...(tools.length === 0 ? {} : { tools: tools.map(toTool) }),
    ...(outputSchema === undefined
      ? {}
      : { responseFormat: { type: "json", name: "output", schema: toSchema(outputSchema) } }),
  };
}
