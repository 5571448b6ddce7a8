import { expect, test } from "bun:test";
import type { Pipeline } from "../../../src/pipelines/pipelines.schema";
import { edge, listCodes, llm, node, pipelineOf, validate } from "../fixtures";

const input = node({ id: "in", type: "input" });
const output = node({ id: "out", type: "output", data: { mapping: "x" } });

const CASES: [string, Pipeline, string[]][] = [
  ["nothing", { nodes: [], edges: [] }, ["INPUT_MISSING", "OUTPUT_MISSING"]],
  ["no input", { nodes: [output], edges: [] }, ["INPUT_MISSING"]],
  ["no output", { nodes: [input], edges: [] }, ["OUTPUT_MISSING"]],
  [
    "two inputs",
    { nodes: [input, { ...input, id: "in2" }, output], edges: [edge("in>out"), edge("in2>out")] },
    ["INPUT_DUPLICATE in2"],
  ],
  [
    "two outputs",
    { nodes: [input, output, { ...output, id: "out2" }], edges: [edge("in>out"), edge("in>out2")] },
    ["OUTPUT_DUPLICATE out2"],
  ],
  ["an output that nothing leads to", pipelineOf({ edges: [] }), ["OUTPUT_UNREACHABLE out"]],
  [
    "a node that nothing leads to",
    pipelineOf({ nodes: [llm("a")], edges: ["in>out", "a>out"] }),
    ["NODE_UNREACHABLE a"],
  ],
  [
    "unknown ends",
    pipelineOf({ edges: ["in>out", "inn>out", "in>ot"] }),
    ["EDGE_END_UNKNOWN inn-out.source", "EDGE_END_UNKNOWN in-ot.target"],
  ],
  [
    "two nodes with one id",
    pipelineOf({ nodes: [llm("a"), llm("a")], edges: ["in>a", "a>out"] }),
    ["ID_DUPLICATE a.id"],
  ],
  [
    "two edges with one id",
    { nodes: [input, output], edges: [edge("in>out"), edge("in>out")] },
    ["ID_DUPLICATE in-out.id"],
  ],
  [
    "an odd id",
    { nodes: [input, { ...output, id: "1 out" }], edges: [{ ...edge("in>out"), target: "1 out" }] },
    ["ID_INVALID id"],
  ],
  [
    "a cycle",
    pipelineOf({ nodes: [llm("a"), llm("b")], edges: ["in>a", "a>b", "b>a", "b>out"] }),
    ["CYCLE a"],
  ],
  [
    "a node that feeds itself",
    pipelineOf({ nodes: [llm("a")], edges: ["in>a", "a>a", "a>out"] }),
    ["CYCLE a"],
  ],
  [
    "two cycles",
    pipelineOf({ nodes: [llm("a"), llm("b")], edges: ["in>a", "in>b", "a>a", "b>b", "b>out"] }),
    ["CYCLE a", "CYCLE b"],
  ],
];

test.each(CASES)("%s is named", (_, pipeline, expected) => {
  expect(listCodes(pipeline)).toEqual(expected);
  expect(validate(pipeline).compiled).toBeNull();
});

test("the message of a cycle names its nodes in order", () => {
  const nodes = [llm("a"), llm("b"), llm("c")];
  const { faults } = validate(pipelineOf({ nodes, edges: ["in>a", "a>b", "b>c", "c>a", "c>out"] }));
  expect(faults[0]?.message).toContain("a → b → c → a");
});

test("of a long cycle the first nodes are named", () => {
  const nodes = Array.from({ length: 30 }, (_, index) => llm(`n${index}`));
  const edges = nodes.map((_, index) => `n${index}>n${(index + 1) % 30}`);
  const { faults } = validate(pipelineOf({ nodes, edges: ["in>n0", "n29>out", ...edges] }));
  expect(faults[0]?.message).toContain("n9 → …");
  expect(faults[0]?.message).not.toContain("n10");
});

test("an unknown end gets the name that was meant", () => {
  const { faults } = validate(
    pipelineOf({ nodes: [llm("summary")], edges: ["in>summary", "in>out", "sumary>out"] }),
  );
  expect(faults[0]?.message).toBe('There is no node "sumary". Did you mean "summary"?');
});

test("nodes side by side, dead ends and edges after the output are no faults", () => {
  const nodes = [llm("a"), llm("b"), llm("c"), llm("after")];
  const edges = ["in>a", "in>b", "in>c", "a>out", "b>out", "out>after"];
  expect(listCodes(pipelineOf({ nodes, edges }))).toEqual([]);
});
