import { expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import type { Json, StepRecord } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import {
  answer,
  createEchoHost,
  createTestHost,
  listCodes,
  llm,
  loop,
  parallel,
  pipelineOf,
  runData,
  transform,
} from "../fixtures";

const statuses = (steps: StepRecord[]): string[] =>
  steps.map((step) => `${step.nodeId} ${step.status}`);

/** in → both(a, b) → out. */
const both = (data: { [key: string]: Json } = {}) =>
  pipelineOf({
    nodes: [
      parallel("both", ["a", "b"], data),
      llm("a", { userPromptTemplate: "A" }),
      llm("b", { userPromptTemplate: "B" }),
    ],
    edges: ["in>both", "both>a", "both>b", "a>out", "b>out"],
    mapping: "{{nodes.both.output}}",
  });

test.each<[string, Json]>([
  ["array", ["A", "B"]],
  ["object", { a: "A", b: "B" }],
])("aggregation %s gives %j", async (aggregation, output) => {
  const result = await runPipeline(createEchoHost(), runData(both({ aggregation })));
  expect<Json>(result.output).toEqual(output);
});

test("branches run side by side, and what follows runs once after all of them", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(both()));
  await host.waitForCall(1);
  host.calls[1]?.answer(answer("second"));
  host.calls[0]?.answer(answer("first"));
  const result = await running;
  expect(result.output).toEqual(["first", "second"]);
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "b completed",
    "a completed",
    "both completed",
    "out completed",
  ]);
});

test("a branch's result is the output of its last node", async () => {
  const pipeline = pipelineOf({
    nodes: [
      parallel("both", ["a", "b"]),
      transform("a", "return 1"),
      transform("a2", "return nodes.a.output + 1"),
      transform("b", "return 10"),
      transform("sum", "return nodes.both.output[0] + nodes.both.output[1]"),
    ],
    edges: ["in>both", "both>a", "a>a2", "both>b", "a2>sum", "b>sum", "sum>out"],
    mapping: "{{nodes.sum.output}}",
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline));
  expect(result.output).toBe(12);
});

test("the first branch to succeed is the result of first, and the others are cancelled", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(both({ aggregation: "first" })));
  await host.waitForCall(1);
  host.calls[1]?.answer(answer("fast"));
  const result = await running;
  expect(result).toMatchObject({ status: "completed", output: "fast" });
  expect(host.calls[0]?.call.signal.aborted).toBe(true);
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "b completed",
    "a cancelled",
    "both completed",
    "out completed",
  ]);
});

test("first goes on past a failure, and fails when every branch has", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(both({ aggregation: "first" })));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  host.calls[1]?.fail(new AppError("PROVIDER_TIMEOUT"));
  const result = await running;
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "PROVIDER_TIMEOUT", nodeId: "b" },
  });
  expect(statuses(result.steps).slice(1)).toEqual(["a failed", "b failed", "both failed"]);
});

test("the first failure of array ends the other branches", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(both()));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  const result = await running;
  expect(result.error).toMatchObject({ code: "PROVIDER_ERROR", nodeId: "a" });
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "a failed",
    "b cancelled",
    "both failed",
  ]);
});

test("a parallel inside a loop runs its branches for each item, which they read", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("each", "{{input}}"),
      parallel("both", ["up", "down"], { aggregation: "object" }),
      transform("up", "return loop.item + 1"),
      transform("down", "return loop.item - 1"),
    ],
    edges: ["in>each", "each>both:body", "both>up", "both>down", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: [1, 5] }));
  expect(result.output).toEqual([
    { up: 2, down: 0 },
    { up: 6, down: 4 },
  ]);
});

test.each([
  [["a"], ["FIELD_RANGE both.branches", "BRANCH_MISSING both.branches"]],
  [["a", "b", "a"], ["NODE_REPEATED both.branches"]],
  [["a", "b", "in"], ["BRANCH_UNKNOWN both.branches"]],
  [[], ["FIELD_REQUIRED both.branches"]],
])("branches %j are refused", (branches, codes) => {
  expect(listCodes(both({ branches }))).toEqual(codes);
});

test("an unknown aggregation is refused with the words that there are", () => {
  expect(listCodes(both({ aggregation: "last" }))).toEqual(["FIELD_TYPE both.aggregation"]);
});
