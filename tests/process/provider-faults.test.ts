// Model servers that fail in each way: the step and the execution say so with a typed error and
// never end as completed; and addresses that a provider may not have.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { LEAK } from "../support/model-stub-answers";
import {
  modelPipeline,
  openModelScene,
  PROVIDER_KEY,
  startStub,
  type ModelScene,
} from "../support/process-models";
import { ask, askData, deliverAccepted, makeAgent, readEnded } from "../support/server-calls";
import { startServer, type Server } from "../support/server";

guardProcesses();

const PROMPT = "Grüße, 世界 👋🏽 — {{input.text}}";

/** Runs one execution whose model call goes to `provider`; resolves with its end. */
async function runOn(
  server: Server,
  data: { provider: string; node?: Record<string, unknown>; text?: string },
) {
  const fields = { providerId: data.provider, userPromptTemplate: PROMPT, ...data.node };
  const { id: agentId } = await makeAgent(server, { pipeline: modelPipeline(fields) });
  const body = { text: data.text ?? "x" };
  const executionId = await deliverAccepted(server, { agentId, body });
  return readEnded(server, { agentId, executionId });
}

const openFaulty = (behaviour: string, env: Record<string, string> = {}): Promise<ModelScene> =>
  openModelScene({ behaviour: () => behaviour, env });

/** Behaviour of the stub, the code it leads to, and what of the answer is kept. */
const FAULTS: [fault: string, behaviour: string, code: string, kept: unknown][] = [
  ["cut before the finish reason", "cut", "PROVIDER_STREAM_CUT", expect.stringMatching(/^echo:/)],
  [
    "ended in order before the finish reason",
    "cut-clean",
    "PROVIDER_STREAM_CUT",
    expect.any(String),
  ],
  ["reset within the answer", "reset-late", "PROVIDER_STREAM_CUT", expect.any(String)],
  ["reset before any answer", "reset", "PROVIDER_UNREACHABLE", null],
  ["a 500", "status-500", "PROVIDER_ERROR", null],
  ["a 401", "status-401", "PROVIDER_ERROR", null],
  ["a 429", "status-429", "PROVIDER_ERROR", null],
  ["a 200 with a page", "html", "PROVIDER_RESPONSE_INVALID", null],
  ["a 200 that does not stream", "json", "PROVIDER_RESPONSE_INVALID", null],
  ["an empty 200", "empty", "PROVIDER_RESPONSE_INVALID", null],
  ["events that are not JSON", "garbage", "PROVIDER_RESPONSE_INVALID", null],
  ["events of another shape", "wrong-shape", "PROVIDER_RESPONSE_INVALID", null],
  ["text that is not UTF-8", "bad-utf8", "PROVIDER_RESPONSE_INVALID", null],
  ["an event that tells of an error", "error-event", "PROVIDER_ERROR", expect.any(String)],
];

describe("a model server that gives", () => {
  test.each(FAULTS)("%s fails step and execution", async (_name, behaviour, code, kept) => {
    await using scene = await openFaulty(behaviour);
    const execution = await runOn(scene.server, scene);
    expect(execution).toMatchObject({
      status: "failed",
      output: null,
      error: { code, nodeId: "llm", message: expect.any(String) },
      finishedAt: expect.any(String),
    });
    const step = execution.steps.find(({ nodeId }: { nodeId: string }) => nodeId === "llm");
    expect(step).toMatchObject({ status: "failed", output: kept, error: { code } });
    const shown = JSON.stringify([execution.error, step.error]) + scene.server.stdout;
    expect(shown).not.toContain(LEAK);
    expect(shown).not.toContain(PROVIDER_KEY);
    expect(shown).not.toContain("世界");
  });

  test("an answer dribbled in pieces of one to three bytes gives the exact text", async () => {
    await using scene = await openFaulty("dribble");
    const text = 'ñ🧑‍🚀\r\n\t\u2028 data: [DONE]\n\n{"x":"\\u00e9"}';
    const execution = await runOn(scene.server, { ...scene, text });
    expect(execution).toMatchObject({
      status: "completed",
      output: `echo:Grüße, 世界 👋🏽 — ${text}`,
    });
  });
});

