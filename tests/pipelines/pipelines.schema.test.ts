import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { defaultPipeline } from "../../src/pipelines/defaults";
import { PipelineSchema } from "../../src/pipelines/pipelines.schema";
import { NODE_TYPES } from "../../src/vocabulary";

const isPipeline = (value: unknown): boolean => Value.Check(PipelineSchema, value);
const node = { id: "a", type: "merge", data: {} };
const edge = { id: "e", source: "a", target: "b" };

test("every node type of the contract has the wire shape", () => {
  const nodes = NODE_TYPES.map((type) => ({ id: "a", type, data: { anything: [1] } }));
  expect(isPipeline({ nodes, edges: [edge] })).toBe(true);
});

test("a label, a position and a handle may be given", () => {
  const more = { label: "A", position: { x: -1.5, y: 2 } };
  const handle = { sourceHandle: "true", label: "yes" };
  expect(isPipeline({ nodes: [{ ...node, ...more }], edges: [{ ...edge, ...handle }] })).toBe(true);
});

test.each([
  ["no edges", { nodes: [] }],
  ["an unknown key", { nodes: [], edges: [], more: 1 }],
  ["an unknown key of a node", { nodes: [{ ...node, more: 1 }], edges: [] }],
  ["an unknown key of an edge", { nodes: [], edges: [{ ...edge, more: 1 }] }],
  [
    "an unknown key of a position",
    { nodes: [{ ...node, position: { x: 0, y: 0, z: 0 } }], edges: [] },
  ],
  ["an unknown node type", { nodes: [{ ...node, type: "agent" }], edges: [] }],
  ["a node without data", { nodes: [{ id: "a", type: "merge" }], edges: [] }],
  ["data that is an array", { nodes: [{ ...node, data: [] }], edges: [] }],
  ["an id that starts with a digit", { nodes: [{ ...node, id: "1a" }], edges: [] }],
  ["an id of 65 characters", { nodes: [{ ...node, id: "a".repeat(65) }], edges: [] }],
  ["an edge without a target", { nodes: [], edges: [{ id: "e", source: "a" }] }],
])("%s is not the wire shape", (_, value) => {
  expect(isPipeline(value)).toBe(false);
});

test("the default pipeline has the wire shape", () => {
  expect(isPipeline(defaultPipeline())).toBe(true);
});
