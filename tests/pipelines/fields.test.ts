import { expect, test } from "bun:test";
import type { Json } from "../../src/pipelines/record";
import { listCodes, llm, node, pipelineOf, validate } from "./fixtures";

const withLlm = (data: { [key: string]: Json }) =>
  pipelineOf({ nodes: [llm("llm", data)], edges: ["in>llm", "llm>out"] });

const bare = (data: { [key: string]: Json }) =>
  pipelineOf({
    nodes: [node({ id: "llm", type: "llm_call", data })],
    edges: ["in>llm", "llm>out"],
  });

const VALUES: [string, Json, string | null][] = [
  ["model", "gpt", null],
  ["model", "", null],
  ["model", 5, "FIELD_TYPE"],
  ["model", null, "FIELD_TYPE"],
  ["model", "m".repeat(201), "FIELD_TYPE"],
  ["systemPrompt", "", null],
  ["systemPrompt", "You are {{input.role}}.", null],
  ["systemPrompt", "{{role}}", "SOURCE_UNKNOWN"],
  ["systemPrompt", 5, "FIELD_TYPE"],
  ["temperature", 0, null],
  ["temperature", 2, null],
  ["temperature", 2.01, "FIELD_RANGE"],
  ["temperature", -0.1, "FIELD_RANGE"],
  ["temperature", "0.5", "FIELD_TYPE"],
  ["temperature", null, "FIELD_TYPE"],
  ["maxTokens", 1, null],
  ["maxTokens", 1_000_000, null],
  ["maxTokens", 0, "FIELD_RANGE"],
  ["maxTokens", 1_000_001, "FIELD_RANGE"],
  ["maxTokens", 1.5, "FIELD_TYPE"],
  ["timeoutMs", 600_000, null],
  ["timeoutMs", 600_001, "FIELD_RANGE"],
  ["timeoutMs", 0, "FIELD_RANGE"],
  ["retries", 0, null],
  ["retries", 2, null],
  ["retries", 3, "FIELD_RANGE"],
  ["retries", -1, "FIELD_RANGE"],
  ["retries", 0.5, "FIELD_TYPE"],
  ["providerId", "paid", null],
  ["providerId", "gone", "PROVIDER_UNKNOWN"],
  ["providerId", "", "FIELD_REQUIRED"],
  ["providerId", 7, "FIELD_TYPE"],
  ["userPromptTemplate", "plain", null],
  ["userPromptTemplate", "", "FIELD_REQUIRED"],
  ["userPromptTemplate", { a: 1 }, "FIELD_TYPE"],
  ["userPromptTemplate", "{{input", "EXPRESSION_UNCLOSED"],
  ["userPromptTemplate", "{{nodes.llm.output}}", "NODE_SELF"],
  ["userPromptTemplate", "{{nodes.out.output}}", "NODE_NOT_UPSTREAM"],
  ["userPromptTemplate", "{{nodes.in.output.x}}", null],
  ["userPromptTemplate", "{{nodes.zzz.output}}", "NODE_UNKNOWN"],
  ["userPromptTemplate", "{{loop.item}}", "LOOP_OUTSIDE"],
];

test.each(VALUES)("%s of an llm_call with %j gives %p", (field, value, code) => {
  expect(listCodes(withLlm({ [field]: value }))).toEqual(
    code === null ? [] : [`${code} llm.${field}`],
  );
});

test("all missing fields are named at once", () => {
  expect(listCodes(bare({}))).toEqual([
    "FIELD_REQUIRED llm.providerId",
    "FIELD_REQUIRED llm.userPromptTemplate",
  ]);
});

const MAPPINGS: [Json, string | null][] = [
  ["", null],
  ["{{input}}", null],
  [{ a: ["{{nodes.in.output}}", 1, null, true] }, null],
  [[], null],
  [7, "FIELD_TYPE"],
  [null, "FIELD_TYPE"],
  ["{{nodes.out.output}}", "NODE_SELF"],
];

test.each(MAPPINGS)("the mapping %j of an output gives %p", (mapping, code) => {
  const nodes = [
    node({ id: "in", type: "input" }),
    node({ id: "out", type: "output", data: { mapping } }),
  ];
  const pipeline = { nodes, edges: pipelineOf({ edges: ["in>out"] }).edges };
  expect(listCodes(pipeline)).toEqual(code === null ? [] : [`${code} out.mapping`]);
});

test("an output without a mapping says what belongs there", () => {
  const nodes = [node({ id: "in", type: "input" }), node({ id: "out", type: "output" })];
  const { faults } = validate({ nodes, edges: pipelineOf({ edges: ["in>out"] }).edges });
  expect(faults).toEqual([
    {
      nodeId: "out",
      field: "mapping",
      code: "FIELD_REQUIRED",
      message: "mapping is required: a template, or an object or array of templates.",
    },
  ]);
});

test("a fault inside a mapping has the pointer of its string", () => {
  const { faults } = validate(
    pipelineOf({ edges: ["in>out"], mapping: { a: [{ b: "{{nodes.x.output}}" }] } }),
  );
  expect(faults).toMatchObject([
    { nodeId: "out", field: "mapping", path: "/a/0/b", code: "NODE_UNKNOWN" },
  ]);
});

test("at most 20 faults of one field are named", () => {
  const many = (text: string) => Array.from({ length: 200 }, () => text);
  expect(
    listCodes(pipelineOf({ edges: ["in>out"], mapping: many("{{nodes.x.output}}") })),
  ).toHaveLength(20);
  expect(
    listCodes(
      withLlm({
        userPromptTemplate: Array.from(
          { length: 99 },
          (_, index) => `{{nodes.x${index}.output}}`,
        ).join(""),
      }),
    ),
  ).toHaveLength(20);
});

test("an input schema that does not compile is a fault of the field, with its place", () => {
  const { faults } = validate(
    pipelineOf({ edges: ["in>out"], schema: { properties: { a: { type: "x" } } } }),
  );
  expect(faults).toMatchObject([
    { nodeId: "in", field: "schema", path: "/properties/a/type", code: "SCHEMA_INVALID" },
  ]);
});
