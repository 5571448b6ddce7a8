import { expect, test } from "bun:test";
import type { Node } from "../../../src/pipelines/pipelines.schema";
import type { Json, StepRecord } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import { CodeError } from "../../../src/sandbox/code";
import { condition, createEchoHost, listCodes, llm, pipelineOf, runData } from "../fixtures";

const statuses = (steps: StepRecord[]): string =>
  steps.map((step) => `${step.nodeId} ${step.status}`).join(", ");

const echo = (id: string): Node => llm(id, { userPromptTemplate: id });

/** `if` goes to `yes` or to `no` and then `deeper`; all meet in `out`. */
const forked = (expression: string, data: Node["data"] = {}) =>
  pipelineOf({
    nodes: [condition("if", expression, data), echo("yes"), echo("no"), echo("deeper")],
    edges: ["in>if", "if>yes:true", "if>no:false", "no>deeper", "yes>out", "deeper>out"],
    mapping: {
      went: "{{nodes.if.output}}",
      yes: "{{nodes.yes.output}}",
      deeper: "{{nodes.deeper.output}}",
    },
  });

const run = (expression: string, input: Json) =>
  runPipeline(createEchoHost(), runData(forked(expression), { input }));

test("a true condition runs what is behind true, and skips the other way to its end", async () => {
  const result = await run("{{input.n}} > 3", { n: 4 });
  expect(result.output).toEqual({ went: true, yes: "yes", deeper: null });
  expect(statuses(result.steps)).toBe(
    "in completed, if completed, no skipped, deeper skipped, yes completed, out completed",
  );
  expect(result.steps[1]).toMatchObject({ input: { "input.n": 4 }, output: true });
});

test("a false condition runs what is behind false", async () => {
  const result = await run("{{input.n}} > 3", { n: 3 });
  expect(result.output).toEqual({ went: false, yes: null, deeper: "deeper" });
  expect(statuses(result.steps)).toBe(
    "in completed, if completed, yes skipped, no completed, deeper completed, out completed",
  );
});

test.each([
  ["{{input}}", "text", true],
  ["{{input}}", "", false],
  ["{{input}}", 0, false],
  ["{{input}}", [], true],
  ["{{input.missing}}", {}, false],
  ["'{{input.missing}}'", {}, false],
  ["'{{input}}'", 0, true],
  ["input.labels.includes('bug')", { labels: ["bug"] }, true],
] as [string, Json, boolean][])(
  "%s of the input %j goes the way of %p",
  async (text, input, way) => {
    expect((await run(text, input)).output).toMatchObject({ went: way });
  },
);

test("yes and no are other words for true and false", async () => {
  const pipeline = pipelineOf({
    nodes: [condition("if", "input"), echo("a"), echo("b")],
    edges: ["in>if", "if>a:yes", "if>b:no", "a>out", "b>out"],
    mapping: ["{{nodes.a.output}}", "{{nodes.b.output}}"],
  });
  const host = createEchoHost();
  const outputs = await Promise.all(
    [true, false].map((input) => runPipeline(host, runData(pipeline, { input }))),
  );
  expect(outputs.map(({ output }) => output)).toEqual([
    ["a", null],
    [null, "b"],
  ]);
});

test("an output that is skipped completes the execution with null", async () => {
  const pipeline = pipelineOf({
    nodes: [condition("if", "input"), echo("other")],
    edges: ["in>if", "if>out:true", "if>other:false"],
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: 0 }));
  expect(result).toMatchObject({ status: "completed", output: null, error: null });
  expect(statuses(result.steps)).toBe("in completed, if completed, out skipped, other completed");
});

test("both ways may lead to one node, which then runs once", async () => {
  const pipeline = pipelineOf({
    nodes: [condition("if", "input"), echo("a")],
    edges: ["in>if", "if>a:true", "if>a:false", "a>out"],
    mapping: "{{nodes.a.output}}",
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: 0 }));
  expect(statuses(result.steps)).toBe("in completed, if completed, a completed, out completed");
});

test("conditions in a row skip all that hangs on what was skipped", async () => {
  const pipeline = pipelineOf({
    nodes: [condition("one", "input"), condition("two", "true"), echo("a"), echo("b")],
    edges: [
      "in>one",
      "one>two:true",
      "one>out:false",
      "two>a:true",
      "two>b:false",
      "a>out",
      "b>out",
    ],
    mapping: ["{{nodes.two.output}}", "{{nodes.a.output}}"],
  });
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input: false }));
  expect(result.output).toEqual([null, null]);
  expect(statuses(result.steps)).toBe(
    "in completed, one completed, two skipped, a skipped, b skipped, out completed",
  );
});

test("a value whose code is a sentence is judged and not run", async () => {
  const result = await run("'{{input}}' === 'x'", "x' || 'y");
  expect(result.output).toMatchObject({ went: false });
});

test("a condition that fails fails the execution", async () => {
  const result = await run("input.a.b.c", {});
  expect(result.error).toMatchObject({ code: "CODE_FAILED", nodeId: "if" });
  expect(result.steps[1]?.logs[0]).toContain("TypeError");
  expect(statuses(result.steps)).toBe("in completed, if failed");
});

test("a failed condition that is gone on from goes the way of false", async () => {
  const host = createEchoHost({ runCode: () => Promise.reject(new CodeError("CODE_TIMEOUT")) });
  const pipeline = forked("input", { onError: "continue" });
  const result = await runPipeline(host, runData(pipeline, { input: 1 }));
  expect(result).toMatchObject({
    status: "completed",
    output: { went: null, yes: null, deeper: "deeper" },
  });
  expect(result.steps[1]).toMatchObject({ status: "failed", error: { code: "CODE_TIMEOUT" } });
});

test.each([
  [{}, ["FIELD_REQUIRED if.expression"]],
  [{ expression: "return true" }, ["CODE_INVALID if.expression"]],
  [{ expression: "a; b" }, ["CODE_INVALID if.expression"]],
  [{ expression: "true", timeoutMs: 20_000 }, ["FIELD_RANGE if.timeoutMs"]],
  [{ expression: "nodes.yes.output" }, ["NODE_NOT_UPSTREAM if.expression"]],
  [{ expression: "true", code: "1" }, ["FIELD_UNKNOWN if.code"]],
] as [Node["data"], string[]][])("the fields %j have the faults %p", (data, expected) => {
  const { nodes, edges } = forked("true");
  const changed = nodes.map((one) => (one.id === "if" ? { ...one, data } : one));
  expect(listCodes({ nodes: changed, edges })).toEqual(expected);
});
