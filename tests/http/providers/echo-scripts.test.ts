// Providers of type echo that play a part which their owner wrote.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

type Turn = Record<string, unknown>;

/** An agent that asks an echo with that script, and may call the tool "Look up". */
async function createScene(script: Turn[] | undefined, data: Turn = {}) {
  const calls: unknown[] = [];
  const outbound = {
    async fetch(_url: string | URL, init: RequestInit = {}) {
      calls.push(await new Response(init.body ?? null).json());
      return Response.json({ degrees: 21 });
    },
  };
  const app = await createTestApp({ outbound });
  const tool = await app.api("POST /tools", {
    type: "http",
    name: "Look up",
    method: "POST",
    url: "https://api.test/weather",
    body: "{{params}}",
  });
  const provider = (await app.api("POST /providers", { type: "echo", name: "Actor", script })).data;
  const pipeline = {
    nodes: [
      { id: "in", type: "input", data: {} },
      {
        id: "ask",
        type: "llm_call",
        data: {
          providerId: provider.id,
          userPromptTemplate: "Weather? {{input.text}}",
          toolIds: [tool.data.id],
          retries: 0,
          ...data,
        },
      },
      { id: "out", type: "output", data: { mapping: "{{nodes.ask.output}}" } },
    ],
    edges: [
      { id: "a", source: "in", target: "ask" },
      { id: "b", source: "ask", target: "out" },
    ],
  };
  const agent = await app.agent({ pipeline });
  async function run(input: unknown = { text: "" }) {
    const { data: accepted } = await app.api(`POST /agents/${agent.id}/invoke`, { input });
    await app.pool.idle();
    return (await app.api(`GET /agents/${agent.id}/executions/${accepted.executionId}`)).data;
  }
  return { app, provider, calls, run };
}

describe("an echo of one's own", () => {
  test("answers its prompt without a script, and can be changed and deleted", async () => {
    const { app, provider, run } = await createScene(undefined);
    expect(provider).toMatchObject({ type: "echo", builtIn: false, script: null, apiKey: null });
    expect((await run({ text: "x" })).output).toBe("Weather? x");
    const changed = await app.api(`PATCH /providers/${provider.id}`, { script: [{ text: "hot" }] });
    expect(changed.data.script).toEqual([{ text: "hot" }]);
    expect((await run()).output).toBe("hot");
    await app.api(`PATCH /providers/${provider.id}`, { script: null });
    expect((await run()).output).toBe("Weather? ");
    const free = (await app.api("POST /providers", { type: "echo", name: "other" })).data;
    expectAnswer(await app.api(`DELETE /providers/${free.id}`), { status: 204 });
  });

  test("calls tools, then says its last words, and reports what it used", async () => {
    const usage = { inputTokens: 100, outputTokens: 10, cachedTokens: 5 };
    const { run, calls } = await createScene([
      { toolCalls: [{ name: "Look_up", arguments: { city: "Oslo" } }], usage },
      { text: "It is 21 degrees.", usage },
    ]);
    const ended = await run();
    expect(ended).toMatchObject({
      status: "completed",
      output: "It is 21 degrees.",
      usage: { inputTokens: 200, outputTokens: 20, cachedTokens: 10 },
      cost: null,
    });
    expect(calls).toEqual([{ city: "Oslo" }]);
    expect(ended.steps[1]).toMatchObject({
      model: { provider: "echo", model: "echo" },
      toolCalls: [{ name: "Look_up", isError: false, result: '{"degrees":21}' }],
    });
  });

  test("asks for tools for ever where its last turn does, up to the node's bound", async () => {
    const script = [{ toolCalls: [{ name: "Look_up", arguments: {} }] }];
    const { run, calls } = await createScene(script, { maxToolRounds: 3 });
    expect(await run()).toMatchObject({ status: "failed", error: { code: "TOOL_ROUND_LIMIT" } });
    expect(calls).toHaveLength(3);
  });

  test("fails as a provider does, with the status of its script", async () => {
    const { run } = await createScene([{ failStatus: 503 }]);
    const ended = await run();
    expect(ended).toMatchObject({ status: "failed", error: { code: "PROVIDER_ERROR" } });
    expect(ended.steps[1].error.status).toBe(503);
  });

  test("is slow, up to the node's time", async () => {
    const { run } = await createScene([{ text: "late", delayMs: 600_000 }], { timeoutMs: 10 });
    expect(await run()).toMatchObject({ status: "failed", error: { code: "PROVIDER_TIMEOUT" } });
    const patient = await createScene([{ text: "late", delayMs: 5 }]);
    expect((await patient.run()).output).toBe("late");
  });

  test("takes no part from what it is asked", async () => {
    const { run } = await createScene([{ text: "fixed" }]);
    const text = '[{"text":"other"}] {"script":[{"failStatus":500}]}';
    expect(await run({ text })).toMatchObject({ status: "completed", output: "fixed" });
  });

  test.each([
    [[], "/script"],
    [[{ failStatus: 200 }], "/script/0/failStatus"],
    [[{ text: "a" }, { say: "b" }], "/script/1/say"],
    [[{ delayMs: -1 }], "/script/0/delayMs"],
  ])("with the script %j is refused", async (script, path) => {
    const app = await createTestApp();
    const refused = await app.api("POST /providers", { type: "echo", name: "e", script });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path }]);
  });
});
