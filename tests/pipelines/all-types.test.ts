// A pipeline of a hundred nodes, all types mixed, and one that costs as little as one can.

import { expect, test } from "bun:test";
import type { Node } from "../../src/pipelines/pipelines.schema";
import { runPipeline } from "../../src/pipelines/run";
import { NODE_TYPES } from "../../src/vocabulary";
import {
  condition,
  createEchoHost,
  llm,
  loop,
  merge,
  node,
  parallel,
  pipelineOf,
  runData,
  transform,
} from "./fixtures";

/** Ten nodes that make 2x + 3 of the output x of the node before them. */
function section(before: string, k: number): { nodes: Node[]; edges: string[]; last: string } {
  const id = (name: string): string => `${name}${k}`;
  const pair = `{{nodes.${id("loop")}.output}}`;
  return {
    last: id("sum"),
    nodes: [
      condition(id("if"), "input.items.length === 2"),
      llm(id("yes"), { userPromptTemplate: `{{nodes.${before}.output}}` }),
      transform(id("no"), "return 'never'"),
      merge(id("either"), [id("yes"), id("no")], { strategy: "first_non_null" }),
      loop(id("loop"), "{{input.items}}", { concurrency: 2 }),
      transform(id("add"), `return loop.item + Number({{nodes.${id("either")}.output}})`),
      parallel(id("both"), [id("tool"), id("agent")]),
      node({
        id: id("tool"),
        type: "tool_call",
        data: { toolId: "tool_get", parameterMapping: { pair } },
      }),
      node({
        id: id("agent"),
        type: "sub_agent",
        data: { agentId: "agt_other", inputMapping: [{ key: "pair", value: pair }] },
      }),
      transform(
        id("sum"),
        `const [a, b] = {{nodes.${id("both")}.output}}; return a.pair[0] + b.pair[1]`,
      ),
    ],
    edges: [
      `${before}>${id("if")}`,
      `${id("if")}>${id("yes")}:true`,
      `${id("if")}>${id("no")}:false`,
      `${id("yes")}>${id("either")}`,
      `${id("no")}>${id("either")}`,
      `${id("either")}>${id("loop")}`,
      `${id("loop")}>${id("add")}:body`,
      `${id("loop")}>${id("both")}:done`,
      `${id("both")}>${id("tool")}`,
      `${id("both")}>${id("agent")}`,
      `${id("tool")}>${id("sum")}`,
      `${id("agent")}>${id("sum")}`,
    ],
  };
}

test("a hundred nodes of all types run to the expected result", async () => {
  const nodes: Node[] = [];
  const edges: string[] = [];
  let last = "start";
  nodes.push(transform("start", "return 1"));
  edges.push("in>start");
  for (let k = 0; k < 9; k += 1) {
    const more = section(last, k);
    nodes.push(...more.nodes);
    edges.push(...more.edges);
    last = more.last;
  }
  for (let k = 0; k < 7; k += 1) {
    nodes.push(transform(`tail${k}`, `return {{nodes.${last}.output}} + 1`));
    edges.push(`${last}>tail${k}`);
    last = `tail${k}`;
  }
  edges.push(`${last}>out`);
  const pipeline = pipelineOf({ nodes, edges, mapping: `{{nodes.${last}.output}}` });
  expect(pipeline.nodes).toHaveLength(100);
  expect(new Set(pipeline.nodes.map(({ type }) => type))).toEqual(new Set(NODE_TYPES));
  const host = createEchoHost();
  const result = await runPipeline(host, runData(pipeline, { input: { items: [1, 2] } }));
  let expected = 1;
  for (let k = 0; k < 9; k += 1) expected = 2 * expected + 3;
  expect(result).toMatchObject({ status: "completed", output: expected + 7 });
  const ran = result.steps.filter(({ status }) => status === "completed").length;
  const recorded = host.starts.flatMap(({ steps }) => steps);
  const skipped = [...recorded, ...result.steps].filter(({ status }) => status === "skipped");
  expect(skipped).toHaveLength(9);
  // Each node once, the loops' bodies twice, and one way of each condition.
  expect(ran + recorded.filter(({ status }) => status === "completed").length).toBe(100 + 9 - 9);
});

test("nodes without an outside effect ask for no commit of their own", async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const before = (index: number): string => ids[index - 1] ?? "in";
  const pipeline = pipelineOf({
    nodes: ids.map((id, index) =>
      llm(id, { userPromptTemplate: `{{nodes.${before(index)}.output}}.` }),
    ),
    edges: [...ids.map((id, index) => `${before(index)}>${id}`), "n7>out"],
    mapping: "{{nodes.n7.output}}",
  });
  const host = createEchoHost();
  const result = await runPipeline(host, runData(pipeline, { input: "x" }));
  expect(result.output).toBe("x........");
  expect([host.starts, host.ends]).toEqual([[], []]);
  expect(result.steps).toHaveLength(10);
});