describe("a model server that says nothing", () => {
  test.each(["silent", "stall"])("(%s) past timeoutMs ends step and execution", async (how) => {
    await using scene = await openFaulty(how);
    const execution = await runOn(scene.server, { ...scene, node: { timeoutMs: 300 } });
    expect(["failed", "timed_out"]).toContain(execution.status);
    expect(execution).toMatchObject({
      output: null,
      error: { code: "PROVIDER_TIMEOUT", nodeId: "llm" },
    });
    const step = execution.steps.find(({ nodeId }: { nodeId: string }) => nodeId === "llm");
    expect(step).toMatchObject({ status: "failed", error: { code: "PROVIDER_TIMEOUT" } });
    await scene.stub.until(() => scene.stub.open() === 0);
  });

  test("past the execution's own time ends it as timed_out and closes the call", async () => {
    await using scene = await openFaulty("silent", { HOOKLINE_EXECUTION_TIMEOUT: "1s" });
    const execution = await runOn(scene.server, scene);
    expect(execution).toMatchObject({
      status: "timed_out",
      output: null,
      error: { code: "EXECUTION_TIMEOUT" },
    });
    const step = execution.steps.find(({ nodeId }: { nodeId: string }) => nodeId === "llm");
    expect(["failed", "cancelled"]).toContain(step.status);
    await scene.stub.until(() => scene.stub.open() === 0);
  });
});

test("a failed call frees its slot and its place", async () => {
  await using scene = await openModelScene({
    behaviour: (call) => (call.prompt.includes("bad") ? "cut" : "ok"),
    env: { HOOKLINE_SLOTS: "1", HOOKLINE_WEBHOOK_MAX_CONCURRENT: "1" },
  });
  const { server, provider } = scene;
  const fields = { providerId: provider, userPromptTemplate: "{{input}}" };
  const { id: agentId } = await makeAgent(server, { pipeline: modelPipeline(fields) });
  for (const body of ["bad", "bad", "good"]) {
    const executionId = await deliverAccepted(server, { agentId, body: JSON.stringify(body) });
    const { status } = await readEnded(server, { agentId, executionId });
    expect(status).toBe(body === "good" ? "completed" : "failed");
  }
});

/** Ways to write this machine. */
const PRIVATE: string[] = [
  "http://127.0.0.1:PORT/v1",
  "http://localhost:PORT/v1",
  "http://[::1]:PORT/v1",
  "http://[::ffff:127.0.0.1]:PORT/v1",
  "http://2130706433:PORT/v1",
  "http://0177.0.0.1:PORT/v1",
  "http://0x7f.1:PORT/v1",
  "http://127.0.0.1.:PORT/v1",
  "http://0.0.0.0:PORT/v1",
  "http://user:pass@127.0.0.1:PORT/v1",
];

describe("without HOOKLINE_ALLOW_PRIVATE", () => {
  test("no form of a private address is reached", async () => {
    await using stub = await startStub({ host: "::" });
    await using server = await startServer();
    for (const form of PRIVATE) {
      const baseUrl = form.replace("PORT", String(stub.port));
      const body = { type: "openai-compatible", name: "private", baseUrl };
      const made = await ask(server, { call: "POST /providers", body });
      if (made.status === 422) continue;
      expect(made.status).toBe(201);
      const execution = await runOn(server, { provider: made.data.id });
      expect([form, execution.status, execution.error.code]).toEqual([
        form,
        "failed",
        "ADDRESS_FORBIDDEN",
      ]);
      expect(execution.error.message).toContain("HOOKLINE_ALLOW_PRIVATE");
    }
    expect(stub.connections()).toBe(0);
  });

  test("an allowed server cannot send the call on to another address", async () => {
    await using inner = await startStub();
    await using scene = await openFaulty(`redirect-307:${inner.baseUrl}/chat/completions`);
    const execution = await runOn(scene.server, scene);
    expect(execution).toMatchObject({ status: "failed", error: { nodeId: "llm" } });
    expect(scene.stub.calls).toHaveLength(1);
    expect(inner.connections()).toBe(0);
  });

  test("another port of an allowed host is not reached", async () => {
    await using inner = await startStub();
    await using scene = await openModelScene();
    const body = { baseUrl: inner.baseUrl, apiKey: PROVIDER_KEY };
    await askData(scene.server, { call: `PATCH /providers/${scene.provider}`, body });
    const execution = await runOn(scene.server, scene);
    expect(execution).toMatchObject({ status: "failed", error: { code: "ADDRESS_FORBIDDEN" } });
    expect(inner.connections()).toBe(0);
  });
});
