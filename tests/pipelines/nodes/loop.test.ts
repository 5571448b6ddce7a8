import { expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import type { Json, StepRecord } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import {
  answer,
  condition,
  createEchoHost,
  createTestHost,
  listCodes,
  llm,
  loop,
  merge,
  NOTHING,
  pipelineOf,
  runData,
  transform,
} from "../fixtures";

const paths = (steps: StepRecord[]): string[] =>
  steps.map((step) => `${step.nodeId}/${step.iteration} ${step.status}`);

/** in → each(body: ask) → done: out. */
const ask = (data: { [key: string]: Json } = {}, prompt = "{{loop.index}}: {{loop.item}}") =>
  pipelineOf({
    nodes: [loop("each", "{{input.items}}", data), llm("ask", { userPromptTemplate: prompt })],
    edges: ["in>each", "each>ask:body", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });

const runEcho = (pipeline: ReturnType<typeof ask>, input: Json) =>
  runPipeline(createEchoHost(), runData(pipeline, { input }));

test("the body runs once for each item, and the results stand in the items' order", async () => {
  const result = await runEcho(ask(), { items: ["a", "b"] });
  expect(result.output).toEqual(["0: a", "1: b"]);
  expect(paths(result.steps)).toEqual([
    "in/ completed",
    "ask/0 completed",
    "ask/1 completed",
    "each/ completed",
    "out/ completed",
  ]);
  expect(result.steps[3]).toMatchObject({ input: ["a", "b"], output: ["0: a", "1: b"] });
});

test("what follows needs no handle where it is an output or a merge after the body", async () => {
  const pipeline = pipelineOf({
    nodes: [loop("each", "input.items"), transform("double", "return loop.item * 2")],
    edges: ["in>each", "each>double", "double>out"],
    mapping: "{{nodes.each.output}}",
  });
  expect((await runEcho(pipeline, { items: [1, 2, 3] })).output).toEqual([2, 4, 6]);
});

test("an empty array gives an empty array, and runs nothing of the body", async () => {
  const result = await runEcho(ask(), { items: [] });
  expect(result.output).toEqual([]);
  expect(paths(result.steps)).toEqual(["in/ completed", "each/ completed", "out/ completed"]);
});

test.each([
  ["an object", { items: { a: 1 } }, {}, "LOOP_NOT_ARRAY"],
  ["nothing", {}, {}, "LOOP_NOT_ARRAY"],
  ["too many items", { items: [1, 2, 3] }, { maxIterations: 2 }, "LOOP_TOO_LONG"],
])("%s fails before the first item", async (_, input, data, code) => {
  const result = await runEcho(ask(data), input);
  expect(result).toMatchObject({ status: "failed", error: { code, nodeId: "each" } });
  expect(paths(result.steps)).toEqual(["in/ completed", "each/ failed"]);
});

test("a body with several last nodes gives an object by their ids, null for a skipped one", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("each", "{{input.items}}"),
      condition("big", "{{loop.item}} > 1"),
      transform("yes", "return 'big'"),
      transform("no", "return 'small'"),
    ],
    edges: ["in>each", "each>big:body", "big>yes:true", "big>no:false", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });
  const result = await runEcho(pipeline, { items: [1, 2] });
  expect(result.output).toEqual([
    { yes: null, no: "small" },
    { yes: "big", no: null },
  ]);
});

test("a merge of nodes inside rejoins them within the iteration", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("each", "{{input.items}}"),
      condition("big", "{{loop.item}} > 1"),
      transform("yes", "return 'big'"),
      transform("no", "return 'small'"),
      merge("either", ["yes", "no"], { strategy: "first_non_null" }),
    ],
    edges: [
      "in>each",
      "each>big:body",
      "big>yes:true",
      "big>no:false",
      "yes>either",
      "no>either",
      "either>out",
    ],
    mapping: "{{nodes.each.output}}",
  });
  expect((await runEcho(pipeline, { items: [1, 2] })).output).toEqual(["small", "big"]);
});

test("loops nest: the inner one's item is read inside, and paths name both iterations", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("rows", "{{input}}"),
      loop("cells", "{{loop.item}}"),
      transform("cell", "return `{{loop.index}}:{{loop.item}}`"),
      transform("row", "return nodes.cells.output.join(' ') + ` of ${loop.index}`"),
    ],
    edges: ["in>rows", "rows>cells:body", "cells>cell:body", "cells>row:done", "rows>out:done"],
    mapping: "{{nodes.rows.output}}",
  });
  const result = await runEcho(pipeline, [["a", "b"], ["c"]]);
  expect(result.output).toEqual(["0:a 1:b of 0", "0:c of 1"]);
  expect(paths(result.steps).filter((path) => path.startsWith("cell/"))).toEqual([
    "cell/0.0 completed",
    "cell/0.1 completed",
    "cell/1.0 completed",
  ]);
});

test("as many items run at once as concurrency says, and results keep their order", async () => {
  const host = createTestHost();
  const input = { items: ["a", "b", "c"] };
  const running = runPipeline(host, runData(ask({ concurrency: 2 }), { input }));
  await host.waitForCall(1);
  expect(host.calls.map((open) => open.call.prompt)).toEqual(["0: a", "1: b"]);
  host.calls[1]?.answer(answer("B"));
  const third = await host.waitForCall(2);
  expect(third.call.prompt).toBe("2: c");
  third.answer(answer("C"));
  host.calls[0]?.answer(answer("A"));
  expect((await running).output).toEqual(["A", "B", "C"]);
});

