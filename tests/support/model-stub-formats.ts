// The wire formats that the model stub speaks: how a request is read, and the events of an answer.
// Which of them are sent, and how, is for `model-stub-answers.ts`.

import type { StubRequest } from "./model-stub-http";
import type { StubCall } from "./model-stub";

/** The names of the formats are those of the provider types. */
export type StubFormatName = "openai" | "anthropic" | "google" | "openai-compatible";

/** What a request asks for, whatever its format. */
export interface StubQuestion {
  model: string;
  system: string | null;
  /** The last user message. */
  prompt: string;
}

export interface StubFormat {
  /** The request's path behind the base URL. */
  path: RegExp;
  read(request: StubRequest): StubQuestion;
  /** What comes before the text, one piece of it, and what comes behind it. */
  start(call: StubCall): string[];
  piece(call: StubCall, text: string): string;
  end(call: StubCall): string[];
  /** The events of an answer that asks for the tool `look_up` twice, after a text. */
  tools(call: StubCall): string[];
  /** An event that tells of an error with that message. */
  error(message: string): string;
  /** The name of the request in the body, of call 1. */
  bodyId: string;
}

const readField = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

const toText = (value: unknown, missing = ""): string =>
  typeof value === "string" ? value : missing;

const toList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A text, or the joined texts of a list of parts. */
const joinParts = (content: unknown): string =>
  Array.isArray(content)
    ? content.map((part) => toText(readField(part, "text"))).join("")
    : toText(content);

/** The text of the last message of a role. */
function lastOf(messages: unknown, role: RegExp): string | null {
  const found = toList(messages).findLast((entry) => role.test(toText(readField(entry, "role"))));
  return found === undefined ? null : joinParts(readField(found, "content"));
}

const modelOf = (request: StubRequest): string => toText(request.body["model"], "ok");

/** What the stub answers: the prompt, so that no answer goes to another's question. */
export const answerText = (call: StubCall): string => `echo:${call.prompt}`;

/** Tokens are letters here: 2 of the prompt count as cached. */
const countsOf = (call: StubCall) => ({
  input: call.prompt.length,
  output: answerText(call).length,
  cached: Math.min(2, call.prompt.length),
});

/** What an answer that asks for tools says and asks. */
export const TOOL_TEXT = "let me see";
export const TOOL_CALLS = [
  { id: "call_1", input: { city: "Oslo" } },
  { id: "call_2", input: { city: "Rome", days: 2 } },
];

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

const namedEvent = (value: { type: string } & Record<string, unknown>): string =>
  `event: ${value.type}\n${event(value)}`;

function chunkOf(call: StubCall, fields: Record<string, unknown>): string {
  const id = `chatcmpl-${call.number}`;
  return event({ id, object: "chat.completion.chunk", created: 1, model: call.model, ...fields });
}

function chatUsage(call: StubCall): string[] {
  const options = JSON.stringify(call.body["stream_options"] ?? null);
  if (!options.includes('"include_usage":true')) return [];
  const { input, output, cached } = countsOf(call);
  const usage = {
    prompt_tokens: input,
    completion_tokens: output,
    prompt_tokens_details: { cached_tokens: cached },
  };
  return [chunkOf(call, { choices: [], usage })];
}

