// Model servers that misbehave, in each wire format: a typed error after one attempt, never an
// answer, with what had arrived of the text and nothing else of the peer.

import { afterEach, describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../src/errors";
import { attemptCall } from "../../src/providers/attempt";
import { startModelStub, type ModelStub } from "../support/model-stub";
import { STUB_FORMATS, type StubFormatName } from "../support/model-stub-formats";
import {
  askStub,
  CALL_KEY,
  CALL_PROMPT,
  failureOf,
  modelCall,
  type AskOptions,
} from "../support/provider-calls";

const stubs: ModelStub[] = [];
afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function startStub(behaviour?: string): Promise<ModelStub> {
  const stub = await startModelStub(behaviour === undefined ? {} : { behaviour: () => behaviour });
  stubs.push(stub);
  return stub;
}

/** The stub cuts the text into four pieces by letters, and breaks off after two. */
const WHOLE = `echo:${CALL_PROMPT}`;
const LETTERS = Array.from(WHOLE);
const HALF = LETTERS.slice(0, 2 * Math.ceil(LETTERS.length / 4)).join("");

type Rest = { httpStatus?: number; partialText?: string };

const FAULTS: [behaviour: string, code: ErrorCode, rest: Rest][] = [
  ["cut", "PROVIDER_STREAM_CUT", { partialText: HALF }],
  ["cut-clean", "PROVIDER_STREAM_CUT", { partialText: HALF }],
  ["reset-late", "PROVIDER_STREAM_CUT", { partialText: HALF }],
  ["no-end", "PROVIDER_STREAM_CUT", { partialText: WHOLE }],
  ["no-end-close", "PROVIDER_STREAM_CUT", { partialText: WHOLE }],
  ["reset", "PROVIDER_UNREACHABLE", {}],
  ["reset-head", "PROVIDER_UNREACHABLE", {}],
  ["hang-up", "PROVIDER_UNREACHABLE", {}],
  ["status-500", "PROVIDER_ERROR", { httpStatus: 500 }],
  ["status-429", "PROVIDER_ERROR", { httpStatus: 429 }],
  ["status-400", "PROVIDER_ERROR", { httpStatus: 400 }],
  ["status-401", "PROVIDER_ERROR", { httpStatus: 401 }],
  ["status-404", "PROVIDER_ERROR", { httpStatus: 404 }],
  ["status-422", "PROVIDER_ERROR", { httpStatus: 422 }],
  ["redirect:http://127.0.0.1:1/", "PROVIDER_ERROR", { httpStatus: 302 }],
  ["redirect-307:/v1/chat/completions", "PROVIDER_ERROR", { httpStatus: 307 }],
  ["html", "PROVIDER_RESPONSE_INVALID", {}],
  ["json", "PROVIDER_RESPONSE_INVALID", {}],
  ["text-plain", "PROVIDER_RESPONSE_INVALID", {}],
  ["empty", "PROVIDER_RESPONSE_INVALID", {}],
  ["status-204", "PROVIDER_RESPONSE_INVALID", {}],
  ["garbage", "PROVIDER_RESPONSE_INVALID", {}],
  ["garbage-late", "PROVIDER_RESPONSE_INVALID", { partialText: HALF }],
  ["half-json", "PROVIDER_RESPONSE_INVALID", {}],
  ["deep-json", "PROVIDER_RESPONSE_INVALID", {}],
  ["bad-utf8", "PROVIDER_RESPONSE_INVALID", {}],
  ["gzip", "PROVIDER_RESPONSE_INVALID", {}],
  ["bomb", "PROVIDER_RESPONSE_INVALID", {}],
  ["no-http", "PROVIDER_RESPONSE_INVALID", {}],
  ["flood-headers", "PROVIDER_RESPONSE_INVALID", {}],
  ["flood-line", "RESPONSE_TOO_LARGE", {}],
  ["flood-events", "RESPONSE_TOO_LARGE", {}],
  ["error-event", "PROVIDER_ERROR", { partialText: WHOLE }],
  ["error-first", "PROVIDER_ERROR", {}],
];

const TYPES: { type: StubFormatName }[] = [
  { type: "openai" },
  { type: "anthropic" },
  { type: "google" },
  { type: "openai-compatible" },
];

describe.each(TYPES)("a server of $type that fails", ({ type }) => {
  test.each(FAULTS)("%s: %s", async (behaviour, code, rest) => {
    const stub = await startStub(behaviour);
    expect(await failureOf(askStub(stub, { type }))).toEqual({
      code,
      httpStatus: undefined,
      partialText: "",
      ...rest,
    });
    expect(stub.calls).toHaveLength(1);
    await stub.until(() => stub.open() === 0);
  });

  test("does not listen: PROVIDER_UNREACHABLE", async () => {
    const stub = await startModelStub();
    await stub.close();
    expect(await failureOf(askStub(stub, { type }))).toMatchObject({
      code: "PROVIDER_UNREACHABLE",
    });
  });

  test("never ends its text: RESPONSE_TOO_LARGE, with what had arrived", async () => {
    const stub = await startStub("flood");
    const failure = await failureOf(askStub(stub, { type }));
    expect(failure.code).toBe("RESPONSE_TOO_LARGE");
    expect(failure.partialText).toStartWith("xxx");
    // 1 Mi characters, and the piece that went beyond.
    expect(failure.partialText.length).toBeWithin(1_048_577, 1_048_576 + 60_001);
    await stub.until(() => stub.open() === 0);
  });

  const SILENT: [what: string, behaviour: string, data: AskOptions, partial: string][] = [
    ["before an answer, past timeoutMs", "silent", { call: { timeoutMs: 60 } }, ""],
    [
      "before an answer, past the first byte's limit",
      "silent",
      { limits: { firstByteMs: 60 } },
      "",
    ],
    ["behind the head, past the first byte's limit", "head", { limits: { firstByteMs: 60 } }, ""],
    ["between two bytes, past their limit", "stall", { limits: { idleMs: 60 } }, HALF],
    ["within the answer, past timeoutMs", "stall", { call: { timeoutMs: 200 } }, HALF],
    ["but for announcements of an answer", "flood-1xx", { limits: { firstByteMs: 100 } }, ""],
  ];
  test.each(SILENT)(
    "says nothing %s: PROVIDER_TIMEOUT",
    async (_what, behaviour, data, partialText) => {
      const stub = await startStub(behaviour);
      expect(await failureOf(askStub(stub, { type, ...data }))).toEqual({
        code: "PROVIDER_TIMEOUT",
        httpStatus: undefined,
        partialText,
      });
      await stub.until(() => stub.open() === 0);
    },
    2000,
  );

  test("dribbles past timeoutMs: PROVIDER_TIMEOUT", async () => {
    const stub = await startStub("dribble");
    const call = { prompt: "x".repeat(100_000), timeoutMs: 100 };
    expect(await failureOf(askStub(stub, { type, call }))).toMatchObject({
      code: "PROVIDER_TIMEOUT",
    });
  }, 2000);
});

/** Events that are JSON of another shape, by the format whose reader takes offence at them. */
const SHAPES: [type: StubFormatName, event: string][] = [
  ["openai", `{"type":"response.output_text.delta","delta":7}`],
  ["anthropic", `{"type":"content_block_delta","index":0,"delta":7}`],
  ["google", `{"candidates":7}`],
  ["openai-compatible", `{"choices":7}`],
  // The end of the stream without the reason for it.
  ["openai-compatible", "[DONE]"],
];
describe("an event of another shape is PROVIDER_RESPONSE_INVALID:", () => {
  test.each(SHAPES)("%s, %s, in a body that is there at once", async (type, event) => {
    const headers = { "content-type": "text/event-stream" };
    const outbound = { fetch: async () => new Response(`data: ${event}\n\n`, { headers }) };
    const data = { type, baseUrl: "https://x.test/v1", apiKey: CALL_KEY, call: modelCall() };
    expect(await failureOf(attemptCall({ outbound }, data))).toMatchObject({
      code: "PROVIDER_RESPONSE_INVALID",
    });
  });

  test.each(SHAPES)("%s, %s", async (type, event) => {
    const stub = await startStub(`events:${event}`);
    expect(await failureOf(askStub(stub, { type }))).toMatchObject({
      code: "PROVIDER_RESPONSE_INVALID",
    });
  });
});

/** What the providers say of a failure within a stream that began well. */
const TOLD: [type: StubFormatName, event: string][] = [
  [
    "openai",
    `{"type":"response.failed","response":{"error":{"code":"server_error","message":""}}}`,
  ],
  ["openai-compatible", `{"error":"a text"}`],
  ["google", `{"error":{"code":429,"message":"","status":"RESOURCE_EXHAUSTED"}}`],
];
describe("an event that tells of a failure is PROVIDER_ERROR:", () => {
  test.each(TOLD)("%s, %s", async (type, event) => {
    const stub = await startStub(`events:${event}`);
    expect(await failureOf(askStub(stub, { type }))).toMatchObject({ code: "PROVIDER_ERROR" });
  });
});

test("a prompt that Gemini blocks is an answer without text, for that reason", async () => {
  const stub = await startStub(`events:{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`);
  expect(await askStub(stub, { type: "google" })).toMatchObject({
    text: "",
    finishReason: "PROHIBITED_CONTENT",
  });
});

test("an answer of the Responses API that is cut by maxTokens is one, for that reason", async () => {
  const details = `"incomplete_details":{"reason":"max_output_tokens"}`;
  const usage = `"usage":{"input_tokens":1,"output_tokens":2}`;
  const event = `{"type":"response.incomplete","response":{${details},${usage}}}`;
  const stub = await startStub(`events:${event}`);
  expect(await askStub(stub, { type: "openai" })).toMatchObject({
    finishReason: "max_output_tokens",
    usage: { inputTokens: 1, outputTokens: 2, cachedTokens: 0 },
  });
});

test("the table has every format", () => {
  expect(TYPES.map(({ type }) => type).toSorted()).toEqual(
    Object.keys(STUB_FORMATS)
      .toSorted()
      .map((name) => name as StubFormatName),
  );
});
