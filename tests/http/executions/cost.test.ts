// What executions cost: whole runs against a model stub, whose tokens are letters.

import { afterEach, describe, expect, test } from "bun:test";
import { createManualClock } from "../../../src/lib/clock";
import { pipelineOf } from "../../support/agents";
import { createTestApp, restart, type TestApp, type TestOptions } from "../../support/app";
import { startModelStub, type ModelStub } from "../../support/model-stub";
import type { StubFormatName } from "../../support/model-stub-formats";
import { localOutbound } from "../../support/provider-calls";

const stubs: ModelStub[] = [];
afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

interface Scene {
  app: TestApp;
  providerId: string;
}

async function createScene(
  data: { type?: StubFormatName; behaviour?: string } & Pick<TestOptions, "config"> = {},
): Promise<Scene> {
  const { type = "openai", behaviour = "ok", config = {} } = data;
  const stub = await startModelStub({ behaviour: () => behaviour });
  stubs.push(stub);
  const clock = createManualClock(Date.parse("2027-03-01T15:00:00Z"));
  const app = await createTestApp({ clock, config, outbound: localOutbound });
  const body = { type, name: "p", baseUrl: stub.baseUrl, apiKey: "sk-of-the-tests" };
  return { app, providerId: (await app.api("POST /providers", body)).data.id };
}

const node = (id: string, data: Record<string, unknown>) => ({
  id,
  type: "llm_call",
  data: { userPromptTemplate: "{{input}}", retries: 0, ...data },
});

/** One model call after another, and their last answer. */
function chainOf(...calls: Record<string, unknown>[]) {
  const { nodes } = pipelineOf();
  const [input, , output] = nodes;
  const middle = calls.map((data, at) => node(`llm${at}`, data));
  const all = [input, ...middle, { ...output, data: { mapping: "done" } }];
  const ids = ["input", ...middle.map(({ id }) => id), "output"];
  const edges = ids.slice(1).map((target, at) => ({ id: `e${at}`, source: ids[at], target }));
  return { nodes: all, edges };
}

/** Runs a pipeline on a text of ten letters and gives its execution. */
async function run(app: TestApp, pipeline: unknown) {
  const agent = await app.agent({ pipeline });
  const activated = await app.api(`POST /agents/${agent.id}/activate`);
  if (activated.status !== 200) throw new Error(activated.text);
  const taken = await app.api(`POST /agents/${agent.id}/invoke`, { input: "ten of it." });
  await app.pool.idle();
  const path = `/agents/${agent.id}/executions/${taken.data.executionId}`;
  return { path, data: (await app.api(`GET ${path}`)).data };
}

const costsOf = (data: { steps: { nodeId: string; cost: number | null }[] }) =>
  Object.fromEntries(data.steps.map(({ nodeId, cost }) => [nodeId, cost]));

const setPrice = (app: TestApp, price: Record<string, unknown>) =>
  app.api("POST /prices", { model: "small", input: 2, cachedInput: 0.5, output: 8, ...price });

/** 10 tokens in, 2 of them cached, and 15 out. */
const COST = (8 * 2 + 2 * 0.5 + 15 * 8) / 1e6;

describe("an answer's cost", () => {
  test.each(["openai", "anthropic", "google", "openai-compatible"] as const)(
    "of %s takes cached tokens from the input, in steps, executions and lists",
    async (type) => {
      const { app, providerId } = await createScene({ type });
      await setPrice(app, { provider: type });
      const { data, path } = await run(app, chainOf({ providerId, model: "small" }));
      expect(data.usage).toEqual({ inputTokens: 10, outputTokens: 15, cachedTokens: 2 });
      expect(costsOf(data)).toEqual({ input: null, llm0: COST, output: null });
      expect(data.cost).toBe(COST);
      const list = await app.api(`GET ${path.slice(0, path.lastIndexOf("/"))}`);
      expect(list.data).toMatchObject([{ cost: COST }]);
    },
  );

  test("is that of the built-in price, by the snapshot's name", async () => {
    const { app, providerId } = await createScene();
    const { data } = await run(app, chainOf({ providerId, model: "gpt-4o-2024-08-06" }));
    expect(data.cost).toBe((8 * 2.5 + 2 * 1.25 + 15 * 10) / 1e6);
  });

  test("is summed without dust over calls, and what echo does takes no part", async () => {
    const { app, providerId } = await createScene();
    await setPrice(app, { provider: providerId, input: 0.1, cachedInput: 0.1, output: 0 });
    const calls = [{ providerId, model: "small" }, { providerId: "echo" }];
    const { data } = await run(app, chainOf(...calls, ...calls, ...calls));
    expect(data.cost).toBe(0.000003);
    expect(costsOf(data)).toMatchObject({ llm0: 0.000001, llm1: null, llm2: 0.000001 });
  });

  test("of several rounds is that of all of them", async () => {
    const { app, providerId } = await createScene({ behaviour: "tools" });
    await setPrice(app, { provider: providerId, cachedInput: 2 });
    const url = "https://tools.test/";
    const tool = { type: "http", name: "look_up", method: "GET", url };
    const { id } = (await app.api("POST /tools", tool)).data;
    const { data } = await run(app, chainOf({ providerId, model: "small", toolIds: [id] }));
    expect(data.usage.inputTokens).toBe(20);
    expect(data.cost).toBe((20 * 2 + data.usage.outputTokens * 8) / 1e6);
  });
});

