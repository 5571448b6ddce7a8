import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { Json, StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { rejection } from "../support/rejection";
import { answer, createEchoHost, createTestHost, llm, node, pipelineOf, runData } from "./fixtures";

const chain = pipelineOf({
  nodes: [llm("llm", { userPromptTemplate: "Say {{input.word}}" })],
  edges: ["in>llm", "llm>out"],
  mapping: { text: "{{nodes.llm.output}}", was: "{{input}}" },
});

const summary = (steps: StepRecord[]): string =>
  steps.map((step) => `${step.nodeId} ${step.status}`).join(", ");

test("a chain runs to its output and records each step", async () => {
  const host = createEchoHost();
  const input = { word: "hi" };
  const result = await runPipeline(host, runData(chain, { input, attempt: 2 }));
  expect(result).toMatchObject({
    status: "completed",
    output: { text: "Say hi", was: { word: "hi" } },
    error: null,
    usage: null,
    cost: null,
  });
  expect(result.steps).toEqual([
    {
      nodeId: "in",
      iteration: "",
      status: "completed",
      input: null,
      output: input,
      error: null,
      startedAt: 1_000,
      finishedAt: 1_000,
      attempt: 2,
      usage: null,
      cost: null,
      logs: [],
    },
    {
      nodeId: "llm",
      iteration: "",
      status: "completed",
      input: { model: "", system: null, prompt: "Say hi", temperature: 0.7, maxTokens: 1024 },
      output: "Say hi",
      error: null,
      startedAt: 1_000,
      finishedAt: 1_000,
      attempt: 2,
      usage: null,
      cost: null,
      logs: [],
      model: { provider: "echo", model: "echo", finishReason: "stop", requestId: "req_1" },
    },
    {
      nodeId: "out",
      iteration: "",
      status: "completed",
      input: null,
      output: { text: "Say hi", was: { word: "hi" } },
      error: null,
      startedAt: 1_000,
      finishedAt: 1_000,
      attempt: 2,
      usage: null,
      cost: null,
      logs: [],
    },
  ]);
});

test("the input node gives the very input, and a whole expression passes it on", async () => {
  const input: Json = { a: [1] };
  const pipeline = pipelineOf({ edges: ["in>out"], mapping: "{{nodes.in.output}}" });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input }));
  expect(result.steps[0]?.output).toBe(input);
  expect(result.output).toBe(input);
});

test("templates read trigger and execution", async () => {
  const mapping = [
    "{{execution.id}}",
    "{{execution.startedAt}}",
    "{{trigger.type}}",
    "{{trigger.deliveryId}}",
  ];
  const pipeline = pipelineOf({ edges: ["in>out"], mapping });
  const result = await runPipeline(createEchoHost(), runData(pipeline));
  expect(result.output).toEqual(["exec_1", "2026-01-01T00:00:00.000Z", "webhook", "d-1"]);
});

test("one compiled pipeline serves executions side by side without mixing them", async () => {
  const host = createEchoHost();
  const data = runData(chain);
  const runs = Array.from({ length: 50 }, (_, index) =>
    runPipeline(host, { ...data, input: { word: `w${index}` } }),
  );
  const outputs = (await Promise.all(runs)).map((result) => JSON.stringify(result.output));
  outputs.forEach((output, index) => expect(output).toContain(`"Say w${index}"`));
});

test("steps take their times from the clock and onStep sees them start and end", async () => {
  const host = createTestHost();
  const seen: string[] = [];
  const onStep = (step: StepRecord) => void seen.push(`${step.nodeId} ${step.status}`);
  const running = runPipeline(host, runData(chain, { onStep, input: { word: "x" } }));
  const open = await host.waitForCall(0);
  host.clock.advance(250);
  open.answer(answer("hello"));
  const { steps } = await running;
  expect([steps[1]?.startedAt, steps[1]?.finishedAt]).toEqual([1_000, 1_250]);
  expect(seen).toEqual([
    "in running",
    "in completed",
    "llm running",
    "llm completed",
    "out running",
    "out completed",
  ]);
});

test("an output larger than 1 MiB fails the node that made it", async () => {
  const large = "x".repeat(600_000);
  const pipeline = pipelineOf({ edges: ["in>out"], mapping: ["{{input}}", "{{input}}"] });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: large }));
  expect(result).toMatchObject({
    status: "failed",
    output: null,
    error: { code: "OUTPUT_TOO_LARGE", nodeId: "out", message: "The output is larger than 1 MiB." },
  });
  expect(summary(result.steps)).toBe("in completed, out failed");
  expect(result.steps[1]?.output).toBeNull();
});

test("an input larger than 1 MiB passes, as it was accepted with a limit of its own", async () => {
  const pipeline = pipelineOf({ edges: ["in>out"], mapping: "{{input.small}}" });
  const input = { small: 1, large: "x".repeat(2_000_000) };
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input }));
  expect(result.output).toBe(1);
});

