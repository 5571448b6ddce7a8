// One attempt of a model call in each wire format, against a stub: what is sent, and the answer.

import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { getEventListeners } from "node:events";
import { attemptCall } from "../../src/providers/attempt";
import { startModelStub, type ModelStub } from "../support/model-stub";
import type { StubFormatName } from "../support/model-stub-formats";
import {
  askStub,
  CALL_KEY,
  CALL_PROMPT,
  localOutbound,
  modelCall,
} from "../support/provider-calls";
import { rejection } from "../support/rejection";

const stubs: ModelStub[] = [];
afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function startStub(behaviour?: string): Promise<ModelStub> {
  const stub = await startModelStub(behaviour === undefined ? {} : { behaviour: () => behaviour });
  stubs.push(stub);
  return stub;
}

interface Sent {
  type: StubFormatName;
  path: string;
  query: string;
  /** Header of the key, and what it holds. */
  key: [header: string, value: string];
  body: Record<string, unknown>;
  finishReason: string;
  requestId: string;
}

const SYSTEM = "Be brief.";

const SENT: Sent[] = [
  {
    type: "openai",
    path: "/v1/responses",
    query: "",
    key: ["authorization", `Bearer ${CALL_KEY}`],
    body: {
      model: "ok",
      input: [
        { role: "system", content: SYSTEM },
        { role: "user", content: [{ type: "input_text", text: CALL_PROMPT }] },
      ],
      temperature: 0.5,
      max_output_tokens: 100,
      store: false,
      stream: true,
    },
    finishReason: "stop",
    requestId: "req-1",
  },
  {
    type: "anthropic",
    path: "/v1/messages",
    query: "",
    key: ["x-api-key", CALL_KEY],
    body: {
      model: "ok",
      system: [{ type: "text", text: SYSTEM }],
      messages: [{ role: "user", content: [{ type: "text", text: CALL_PROMPT }] }],
      temperature: 0.5,
      max_tokens: 100,
      stream: true,
    },
    finishReason: "end_turn",
    requestId: "req-1",
  },
  {
    type: "google",
    path: "/v1/models/ok:streamGenerateContent",
    query: "alt=sse",
    key: ["x-goog-api-key", CALL_KEY],
    body: {
      systemInstruction: { parts: [{ text: SYSTEM }] },
      contents: [{ role: "user", parts: [{ text: CALL_PROMPT }] }],
      generationConfig: { temperature: 0.5, maxOutputTokens: 100 },
    },
    finishReason: "STOP",
    requestId: "gem-1",
  },
  {
    type: "openai-compatible",
    path: "/v1/chat/completions",
    query: "",
    key: ["authorization", `Bearer ${CALL_KEY}`],
    body: {
      model: "ok",
      messages: [
        { role: "system", content: SYSTEM },
        { role: "user", content: CALL_PROMPT },
      ],
      temperature: 0.5,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    },
    finishReason: "stop",
    requestId: "req-1",
  },
];

