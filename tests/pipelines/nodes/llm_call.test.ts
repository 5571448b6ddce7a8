import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import { answer, createTestHost, llm, pipelineOf, runData } from "../fixtures";

/** The call that a node with these fields makes for an input. */
async function callOf(data: { [key: string]: Json }, input: Json) {
  const host = createTestHost();
  const pipeline = pipelineOf({ nodes: [llm("llm", data)], edges: ["in>llm", "llm>out"] });
  const running = runPipeline(host, runData(pipeline, { input }));
  const open = await host.waitForCall(0);
  open.answer(answer("x"));
  const { steps } = await running;
  const { signal, ...call } = open.call;
  expect(signal.aborted).toBe(false);
  return { call, step: steps.find((step) => step.nodeId === "llm") };
}

test("fields that are left out have their defaults", async () => {
  const { call } = await callOf({}, "Hi");
  expect(call).toEqual({
    providerId: "echo",
    model: "",
    system: null,
    prompt: "Hi",
    temperature: 0.7,
    maxTokens: 1024,
    timeoutMs: 120_000,
    retries: 2,
    onRetry: expect.any(Function),
    rounds: [],
  });
});

test("fields that are given reach the call, templates filled in", async () => {
  const data = {
    model: "small",
    systemPrompt: "You are {{input.role}}.",
    userPromptTemplate: "{{input.items}} / {{input.none}}",
    temperature: 0,
    maxTokens: 5,
    timeoutMs: 1,
    retries: 0,
  };
  const { call, step } = await callOf(data, { role: "a judge", items: [1, "2"] });
  expect(call).toEqual({
    providerId: "echo",
    model: "small",
    system: "You are a judge.",
    prompt: '[1,"2"] / ',
    temperature: 0,
    maxTokens: 5,
    timeoutMs: 1,
    retries: 0,
    onRetry: expect.any(Function),
    rounds: [],
  });
  expect(step?.input).toEqual({
    model: "small",
    system: "You are a judge.",
    prompt: '[1,"2"] / ',
    temperature: 0,
    maxTokens: 5,
  });
});

test.each([
  ["text", "text"],
  [{ a: 1 }, '{"a":1}'],
  [7, "7"],
  [null, "null"],
] as [Json, string][])(
  "a prompt that is one whole expression of %j is the text %s",
  async (input, prompt) => {
    expect((await callOf({}, input)).call.prompt).toBe(prompt);
  },
);

test("what the peer said of its answer is on the step", async () => {
  const { step } = await callOf({}, "Hi");
  expect(step).toMatchObject({
    output: "x",
    usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
    cost: 0.25,
    model: {
      provider: "openai-compatible",
      model: "small",
      finishReason: "stop",
      requestId: "req_1",
    },
  });
});

test("attempts that failed before the answer are in the step's logs", async () => {
  const host = createTestHost();
  const pipeline = pipelineOf({ nodes: [llm("llm")], edges: ["in>llm", "llm>out"] });
  const running = runPipeline(host, runData(pipeline));
  const held = await host.waitForCall(0);
  const code = "PROVIDER_UNREACHABLE";
  held.call.onRetry?.({ attempt: 1, code: "PROVIDER_ERROR", httpStatus: 503, delayMs: 812 });
  held.call.onRetry?.({ attempt: 2, code, httpStatus: undefined, delayMs: 4000 });
  held.answer(answer("x"));
  expect((await running).steps.find(({ nodeId }) => nodeId === "llm")).toMatchObject({
    status: "completed",
    logs: [
      "Attempt 1 failed: PROVIDER_ERROR with status 503; the next one follows after 812 ms.",
      "Attempt 2 failed: PROVIDER_UNREACHABLE; the next one follows after 4000 ms.",
    ],
  });
});

test("braces in an answer are text for the next node", async () => {
  const nodes = [llm("a"), llm("b", { userPromptTemplate: "<{{nodes.a.output}}>" })];
  const host = createTestHost();
  const pipeline = pipelineOf({
    nodes,
    edges: ["in>a", "a>b", "b>out"],
    mapping: "{{nodes.b.output}}",
  });
  const running = runPipeline(host, runData(pipeline, { input: { secret: "TOP" } }));
  (await host.waitForCall(0)).answer(answer("{{input.secret}}"));
  const second = await host.waitForCall(1);
  expect(second.call.prompt).toBe("<{{input.secret}}>");
  second.answer(answer("{{input.secret}}"));
  expect((await running).output).toBe("{{input.secret}}");
});

test("an answer larger than 1 MiB fails the node", async () => {
  const host = createTestHost();
  const pipeline = pipelineOf({ nodes: [llm("llm")], edges: ["in>llm", "llm>out"] });
  const running = runPipeline(host, runData(pipeline));
  (await host.waitForCall(0)).answer(answer("é".repeat(600_000)));
  expect((await running).error).toMatchObject({ code: "OUTPUT_TOO_LARGE", nodeId: "llm" });
});
