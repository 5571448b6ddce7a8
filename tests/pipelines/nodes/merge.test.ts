import { expect, test } from "bun:test";
import type { Json } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import {
  condition,
  createEchoHost,
  listCodes,
  merge,
  pipelineOf,
  runData,
  transform,
} from "../fixtures";

/** in → a and b → all → out. */
const joined = (data: { [key: string]: Json }, values: [string, string]) =>
  pipelineOf({
    nodes: [
      transform("a", `return ${values[0]}`),
      transform("b", `return ${values[1]}`),
      merge("all", ["a", "b"], data),
    ],
    edges: ["in>a", "in>b", "a>all", "b>all", "all>out"],
    mapping: "{{nodes.all.output}}",
  });

test.each([
  [{}, ["[1, [2]]", "3"], [1, [2], 3]],
  [{ strategy: "concat" }, ["1", "null"], [1, null]],
  [{ strategy: "object" }, ["1", "[2]"], { a: 1, b: [2] }],
  [{ strategy: "first_non_null" }, ["null", "0"], 0],
  [{ strategy: "first_non_null" }, ["null", "null"], null],
] as const)("%j of %j gives %j", async (data, values, output) => {
  const [a, b] = values;
  const result = await runPipeline(createEchoHost(), runData(joined(data, [a, b])));
  expect<Json>(result.output).toEqual(structuredClone(output) as Json);
});

/** An if/else whose ways meet in a merge, beside an edge that is live always. */
const forked = (sources: string[]) =>
  pipelineOf({
    nodes: [
      condition("if", "{{input}}"),
      transform("yes", "return 'yes'"),
      transform("no", "return 'no'"),
      transform("more", "return 'more'"),
      merge("join", sources, { strategy: "object" }),
    ],
    edges: ["in>if", "if>yes:true", "if>no:false", "yes>more", "no>join", "more>join", "join>out"],
    mapping: "{{nodes.join.output}}",
  });

test("a merge does not wait for a skipped source, which reads as null", async () => {
  const data = runData(forked(["more", "no"]), { input: false });
  const result = await runPipeline(createEchoHost(), data);
  expect(result.output).toEqual({ more: null, no: "no" });
});

test("a merge whose sources were all skipped is skipped, though another edge is live", async () => {
  const data = runData(forked(["yes", "more"]), { input: false });
  const result = await runPipeline(createEchoHost(), data);
  expect(result.steps.find((step) => step.nodeId === "join")?.status).toBe("skipped");
  expect(result).toMatchObject({ status: "completed", output: null });
});

test.each([
  [[], "FIELD_REQUIRED join.sources"],
  [["yes", "mroe"], "NODE_UNKNOWN join.sources"],
  [["yes", "out"], "NODE_NOT_UPSTREAM join.sources"],
  [["join"], "NODE_SELF join.sources"],
  [["yes", "yes"], "NODE_REPEATED join.sources"],
])("sources %j are refused with %s", (sources, code) => {
  expect(listCodes(forked(sources))).toEqual([code]);
});