describe.each(SENT)("a good stream of $type", (format) => {
  const { type } = format;

  test("gives text, finish reason, usage with cached tokens, request id and model", async () => {
    const stub = await startStub();
    expect(await askStub(stub, { type })).toEqual({
      text: `echo:${CALL_PROMPT}`,
      finishReason: format.finishReason,
      usage: {
        inputTokens: CALL_PROMPT.length,
        outputTokens: CALL_PROMPT.length + 5,
        cachedTokens: 2,
      },
      cost: null,
      requestId: format.requestId,
      provider: type,
      model: "ok",
    });
    await stub.until(() => stub.open() === 0);
  });

  test("was asked for with the node's settings, the key and the idempotency key", async () => {
    const stub = await startStub();
    await askStub(stub, { type, call: { system: SYSTEM, idempotencyKey: "exec_1/n//0" } });
    const [call] = stub.calls;
    const { path, query, body } = format;
    expect(call).toMatchObject({ path, query });
    expect(call?.body).toEqual(body);
    expect(call?.headers).toMatchObject({
      [format.key[0]]: format.key[1],
      "idempotency-key": "exec_1/n//0",
      "content-type": "application/json",
    });
  });

  test("is asked for without key, idempotency key and temperature where there are none", async () => {
    const stub = await startStub();
    await askStub(stub, { type, apiKey: null, call: { temperature: null } });
    const [call] = stub.calls;
    expect(call?.headers).not.toHaveProperty(format.key[0]);
    expect(call?.headers).not.toHaveProperty("idempotency-key");
    expect(JSON.stringify(call?.body)).not.toContain("temperature");
  });

  test("dribbled in pieces of 1 to 3 bytes gives the exact text", async () => {
    const stub = await startStub("dribble");
    const ends = ["data: [DONE]", "event: message_stop", '{"type":"response.completed"}'];
    const prompt = `é€😀👨‍👩‍👧‍👦\u2028\n\r\t"\\${ends.join("\n\n").repeat(9)}"finishReason":"STOP"`;
    expect((await askStub(stub, { type, call: { prompt } })).text).toBe(`echo:${prompt}`);
  });

  test("leaves nothing behind on the caller's signal", async () => {
    const { signal } = new AbortController();
    await askStub(await startStub(), { type, call: { signal } });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("comes from a baseUrl with a trailing slash too", async () => {
    const stub = await startStub();
    const data = { type, baseUrl: `${stub.baseUrl}/`, apiKey: null, call: modelCall() };
    await attemptCall({ outbound: localOutbound }, data);
    expect(stub.calls[0]?.path).toBe(format.path);
  });

  describe("is broken off by the caller's abort", () => {
    const reason = new Error("cancelled by the user");

    test.each(["hold", "stall"])(
      "with its reason, and the socket closed: %s",
      async (behaviour) => {
        const stub = await startStub(behaviour);
        const controller = new AbortController();
        const answer = askStub(stub, { type, call: { signal: controller.signal } });
        await stub.until(() => stub.open() === 1);
        controller.abort(reason);
        expect(await rejection(answer)).toBe(reason);
        await stub.until(() => stub.open() === 0);
      },
      1000,
    );

    test("before anything is sent", async () => {
      const stub = await startStub();
      const call = { signal: AbortSignal.abort(reason) };
      expect(await rejection(askStub(stub, { type, call }))).toBe(reason);
      expect(stub.connections()).toBe(0);
    });
  });
});

test.each<StubFormatName>(["openai", "anthropic", "openai-compatible"])(
  "a stream of %s ends with its terminal event, though the connection stays open",
  async (type) => {
    const stub = await startStub("linger");
    expect((await askStub(stub, { type })).text).toBe(`echo:${CALL_PROMPT}`);
    await stub.until(() => stub.open() === 0);
  },
  1000,
);

test("an answer that is late but within the limits is waited for", async () => {
  const stub = await startStub("slow-50");
  expect((await askStub(stub)).finishReason).toBe("stop");
});

test("what an SDK warns of is not printed", async () => {
  const printers = [spyOn(console, "warn"), spyOn(console, "log"), spyOn(console, "error")];
  const stub = await startStub();
  await askStub(stub, { type: "anthropic", call: { temperature: 2 } });
  expect(stub.calls[0]?.body["temperature"]).toBe(1);
  for (const printer of printers) {
    expect(printer).not.toHaveBeenCalled();
    printer.mockRestore();
  }
});

test("keys and addresses of the environment are not used", async () => {
  const names = ["OPENAI", "ANTHROPIC", "GOOGLE_GENERATIVE_AI"];
  const stub = await startStub();
  for (const name of names) {
    process.env[`${name}_API_KEY`] = "key-of-the-environment";
    process.env[`${name}_BASE_URL`] = "http://127.0.0.1:1/v1";
  }
  for (const { type } of SENT) await askStub(stub, { type, apiKey: null });
  expect(stub.calls).toHaveLength(SENT.length);
  expect(JSON.stringify(stub.calls)).not.toContain("key-of-the-environment");
  for (const name of names) {
    delete process.env[`${name}_API_KEY`];
    delete process.env[`${name}_BASE_URL`];
  }
});

test("many calls at once each get the answer to their own prompt", async () => {
  const stub = await startStub("hold");
  const answers = Array.from({ length: 50 }, (_, n) =>
    askStub(stub, { type: SENT[n % SENT.length]?.type ?? "openai", call: { prompt: `p${n}` } }),
  );
  await stub.until(() => stub.open() === 50);
  stub.stopHolding();
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(
    Array.from({ length: 50 }, (_, n) => `echo:p${n}`),
  );
  expect(stub.peak()).toBe(50);
});