test("the first iteration that fails ends the others, and names the node inside", async () => {
  const host = createTestHost();
  const input = { items: ["a", "b", "c"] };
  const running = runPipeline(host, runData(ask({ concurrency: 2 }), { input }));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_TIMEOUT"));
  const result = await running;
  expect(host.calls[1]?.call.signal.aborted).toBe(true);
  expect(host.calls).toHaveLength(2);
  expect(result.error).toMatchObject({ code: "PROVIDER_TIMEOUT", nodeId: "ask" });
  expect(paths(result.steps)).toEqual([
    "in/ completed",
    "ask/0 failed",
    "ask/1 cancelled",
    "each/ failed",
  ]);
});

test("a loop that is gone on from gives null where an iteration failed", async () => {
  const host = createTestHost();
  const pipeline = ask({ onError: "continue" });
  const running = runPipeline(host, runData(pipeline, { input: { items: ["a", "b"] } }));
  (await host.waitForCall(0)).fail(new AppError("PROVIDER_ERROR"));
  expect(await running).toMatchObject({ status: "completed", output: null, error: null });
});

test("a node of the body that is gone on from gives null for its item only", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("each", "{{input}}"),
      transform("risky", "if (loop.item === 1) throw 'no'; return loop.item", {
        onError: "continue",
      }),
    ],
    edges: ["in>each", "each>risky", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });
  expect((await runEcho(pipeline, [0, 1, 2])).output).toEqual([0, null, 2]);
});

test("iterations that an earlier attempt completed are not run again, nor their effects sent", async () => {
  const host = createTestHost();
  const data = { providerId: "paid", userPromptTemplate: "{{loop.item}}" };
  const pipeline = pipelineOf({
    nodes: [loop("each", "{{input}}"), llm("ask", data)],
    edges: ["in>each", "each>ask", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });
  const first = runPipeline(host, runData(pipeline, { input: ["a", "b"] }));
  (await host.waitForCall(0)).answer(answer("A"));
  await host.waitForCall(1);
  const [end] = host.ends;
  if (end === undefined) throw new Error("The first effect has not ended.");
  const effects = new Map([["ask/0/0", end]]);
  const again = createTestHost();
  const recorded = { ...NOTHING, effects };
  const second = runPipeline(again, runData(pipeline, { input: ["a", "b"], recorded, attempt: 2 }));
  const open = await again.waitForCall(0);
  expect([open.call.prompt, open.call.idempotencyKey]).toEqual(["b", "exec_1/ask/1/0"]);
  open.answer(answer("B"));
  expect((await second).output).toEqual(["A", "B"]);
  host.calls[1]?.answer(answer("late"));
  await first;
});

test("results that together are larger than an output may be fail the loop at once", async () => {
  const pipeline = pipelineOf({
    nodes: [loop("each", "{{input}}"), transform("fill", "return 'x'.repeat(600000)")],
    edges: ["in>each", "each>fill", "each>out:done"],
  });
  const result = await runEcho(pipeline, [1, 2, 3, 4]);
  expect(result.error).toMatchObject({ code: "OUTPUT_TOO_LARGE", nodeId: "each" });
  expect(paths(result.steps).filter((path) => path.startsWith("fill/"))).toHaveLength(2);
});

test.each([
  ["{{input.items}} and more", "FIELD_TYPE each.iterableExpression"],
  ["", "FIELD_REQUIRED each.iterableExpression"],
  ["{{loop.item}}", "LOOP_OUTSIDE each.iterableExpression"],
  ["{{inptu.items}}", "SOURCE_UNKNOWN each.iterableExpression"],
  ["not a path", "FIELD_TYPE each.iterableExpression"],
])("the expression %p is refused with %s", (text, code) => {
  const nodes = [loop("each", text), llm("ask")];
  const edges = ["in>each", "each>ask", "each>out:done"];
  expect(listCodes(pipelineOf({ nodes, edges }))).toEqual([code]);
});

test.each([
  [{ maxIterations: 0 }, "FIELD_RANGE each.maxIterations"],
  [{ maxIterations: 1_001 }, "FIELD_RANGE each.maxIterations"],
  [{ concurrency: 51 }, "FIELD_RANGE each.concurrency"],
])("%j is refused", (data, code) => {
  expect(listCodes(ask(data))).toEqual([code]);
});

test("the body reads what ran before the loop, at every depth", async () => {
  const pipeline = pipelineOf({
    nodes: [
      transform("rate", "return 10"),
      loop("rows", "{{input}}"),
      loop("cells", "{{loop.item}}"),
      transform("cell", "return {{loop.item}} * {{nodes.rate.output}}"),
    ],
    edges: ["in>rate", "rate>rows", "rows>cells:body", "cells>cell:body", "rows>out:done"],
    mapping: "{{nodes.rows.output}}",
  });
  expect((await runEcho(pipeline, [[1], [2, 3]])).output).toEqual([[10], [20, 30]]);
});
