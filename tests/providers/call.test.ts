// Which provider a call goes to, and what a missing one or its key gives.

import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import { createManualClock } from "../../src/lib/clock";
import { createModelCaller, type FoundProvider } from "../../src/providers/call";
import { startModelStub } from "../support/model-stub";
import { localOutbound, modelCall } from "../support/provider-calls";
import { rejection } from "../support/rejection";

const callerOf = (providers: Record<string, FoundProvider>) =>
  createModelCaller({
    outbound: localOutbound,
    clock: createManualClock(),
    wait: async () => {},
    random: () => 0,
    find: (id) => providers[id],
    findPrice: () => null,
  });

const callTo = (providerId: string) => modelCall({ providerId, prompt: "hello" });

const compatible = (fields: Partial<FoundProvider> = {}): FoundProvider => ({
  type: "openai-compatible",
  baseUrl: "http://127.0.0.1:1/v1",
  apiKey: () => null,
  script: null,
  ...fields,
});

test("a call goes to the provider of its id, with the key of that moment", async () => {
  const stub = await startModelStub();
  const keys = ["old", "new"];
  const { baseUrl } = stub;
  const caller = callerOf({ a: compatible({ baseUrl, apiKey: () => keys.shift() ?? null }) });
  expect(await caller.callModel(callTo("a"))).toMatchObject({ text: "echo:hello", model: "ok" });
  await caller.callModel(callTo("a"));
  expect(stub.calls.map(({ headers }) => headers["authorization"])).toEqual([
    "Bearer old",
    "Bearer new",
  ]);
  await stub.close();
});

test("echo answers without a row, and is the only pure provider", async () => {
  const caller = callerOf({ a: compatible(), e: compatible({ type: "echo", baseUrl: null }) });
  expect(await caller.callModel(callTo("echo"))).toMatchObject({ text: "hello", provider: "echo" });
  expect(["echo", "e", "a", "gone"].map((id) => caller.isPure(id))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("an aborted call rejects with the reason, echo included", async () => {
  const reason = new Error("stopped");
  const call = { ...callTo("echo"), signal: AbortSignal.abort(reason) };
  expect(await rejection(callerOf({}).callModel(call))).toBe(reason);
});

test("a provider that is gone gives PROVIDER_MISSING", async () => {
  expect(await rejection(callerOf({}).callModel(callTo("gone")))).toMatchObject({
    code: "PROVIDER_MISSING",
  });
});

test("a provider without a baseUrl is called at its type's own address", async () => {
  const called: string[] = [];
  const outbound = {
    fetch: async (input: string | URL) => {
      called.push(new URL(input).host);
      return new Response(null, { status: 401 });
    },
  };
  const find = (): FoundProvider => compatible({ type: "anthropic", baseUrl: null });
  const doors = { clock: createManualClock(), wait: async () => {}, random: () => 0 };
  const caller = createModelCaller({ ...doors, outbound, find, findPrice: () => null });
  expect(await rejection(caller.callModel(callTo("a")))).toMatchObject({ httpStatus: 401 });
  expect(called).toEqual(["api.anthropic.com"]);
});

test("a price is asked for when the answer is there, by its model's name before that in the call", async () => {
  const chunk = {
    model: "snapshot",
    choices: [{ index: 0, delta: { content: "hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 5, completion_tokens: 2 },
  };
  const body = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
  const order: unknown[] = [];
  const outbound = {
    async fetch() {
      order.push("called");
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  };
  const price = { id: "p", provider: "a", model: "m", validFrom: 0, maxInputTokens: null };
  const amounts = { input: 1_000_000, cachedInput: null, output: 3_000_000 };
  const caller = createModelCaller({
    clock: createManualClock(),
    wait: async () => {},
    random: () => 0,
    outbound,
    find: () => compatible(),
    findPrice(call) {
      order.push(call);
      return { ...price, ...amounts };
    },
  });
  const answer = await caller.callModel(modelCall({ providerId: "a", model: "asked" }));
  expect(answer.cost).toBe(0.000011);
  const type = "openai-compatible";
  expect(order).toEqual(["called", { providerId: "a", type, models: ["snapshot", "asked"] }]);
});

test.each<[code: string, what: string, error: Error]>([
  ["CREDENTIAL_UNREADABLE", "its own code", new AppError("CREDENTIAL_UNREADABLE")],
  ["CREDENTIAL_UNREADABLE", "that of secrets", new AppError("SECRET_UNREADABLE")],
  ["CREDENTIAL_UNREADABLE", "any other error", new Error("bad decrypt")],
  ["STORAGE_UNAVAILABLE", "a code of another matter", new AppError("STORAGE_UNAVAILABLE")],
])("a key that cannot be read gives %s for %s", async (code, _what, error) => {
  const apiKey = () => {
    throw error;
  };
  const call = callerOf({ a: compatible({ apiKey }) }).callModel(callTo("a"));
  expect(await rejection(call)).toMatchObject({ code });
});
