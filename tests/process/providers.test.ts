// Every provider type end to end through the binary: a delivery, a model call, its usage; and the
// test of a provider.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { LEAK } from "../support/model-stub-answers";
import { modelPipeline, openModelScene, PROVIDER_KEY } from "../support/process-models";
import {
  askData,
  deliverAccepted,
  makeAgent,
  makeProvider,
  readEnded,
} from "../support/server-calls";

guardProcesses();

const TYPES: [type: string, path: string, keyHeader: string, finishReason: string][] = [
  ["openai", "/v1/responses", "authorization", "stop"],
  ["anthropic", "/v1/messages", "x-api-key", "end_turn"],
  ["google", "/v1/models/some-model:streamGenerateContent", "x-goog-api-key", "STOP"],
  ["openai-compatible", "/v1/chat/completions", "authorization", "stop"],
];

describe("a delivery whose agent calls a model", () => {
  test.each(TYPES)("of %s completes with its usage", async (type, path, keyHeader, reason) => {
    await using scene = await openModelScene();
    const { server, stub } = scene;
    const { baseUrl } = stub;
    const providerId = await makeProvider(server, { type, baseUrl, apiKey: PROVIDER_KEY });
    const fields = { providerId, model: "some-model", userPromptTemplate: "Hi {{input.name}}" };
    const pipeline = modelPipeline({ ...fields, systemPrompt: "Be brief.", maxTokens: 77 });
    const { id: agentId } = await makeAgent(server, { pipeline });
    const executionId = await deliverAccepted(server, { agentId, body: { name: "Ada" } });
    const execution = await readEnded(server, { agentId, executionId });
    const usage = { inputTokens: 6, outputTokens: 11, cachedTokens: 2 };
    expect(execution).toMatchObject({ status: "completed", output: "echo:Hi Ada", usage });
    expect(execution.steps[1]).toMatchObject({
      nodeId: "llm",
      usage,
      logs: [],
      model: { provider: type, model: "some-model", finishReason: reason },
    });
    expect(stub.calls).toMatchObject([{ path, system: "Be brief.", prompt: "Hi Ada" }]);
    expect(stub.calls[0]?.headers[keyHeader]).toEndWith(PROVIDER_KEY);
    expect(stub.calls[0]?.headers["idempotency-key"]).toBe(`${executionId}/llm//0`);
    expect(server.stdout).not.toContain(PROVIDER_KEY);
  });

  test("that is busy at first completes, and its step tells of the first attempt", async () => {
    await using scene = await openModelScene({
      behaviour: ({ number }) => (number === 1 ? "status-503" : "ok"),
    });
    const { server, stub, provider } = scene;
    const fields = { providerId: provider, userPromptTemplate: "Hi", retries: 1 };
    const { id: agentId } = await makeAgent(server, { pipeline: modelPipeline(fields) });
    const executionId = await deliverAccepted(server, { agentId, body: {} });
    const execution = await readEnded(server, { agentId, executionId });
    expect(execution).toMatchObject({ status: "completed", output: "echo:Hi", attempt: 1 });
    expect(execution.steps[1].logs).toEqual([
      expect.stringMatching(/^Attempt 1 failed: PROVIDER_ERROR with status 503; .* \d+ ms\.$/),
    ]);
    const keys = stub.calls.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual([`${executionId}/llm//0`, `${executionId}/llm//0`]);
  });

  test("that stays busy fails with its status, once all attempts are made", async () => {
    await using scene = await openModelScene({ behaviour: () => "status-429:0" });
    const { server, stub, provider } = scene;
    const fields = { providerId: provider, userPromptTemplate: "Hi", retries: 1 };
    const { id: agentId } = await makeAgent(server, { pipeline: modelPipeline(fields) });
    const executionId = await deliverAccepted(server, { agentId, body: {} });
    const execution = await readEnded(server, { agentId, executionId });
    expect(execution).toMatchObject({ status: "failed", error: { code: "PROVIDER_ERROR" } });
    expect(execution.steps[1]).toMatchObject({ status: "failed", error: { status: 429 } });
    expect(execution.steps[1].logs).toHaveLength(1);
    expect(stub.calls).toHaveLength(2);
    expect(JSON.stringify(execution)).not.toContain(LEAK);
  });
});

test("the test of a provider says that it works, or what is wrong with it", async () => {
  await using scene = await openModelScene({
    behaviour: ({ model }) => (model === "gone" ? "status-404" : "ok"),
  });
  const { server, provider } = scene;
  const call = `POST /providers/${provider}/test`;
  expect(await askData(server, { call, body: { model: "some-model" } })).toMatchObject({
    ok: true,
    failure: null,
  });
  expect(await askData(server, { call, body: { model: "gone" } })).toMatchObject({
    ok: false,
    failure: { reason: "MODEL_UNKNOWN", status: 404 },
  });
});
