// One model call against the stub: the answer, and the error of each fault.

import { afterEach, describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import type { ErrorCode } from "../../src/errors";
import { createOutbound } from "../../src/lib/outbound";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { ProviderError, type ModelAnswer, type ModelCall } from "../../src/providers/model";
import { callOpenAiCompatible } from "../../src/providers/openai-compatible";
import { startModelStub, type ModelStub } from "../support/model-stub";
import { LEAK } from "../support/model-stub-answers";
import { rejection } from "../support/rejection";

const outbound = createOutbound({ allowPrivate: parseAllowPrivate("127.0.0.1:*") });
const KEY = "sk-key-that-must-not-leak";
const PROMPT = "Grüße, 世界 👋🏽: prompt-that-must-not-leak";
const LIMITS = { firstByteMs: 5000, idleMs: 5000 };

const stubs: ModelStub[] = [];
afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function startStub(behaviour?: string): Promise<ModelStub> {
  const stub = await startModelStub(behaviour === undefined ? {} : { behaviour: () => behaviour });
  stubs.push(stub);
  return stub;
}

const modelCall = (fields: Partial<ModelCall> = {}): ModelCall => ({
  providerId: "prv_1",
  model: "ok",
  system: null,
  prompt: PROMPT,
  temperature: 0.5,
  maxTokens: 100,
  timeoutMs: 5000,
  signal: new AbortController().signal,
  ...fields,
});

function ask(
  stub: ModelStub,
  data: { call?: Partial<ModelCall>; limits?: Partial<typeof LIMITS>; apiKey?: string | null } = {},
): Promise<ModelAnswer> {
  const { baseUrl } = stub;
  return callOpenAiCompatible(
    { outbound, limits: { ...LIMITS, ...data.limits } },
    { baseUrl, apiKey: data.apiKey === undefined ? KEY : data.apiKey, call: modelCall(data.call) },
  );
}

/** The error of a call that must fail, as what of it may be stored. */
async function failureOf(answer: Promise<unknown>) {
  const error = await answer.then(
    () => new Error("it answered"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderError)) throw error;
  const { code, httpStatus, partialText, message } = error;
  const shown = [message, error.stack, String(error.cause), JSON.stringify(error.cause)].join("\n");
  for (const secret of [LEAK, KEY, PROMPT]) expect(shown).not.toContain(secret);
  return { code, httpStatus, partialText };
}

describe("a good stream", () => {
  test("gives text, finish reason, usage with cached tokens, request id and model", async () => {
    const stub = await startStub();
    expect(await ask(stub)).toEqual({
      text: `echo:${PROMPT}`,
      finishReason: "stop",
      usage: {
        inputTokens: PROMPT.length,
        outputTokens: PROMPT.length + 5,
        cachedTokens: 2,
      },
      cost: null,
      requestId: "chatcmpl-1",
      provider: "openai-compatible",
      model: "ok",
    });
    await stub.until(() => stub.open() === 0);
  });

  test("was asked for with the node's settings, the key and the idempotency key", async () => {
    const stub = await startStub();
    await ask(stub, { call: { system: "Be brief.", idempotencyKey: "exe_1/n//0" } });
    const [call] = stub.calls;
    expect(call?.path).toBe("/v1/chat/completions");
    expect(call?.body).toEqual({
      model: "ok",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: PROMPT },
      ],
      temperature: 0.5,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(call?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      "idempotency-key": "exe_1/n//0",
      "content-type": "application/json",
    });
  });

  test("is asked for without a key where there is none", async () => {
    const stub = await startStub();
    await ask(stub, { apiKey: null });
    expect(stub.calls[0]?.headers).not.toHaveProperty("authorization");
    expect(stub.calls[0]?.headers).not.toHaveProperty("idempotency-key");
  });

  test("dribbled in pieces of 1 to 3 bytes gives the exact text", async () => {
    const stub = await startStub("dribble");
    const prompt = `é€😀👨‍👩‍👧‍👦\u2028\n\r\t"\\${"data: [DONE]\n\ndata: x".repeat(9)}`;
    expect((await ask(stub, { call: { prompt } })).text).toBe(`echo:${prompt}`);
  });

  test("ends with its terminal event, though the connection stays open", async () => {
    const stub = await startStub("linger");
    expect((await ask(stub)).text).toBe(`echo:${PROMPT}`);
    await stub.until(() => stub.open() === 0);
  }, 1000);

  test("that is late but within the limits is waited for", async () => {
    const stub = await startStub("slow-50");
    expect((await ask(stub)).finishReason).toBe("stop");
  });

  test("leaves nothing behind on the caller's signal", async () => {
    const { signal } = new AbortController();
    await ask(await startStub(), { call: { signal } });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("comes from a baseUrl with a trailing slash too", async () => {
    const stub = await startStub();
    const data = { baseUrl: `${stub.baseUrl}/`, apiKey: null, call: modelCall() };
    await callOpenAiCompatible({ outbound }, data);
    expect(stub.calls[0]?.path).toBe("/v1/chat/completions");
  });
});

/** The stub cuts the text into four pieces by letters, and breaks off after two. */
const LETTERS = Array.from(`echo:${PROMPT}`);
const HALF = LETTERS.slice(0, 2 * Math.ceil(LETTERS.length / 4)).join("");

describe("a peer that fails gives a typed error, once, without its text, the prompt or the key:", () => {
  type Rest = { httpStatus?: number; partialText?: string };
  test.each<[behaviour: string, code: ErrorCode, rest: Rest]>([
    ["cut", "PROVIDER_STREAM_CUT", { partialText: HALF }],
    ["cut-clean", "PROVIDER_STREAM_CUT", { partialText: HALF }],
    ["reset-late", "PROVIDER_STREAM_CUT", { partialText: HALF }],
    ["reset", "PROVIDER_UNREACHABLE", {}],
    ["status-500", "PROVIDER_ERROR", { httpStatus: 500 }],
    ["status-429", "PROVIDER_ERROR", { httpStatus: 429 }],
    ["status-401", "PROVIDER_ERROR", { httpStatus: 401 }],
    ["status-404", "PROVIDER_ERROR", { httpStatus: 404 }],
    ["redirect:http://127.0.0.1:1/", "PROVIDER_ERROR", { httpStatus: 302 }],
    ["redirect-307:/v1/chat/completions", "PROVIDER_ERROR", { httpStatus: 307 }],
    ["html", "PROVIDER_RESPONSE_INVALID", {}],
    ["json", "PROVIDER_RESPONSE_INVALID", {}],
    ["empty", "PROVIDER_RESPONSE_INVALID", {}],
    ["status-204", "PROVIDER_RESPONSE_INVALID", {}],
    ["garbage", "PROVIDER_RESPONSE_INVALID", {}],
    ["wrong-shape", "PROVIDER_RESPONSE_INVALID", {}],
    ["bad-utf8", "PROVIDER_RESPONSE_INVALID", {}],
    ["gzip", "PROVIDER_RESPONSE_INVALID", {}],
    ["error-event", "PROVIDER_ERROR", { partialText: `echo:${PROMPT}` }],
    ["error-text", "PROVIDER_ERROR", {}],
  ])("%s: %s", async (behaviour, code, rest) => {
    const stub = await startStub(behaviour);
    expect(await failureOf(ask(stub))).toEqual({
      code,
      httpStatus: undefined,
      partialText: "",
      ...rest,
    });
    expect(stub.calls).toHaveLength(1);
    await stub.until(() => stub.open() === 0);
  });

  test("one that does not listen: PROVIDER_UNREACHABLE", async () => {
    const stub = await startModelStub();
    await stub.close();
    expect(await failureOf(ask(stub))).toMatchObject({ code: "PROVIDER_UNREACHABLE" });
  });

  test("one whose answer never ends: RESPONSE_TOO_LARGE, with what had arrived", async () => {
    const stub = await startStub("flood");
    const small = createOutbound({
      allowPrivate: parseAllowPrivate("127.0.0.1:*"),
      maxResponseBytes: 200_000,
    });
    const data = { baseUrl: stub.baseUrl, apiKey: KEY, call: modelCall() };
    const failure = await failureOf(callOpenAiCompatible({ outbound: small }, data));
    expect(failure.code).toBe("RESPONSE_TOO_LARGE");
    expect(failure.partialText).toStartWith("xxx");
    expect(failure.partialText.length).toBeLessThan(200_000);
    await stub.until(() => stub.open() === 0);
  });
});

describe("a silent peer ends in PROVIDER_TIMEOUT and a closed socket", () => {
  test.each<[what: string, behaviour: string, data: Parameters<typeof ask>[1], partial: string]>([
    ["timeoutMs before an answer", "silent", { call: { timeoutMs: 60 } }, ""],
    ["the first byte's limit", "silent", { limits: { firstByteMs: 60 } }, ""],
    ["the limit between bytes", "stall", { limits: { idleMs: 60 } }, HALF],
    ["timeoutMs within the answer", "stall", { call: { timeoutMs: 200 } }, HALF],
  ])(
    "after %s",
    async (_what, behaviour, data, partialText) => {
      const stub = await startStub(behaviour);
      expect(await failureOf(ask(stub, data))).toEqual({
        code: "PROVIDER_TIMEOUT",
        httpStatus: undefined,
        partialText,
      });
      await stub.until(() => stub.open() === 0);
    },
    1500,
  );

  test("although bytes keep coming, once timeoutMs is over", async () => {
    const stub = await startStub("dribble");
    const call = { prompt: "x".repeat(100_000), timeoutMs: 100 };
    expect(await failureOf(ask(stub, { call }))).toMatchObject({ code: "PROVIDER_TIMEOUT" });
  }, 1500);
});

describe("an abort of the caller", () => {
  const reason = new Error("cancelled by the user");

  test.each(["hold", "stall"])(
    "rejects with its reason and closes the socket: %s",
    async (behaviour) => {
      const stub = await startStub(behaviour);
      const controller = new AbortController();
      const answer = ask(stub, { call: { signal: controller.signal } });
      await stub.until(() => stub.open() === 1);
      controller.abort(reason);
      expect(await rejection(answer)).toBe(reason);
      await stub.until(() => stub.open() === 0);
    },
    1000,
  );

  test("before the call sends nothing", async () => {
    const stub = await startStub();
    expect(await rejection(ask(stub, { call: { signal: AbortSignal.abort(reason) } }))).toBe(
      reason,
    );
    expect(stub.connections()).toBe(0);
  });
});

describe("a call that may not be made is refused before anything is sent:", () => {
  const refused = (baseUrl: string, apiKey: string | null = null) =>
    callOpenAiCompatible(
      { outbound: createOutbound({ allowPrivate: [] }) },
      { baseUrl, apiKey, call: modelCall() },
    );

  test("a private address as ADDRESS_FORBIDDEN, naming the setting", async () => {
    const stub = await startStub();
    expect(await rejection(refused(stub.baseUrl))).toMatchObject({
      code: "ADDRESS_FORBIDDEN",
      message: expect.stringContaining(`HOOKLINE_ALLOW_PRIVATE=127.0.0.1:${stub.port}`),
    });
    expect(stub.connections()).toBe(0);
  });

  test.each(["file:///etc/passwd", "http://user:word@127.0.0.1/v1", "nonsense"])(
    "%s as URL_INVALID",
    async (baseUrl) => {
      expect(await rejection(refused(baseUrl))).toMatchObject({ code: "URL_INVALID" });
    },
  );

  test("a key that no header can carry as CREDENTIAL_UNREADABLE", async () => {
    expect(await rejection(refused("http://127.0.0.1/v1", "sk\r\nx: y"))).toMatchObject({
      code: "CREDENTIAL_UNREADABLE",
    });
  });
});

test("many calls at once each get the answer to their own prompt", async () => {
  const stub = await startStub("hold");
  const answers = Array.from({ length: 50 }, (_, n) => ask(stub, { call: { prompt: `p${n}` } }));
  await stub.until(() => stub.open() === 50);
  stub.stopHolding();
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(
    Array.from({ length: 50 }, (_, n) => `echo:p${n}`),
  );
  expect(stub.peak()).toBe(50);
});