describe("a cost is unknown, and not zero,", () => {
  test("where the model has no price", async () => {
    const { app, providerId } = await createScene();
    const { data } = await run(app, chainOf({ providerId, model: "nobody-knows" }));
    expect(data).toMatchObject({ status: "completed", cost: null });
    expect(costsOf(data)).toMatchObject({ llm0: null });
  });

  test("of an openai-compatible provider, whatever the model is called", async () => {
    const { app, providerId } = await createScene({ type: "openai-compatible" });
    const { data } = await run(app, chainOf({ providerId, model: "gpt-4o" }));
    expect(data.cost).toBeNull();
  });

  test("where one call's is, though the others' are known", async () => {
    const { app, providerId } = await createScene();
    const calls = ["gpt-4o", "nobody-knows"].map((model) => ({ providerId, model }));
    const { data } = await run(app, chainOf(...calls));
    expect(data.cost).toBeNull();
    expect(costsOf(data)).toMatchObject({ llm0: expect.any(Number), llm1: null });
  });

  test("where only echo was asked", async () => {
    const { app } = await createScene();
    expect((await run(app, chainOf({ providerId: "echo" }))).data.cost).toBeNull();
  });
});

test("an execution keeps its cost when the price changes, and over a restart", async () => {
  const { app, providerId } = await createScene();
  const { id } = (await setPrice(app, { provider: "openai" })).data;
  const pipeline = chainOf({ providerId, model: "small" });
  const { path, data } = await run(app, pipeline);
  await app.api(`PATCH /prices/${id}`, { input: 200, output: 800, validFrom: "2020-01-01" });
  const dearer = await run(app, pipeline);
  expect(dearer.data.cost).toBeGreaterThan(COST * 50);
  await app.api(`DELETE /prices/${id}`);
  const again = await restart(app, { outbound: localOutbound });
  expect((await again.api(`GET ${path}`)).data).toEqual(data);
  expect((await again.api(`GET ${dearer.path}`)).data).toEqual(dearer.data);
  expect(data.cost).toBe(COST);
});

describe("HOOKLINE_MAX_COST", () => {
  test("ends an execution that costs more, before its next call", async () => {
    const { app, providerId } = await createScene({ config: { maxCost: 1 } });
    // The dearest there is: 0.15 dollars for 15 tokens.
    await setPrice(app, { provider: "openai", input: 0, cachedInput: 0, output: 10_000 });
    const calls = Array.from({ length: 10 }, () => ({ providerId, model: "small" }));
    const { data } = await run(app, chainOf(...calls));
    expect(data).toMatchObject({
      status: "failed",
      error: { code: "COST_LIMIT", nodeId: "llm6" },
      cost: 1.05,
    });
    expect(stubs[0]?.calls).toHaveLength(7);
  });

  test("is not reached by what costs just as much", async () => {
    const { app, providerId } = await createScene({ config: { maxCost: 1 } });
    // In binary fractions twenty times 0.05 is more than 1.
    await setPrice(app, { provider: "openai", input: 5_000, cachedInput: 5_000, output: 0 });
    const calls = Array.from({ length: 20 }, () => ({ providerId, model: "small" }));
    const { data } = await run(app, chainOf(...calls));
    expect(data).toMatchObject({ status: "completed", cost: 1 });
  });

  test("counts nothing for calls of unknown price", async () => {
    const { app, providerId } = await createScene({ config: { maxCost: 1 } });
    const calls = Array.from({ length: 10 }, () => ({ providerId, model: "nobody-knows" }));
    const { data } = await run(app, chainOf(...calls));
    expect(data).toMatchObject({ status: "completed", cost: null });
  });
});