const chat: StubFormat = {
  path: /\/chat\/completions$/,
  read: (request) => ({
    model: modelOf(request),
    system: lastOf(request.body["messages"], /^system$/),
    prompt: lastOf(request.body["messages"], /^user$/) ?? "",
  }),
  start: (call) => [chunkOf(call, { choices: [{ index: 0, delta: { role: "assistant" } }] })],
  piece: (call, content) =>
    chunkOf(call, { choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  end: (call) => [
    chunkOf(call, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    ...chatUsage(call),
    "data: [DONE]\n\n",
  ],
  tools: (call) => [
    ...chat.start(call),
    chat.piece(call, TOOL_TEXT),
    ...TOOL_CALLS.map(({ id, input }, index) => {
      const own = { name: "look_up", arguments: JSON.stringify(input) };
      const delta = { tool_calls: [{ index, id, type: "function", function: own }] };
      return chunkOf(call, { choices: [{ index: 0, delta, finish_reason: null }] });
    }),
    chunkOf(call, { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] }),
    ...chatUsage(call),
    "data: [DONE]\n\n",
  ],
  error: (message) => event({ error: { message } }),
  bodyId: "chatcmpl-1",
};

function responseOf(call: StubCall, fields: Record<string, unknown>) {
  const id = `resp_${call.number}`;
  return { id, object: "response", created_at: 1, model: call.model, error: null, ...fields };
}

const MESSAGE = { type: "message", id: "msg_1", role: "assistant", content: [] };

/** OpenAI's Responses API. */
const responses: StubFormat = {
  path: /\/responses$/,
  read: (request) => ({
    model: modelOf(request),
    system: lastOf(request.body["input"], /^(?:system|developer)$/),
    prompt: lastOf(request.body["input"], /^user$/) ?? "",
  }),
  start: (call) => [
    namedEvent({
      type: "response.created",
      response: responseOf(call, { status: "in_progress" }),
    }),
    namedEvent({ type: "response.output_item.added", output_index: 0, item: MESSAGE }),
  ],
  piece: (_call, delta) =>
    namedEvent({
      type: "response.output_text.delta",
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta,
    }),
  end(call) {
    const { input, output, cached } = countsOf(call);
    const usage = {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
    };
    const response = responseOf(call, { status: "completed", usage });
    return [
      namedEvent({ type: "response.output_item.done", output_index: 0, item: MESSAGE }),
      namedEvent({ type: "response.completed", response }),
    ];
  },
  tools: (call) => [
    ...responses.start(call),
    responses.piece(call, TOOL_TEXT),
    ...TOOL_CALLS.flatMap(({ id, input }, index) => {
      const item = {
        type: "function_call",
        id: `fc_${id}`,
        call_id: id,
        name: "look_up",
        arguments: JSON.stringify(input),
        status: "completed",
      };
      const at = { output_index: index + 1 };
      return [
        namedEvent({ type: "response.output_item.added", ...at, item: { ...item, arguments: "" } }),
        namedEvent({ type: "response.output_item.done", ...at, item }),
      ];
    }),
    ...responses.end(call),
  ],
  error: (message) =>
    namedEvent({ type: "error", sequence_number: 9, code: "server_error", message, param: null }),
  bodyId: "resp_1",
};

/** Anthropic's Messages API. */
const messages: StubFormat = {
  path: /\/messages$/,
  read: (request) => ({
    model: modelOf(request),
    system: request.body["system"] === undefined ? null : joinParts(request.body["system"]),
    prompt: lastOf(request.body["messages"], /^user$/) ?? "",
  }),
  start(call) {
    const { input, cached } = countsOf(call);
    const usage = {
      input_tokens: input - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: 1,
    };
    const message = { id: `msg_${call.number}`, type: "message", role: "assistant", content: [] };
    return [
      namedEvent({
        type: "message_start",
        message: { ...message, model: call.model, stop_reason: null, stop_sequence: null, usage },
      }),
      namedEvent({
        type: "content_block_start",
        index: 0,
        content_block: { type: "text", text: "" },
      }),
      namedEvent({ type: "ping" }),
    ];
  },
  piece: (_call, text) =>
    namedEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
  end: (call) => [
    namedEvent({ type: "content_block_stop", index: 0 }),
    namedEvent({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: countsOf(call).output },
    }),
    namedEvent({ type: "message_stop" }),
  ],
  tools: (call) => [
    ...messages.start(call),
    messages.piece(call, TOOL_TEXT),
    namedEvent({ type: "content_block_stop", index: 0 }),
    ...TOOL_CALLS.flatMap(({ id, input }, at) => {
      const index = at + 1;
      const block = { type: "tool_use", id, name: "look_up", input: {} };
      const delta = { type: "input_json_delta", partial_json: JSON.stringify(input) };
      return [
        namedEvent({ type: "content_block_start", index, content_block: block }),
        namedEvent({ type: "content_block_delta", index, delta }),
        namedEvent({ type: "content_block_stop", index }),
      ];
    }),
    namedEvent({
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: { output_tokens: countsOf(call).output },
    }),
    namedEvent({ type: "message_stop" }),
  ],
  error: (message) => namedEvent({ type: "error", error: { type: "overloaded_error", message } }),
  bodyId: "msg_1",
};

/** With the line breaks that Google sends. */
const geminiChunk = (call: StubCall, fields: Record<string, unknown>): string =>
  event({ ...fields, modelVersion: call.model, responseId: `gem-${call.number}` }).replaceAll(
    "\n",
    "\r\n",
  );

/** Gemini's `streamGenerateContent`. */
const gemini: StubFormat = {
  path: /\/models\/[^/]+:streamGenerateContent$/,
  read: (request) => ({
    model: decodeURIComponent(/\/models\/([^/:]+):/.exec(request.path)?.[1] ?? "ok"),
    system:
      request.body["systemInstruction"] === undefined
        ? null
        : joinParts(readField(request.body["systemInstruction"], "parts")),
    prompt: joinParts(readField(toList(request.body["contents"]).at(-1), "parts")),
  }),
  start: () => [],
  piece: (call, text) =>
    geminiChunk(call, {
      candidates: [{ index: 0, content: { role: "model", parts: [{ text }] } }],
    }),
  end(call) {
    const { input, output, cached } = countsOf(call);
    const usageMetadata = {
      promptTokenCount: input,
      cachedContentTokenCount: cached,
      candidatesTokenCount: output,
      totalTokenCount: input + output,
    };
    const candidate = { index: 0, content: { role: "model", parts: [] }, finishReason: "STOP" };
    return [geminiChunk(call, { candidates: [candidate], usageMetadata })];
  },
  tools: (call) => [
    gemini.piece(call, TOOL_TEXT),
    ...TOOL_CALLS.map(({ input: args }) => {
      const parts = [{ functionCall: { name: "look_up", args } }];
      return geminiChunk(call, { candidates: [{ index: 0, content: { role: "model", parts } }] });
    }),
    ...gemini.end(call),
  ],
  error: (message) => event({ error: { code: 503, message, status: "UNAVAILABLE" } }),
  bodyId: "gem-1",
};

export const STUB_FORMATS: Record<StubFormatName, StubFormat> = {
  openai: responses,
  anthropic: messages,
  google: gemini,
  "openai-compatible": chat,
};

/** The format that a path belongs to; chat completions for any other. */
export const formatOf = (path: string): StubFormat =>
  Object.values(STUB_FORMATS).find((format) => format.path.test(path)) ?? chat;