test("a prompt that templates blow up fails its node before anything is called", async () => {
  const userPromptTemplate = "{{input}}".repeat(20);
  const pipeline = pipelineOf({
    nodes: [llm("llm", { userPromptTemplate })],
    edges: ["in>llm", "llm>out"],
  });
  const host = createTestHost();
  const result = await runPipeline(host, runData(pipeline, { input: "x".repeat(1_000_000) }));
  expect(result.error).toMatchObject({ code: "OUTPUT_TOO_LARGE", nodeId: "llm" });
  expect(host.calls).toHaveLength(0);
});

test("each node has room for 8 MiB of text of its own", async () => {
  const userPromptTemplate = "{{input}}".repeat(5);
  const nodes = [llm("a", { userPromptTemplate }), llm("b", { userPromptTemplate })];
  const pipeline = pipelineOf({ nodes, edges: ["in>a", "in>b", "a>out", "b>out"], mapping: "x" });
  const host = createEchoHost({ callModel: async () => answer("ok") });
  const result = await runPipeline(host, runData(pipeline, { input: "x".repeat(1_000_000) }));
  expect(result.status).toBe("completed");
});

test("a failed call ends the execution with its code, sentence and the peer's status", async () => {
  const error = Object.assign(new AppError("PROVIDER_ERROR"), {
    httpStatus: 503,
    partialText: "Hel",
  });
  const host = createTestHost();
  const running = runPipeline(host, runData(chain));
  (await host.waitForCall(0)).fail(error);
  const result = await running;
  const failure = {
    code: "PROVIDER_ERROR",
    message: "The provider answered with an error.",
    status: 503,
  };
  expect(result).toMatchObject({ status: "failed", error: { ...failure, nodeId: "llm" } });
  expect(summary(result.steps)).toBe("in completed, llm failed");
  expect(result.steps[1]).toMatchObject({ error: failure, output: "Hel" });
  expect(host.unexpected).toEqual([]);
});

test("an error that is ours is reported to the host and hidden from the step", async () => {
  const error = new Error("secret detail");
  const host = createTestHost();
  const running = runPipeline(host, runData(chain));
  (await host.waitForCall(0)).fail(error);
  const result = await running;
  expect(result.error).toEqual({
    code: "EXECUTION_FAILED",
    message: "The execution ended by an error of ours.",
    nodeId: "llm",
  });
  expect(host.unexpected).toEqual([error]);
  expect(JSON.stringify(result)).not.toContain("secret");
});

test("a host that throws from onStep rejects, and never hangs", async () => {
  const broken = new Error("host");
  const onStep = (step: StepRecord) => {
    if (step.nodeId === "llm" && step.status === "completed") throw broken;
  };
  const running = runPipeline(createEchoHost(), runData(chain, { onStep }));
  expect(await rejection(running)).toBe(broken);
});

test("a payload that looks like a promise is a value like any other", async () => {
  const input: Json = JSON.parse('{"then":"x","toJSON":"y","constructor":"z"}');
  const pipeline = pipelineOf({ edges: ["in>out"], mapping: { a: "{{input}}", b: "<{{input}}>" } });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input }));
  expect(result.output).toEqual({ a: input, b: `<${JSON.stringify(input)}>` });
});

test("nodes of one level start in the order of the pipeline", async () => {
  const nodes = ["a", "b", "c"].map((id) => llm(id));
  const edges = ["in>a", "in>b", "in>c", "a>out", "b>out", "c>out"];
  const result = await runPipeline(createEchoHost(), runData(pipelineOf({ nodes, edges })));
  expect(summary(result.steps)).toBe(
    "in completed, a completed, b completed, c completed, out completed",
  );
});

test("a node after the output still runs before the execution completes", async () => {
  const pipeline = pipelineOf({
    nodes: [llm("after")],
    edges: ["in>out", "out>after"],
    mapping: "x",
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline));
  expect(result.output).toBe("x");
  expect(summary(result.steps)).toBe("in completed, out completed, after completed");
});

test("a pipeline of 100 nodes in a row runs through", async () => {
  const nodes = Array.from({ length: 98 }, (_, index) =>
    llm(`n${index}`, { userPromptTemplate: "x" }),
  );
  const edges = [
    "in>n0",
    ...nodes.slice(1).map((_, index) => `n${index}>n${index + 1}`),
    "n97>out",
  ];
  const mapping = "{{nodes.n97.output}}";
  const result = await runPipeline(
    createEchoHost(),
    runData(pipelineOf({ nodes, edges, mapping })),
  );
  expect([result.status, result.output, result.steps.length]).toEqual(["completed", "x", 100]);
});

test("node ids named like parts of an object are ids like any other", async () => {
  const pipeline = {
    nodes: [
      node({ id: "toString", type: "input" }),
      node({
        id: "hasOwnProperty",
        type: "output",
        data: { mapping: "{{nodes.toString.output}}" },
      }),
    ],
    edges: [{ id: "valueOf", source: "toString", target: "hasOwnProperty" }],
  };
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: 7 }));
  expect(result.output).toBe(7);
});
