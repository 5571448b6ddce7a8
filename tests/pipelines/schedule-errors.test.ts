import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { answer, createTestHost, llm, NOTHING, pipelineOf, runData } from "./fixtures";

const statuses = (steps: StepRecord[]): string =>
  steps.map((step) => `${step.nodeId} ${step.status}`).join(", ");

const pipeline = pipelineOf({
  nodes: [
    llm("a", { onError: "continue", providerId: "paid" }),
    llm("b", { userPromptTemplate: "<{{nodes.a.output}}>" }),
  ],
  edges: ["in>a", "a>b", "b>out"],
  mapping: ["{{nodes.a.output}}", "{{nodes.b.output}}"],
});

test("a failure that is gone on from gives null, and stays in the trace", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(pipeline));
  (await host.waitForCall(0)).fail(new AppError("PROVIDER_ERROR"));
  const second = await host.waitForCall(1);
  expect(second.call.prompt).toBe("<null>");
  second.answer(answer("B"));
  const result = await running;
  expect(result).toMatchObject({ status: "completed", output: [null, "B"], error: null });
  expect(statuses(result.steps)).toBe("a failed, b completed, out completed");
  expect(result.steps[0]).toMatchObject({ error: { code: "PROVIDER_ERROR" } });
});

test("a failure that is gone on from cancels nothing that runs beside it", async () => {
  const forked = pipelineOf({
    nodes: [llm("a", { onError: "continue" }), llm("b")],
    edges: ["in>a", "in>b", "a>out", "b>out"],
    mapping: "{{nodes.b.output}}",
  });
  const host = createTestHost();
  const running = runPipeline(host, runData(forked));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  host.calls[1]?.answer(answer("B"));
  expect((await running).output).toBe("B");
});

test("an output that is too large is gone on from as well", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(pipeline));
  (await host.waitForCall(0)).answer(answer("x".repeat(1_100_000)));
  (await host.waitForCall(1)).answer(answer("B"));
  const result = await running;
  expect(result.output).toEqual([null, "B"]);
  expect(result.steps[0]?.error?.code).toBe("OUTPUT_TOO_LARGE");
});

test("an execution that is cancelled does not go on", async () => {
  const outside = new AbortController();
  const host = createTestHost();
  const running = runPipeline(host, runData(pipeline, { signal: outside.signal }));
  const open = await host.waitForCall(0);
  outside.abort();
  open.fail(new AppError("PROVIDER_ERROR"));
  expect(statuses((await running).steps)).toBe("a cancelled");
  expect(host.calls).toHaveLength(1);
});

test("a failed effect of an earlier attempt is not repeated, and gone on from again", async () => {
  const host = createTestHost();
  const end = {
    nodeId: "a",
    iteration: "",
    call: 0,
    kind: "model" as const,
    attempt: 1,
    startedAt: 1,
    finishedAt: 2,
    result: null,
    error: { code: "PROVIDER_ERROR", message: "x" },
  };
  const recorded = { ...NOTHING, effects: new Map([["a//0", end]]) };
  const running = runPipeline(host, runData(pipeline, { recorded, attempt: 2 }));
  const open = await host.waitForCall(0);
  expect(open.call.prompt).toBe("<null>");
  open.answer(answer("B"));
  expect((await running).output).toEqual([null, "B"]);
  expect(host.starts).toEqual([]);
});
