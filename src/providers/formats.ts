// The wire formats of the provider types that call out: one row each, with the SDK that speaks it.
// An SDK is loaded with its first call: each takes longer than the rest of the start.

import type { LanguageModelV4, SharedV4ProviderOptions } from "@ai-sdk/provider";
import { isRecord } from "../lib/json-value";
import type { ProviderType } from "../vocabulary";
import { DONE, type StreamEvent } from "./events";

/**
 * What one event says of its stream: `last` ends it, after `whole` it may end with the body,
 * `error` tells of a failure.
 */
export type EventMeaning = "content" | "whole" | "last" | "error";

/** What an SDK is made with; never left to its own defaults, which come from the environment. */
export interface ModelSettings {
  baseURL: string;
  apiKey: string;
  fetch: typeof globalThis.fetch;
  model: string;
}

export interface ProviderFormat {
  /** Where the API is unless the provider names another place; null where it has to. */
  baseUrl: string | null;
  /** Request header that carries the key. */
  keyHeader: string;
  /** Response header with the name that the provider's support asks for; null: only in the body. */
  requestIdHeader: string | null;
  /** Sent along with every call. */
  options?: SharedV4ProviderOptions;
  judge: (event: StreamEvent) => EventMeaning;
  /** Loads the SDK and names the model. */
  load: (settings: ModelSettings) => Promise<LanguageModelV4>;
}

export type CallableType = Exclude<ProviderType, "echo">;

/** Events whose `type` says what they are. */
const judgeByType =
  (meanings: Record<string, EventMeaning>) =>
  (event: StreamEvent): EventMeaning => {
    const type = event === DONE ? null : event["type"];
    return (typeof type === "string" ? meanings[type] : undefined) ?? "content";
  };

/** A chunk such as `{"error": …}`, whose shape differs from one server to the next. */
const tellsOfAnError = (event: StreamEvent): boolean =>
  event !== DONE && (event["error"] ?? null) !== null;

/** Gemini's streams have no event that ends them: a late chunk gives the reason of the end. */
function judgeGemini(event: StreamEvent): EventMeaning {
  if (tellsOfAnError(event)) return "error";
  const { candidates, promptFeedback } = event === DONE ? {} : event;
  const candidate: unknown = Array.isArray(candidates) ? candidates[0] : null;
  const finishes = isRecord(candidate) && typeof candidate["finishReason"] === "string";
  const blocks = isRecord(promptFeedback) && typeof promptFeedback["blockReason"] === "string";
  return finishes || blocks ? "whole" : "content";
}

function judgeChat(event: StreamEvent): EventMeaning {
  if (event === DONE) return "last";
  return tellsOfAnError(event) ? "error" : "content";
}

export const FORMATS: Record<CallableType, ProviderFormat> = {
  /** The Responses API. */
  openai: {
    baseUrl: "https://api.openai.com/v1",
    keyHeader: "authorization",
    requestIdHeader: "x-request-id",
    // What webhooks carry is not to be kept there for later calls, which nothing makes.
    options: { openai: { store: false } },
    judge: judgeByType({
      "response.completed": "last",
      "response.incomplete": "last",
      "response.failed": "error",
      error: "error",
    }),
    async load({ model, ...settings }) {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return createOpenAI(settings).responses(model);
    },
  },
  /** The Messages API. */
  anthropic: {
    baseUrl: "https://api.anthropic.com/v1",
    keyHeader: "x-api-key",
    requestIdHeader: "request-id",
    judge: judgeByType({ message_stop: "last", error: "error" }),
    async load({ model, ...settings }) {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      return createAnthropic(settings).messages(model);
    },
  },
  /** Gemini's `streamGenerateContent`. */
  google: {
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyHeader: "x-goog-api-key",
    requestIdHeader: null,
    judge: judgeGemini,
    async load({ model, ...settings }) {
      const { createGoogle } = await import("@ai-sdk/google");
      return createGoogle(settings).chat(model);
    },
  },
  /** Chat completions, as Ollama, vLLM, LM Studio, OpenRouter and others speak them. */
  "openai-compatible": {
    baseUrl: null,
    keyHeader: "authorization",
    requestIdHeader: "x-request-id",
    judge: judgeChat,
    async load({ model, ...settings }) {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      const provider = createOpenAICompatible({
        ...settings,
        name: "openai-compatible",
        includeUsage: true,
        supportsStructuredOutputs: true,
      });
      return provider.chatModel(model);
    },
  },
};
