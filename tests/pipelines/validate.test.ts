import { expect, test } from "bun:test";
import { DEFAULT_LIMITS } from "../../src/pipelines/pipelines.schema";
import type { Json } from "../../src/pipelines/record";
import { validatePipeline } from "../../src/pipelines/validate";
import { compile, edge, listCodes, llm, node, pipelineOf, transform, validate } from "./fixtures";

const chain = (data: { [key: string]: Json }) =>
  pipelineOf({ nodes: [llm("llm", data)], edges: ["in>llm", "llm>out"] });

test("a valid pipeline compiles, in topological order", () => {
  const nodes = [llm("b"), llm("a", { providerId: "paid" })];
  const compiled = compile(pipelineOf({ nodes, edges: ["in>a", "a>b", "b>out"] }));
  expect(compiled.nodes.map((one) => one.id)).toEqual(["in", "a", "b", "out"]);
  expect([compiled.inputNodeId, compiled.outputNodeId]).toEqual(["in", "out"]);
  expect(compiled.providerIds.toSorted()).toEqual(["echo", "paid"]);
});

test("everything that is wrong is told at once", () => {
  const nodes = [llm("a", { temperature: 9, modle: "x" }), llm("b", { providerId: "gone" })];
  const pipeline = pipelineOf({ nodes, edges: ["in>a", "in>x"], mapping: "{{nodes.a.output}}" });
  expect(listCodes(pipeline).toSorted()).toEqual([
    "EDGE_END_UNKNOWN in-x.target",
    "FIELD_RANGE a.temperature",
    "FIELD_UNKNOWN a.modle",
    "NODE_NOT_UPSTREAM out.mapping",
    "NODE_UNREACHABLE b",
    "OUTPUT_UNREACHABLE out",
    "PROVIDER_UNKNOWN b.providerId",
  ]);
});

test("a misspelt field gets the name that was meant", () => {
  const { faults } = validate(chain({ temprature: 1 }));
  expect(faults).toEqual([
    {
      nodeId: "llm",
      field: "temprature",
      code: "FIELD_UNKNOWN",
      message: '"temprature" is not a field of llm_call. Did you mean "temperature"?',
    },
  ]);
});

test("a field that is like none lists those that there are", () => {
  const { faults } = validate(pipelineOf({ edges: ["in>out"], mapping: "x" }));
  expect(faults).toEqual([]);
  const nodes = [node({ id: "in", type: "input", data: { zzzzzz: 1 } }), llm("out")];
  expect(validate({ nodes, edges: [] }).faults.map((fault) => fault.message)).toContain(
    '"zzzzzz" is not a field of input. Fields are schema.',
  );
});

test("long names and many names of unknown fields are not repeated", () => {
  const data = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`f${index}${"x".repeat(300)}`, 1]),
  );
  const { faults } = validate(chain(data));
  expect(faults).toHaveLength(20);
  expect(JSON.stringify(faults).length).toBeLessThan(10_000);
});

test.each([
  ["continue", []],
  ["fail", ["FIELD_TYPE llm.onError"]],
  [true, ["FIELD_TYPE llm.onError"]],
  [null, ["FIELD_TYPE llm.onError"]],
] as [Json, string[]][])("onError %j of an llm_call has the faults %p", (onError, expected) => {
  expect(listCodes(chain({ onError }))).toEqual(expected);
});

test.each(["input", "output"] as const)(
  "onError is no field of an %s, which an execution cannot go on without",
  (type) => {
    const data = { mapping: "x", onError: "continue" };
    const { faults } = validate({ nodes: [node({ id: "x", type, data })], edges: [] });
    expect(faults.filter((fault) => fault.field === "onError")).toMatchObject([
      { nodeId: "x", code: "FIELD_UNKNOWN" },
    ]);
  },
);

test.each([
  ["pattern", "^a"],
  ["patternProperties", { "^a": {} }],
  ["format", "email"],
  ["uniqueItems", true],
])("a schema with %s is handed to the sandbox as it is, with the input", (keyword, value) => {
  const schema = { properties: { a: { [keyword]: value } } };
  const { checkInput } = compile(pipelineOf({ edges: ["in>out"], schema }));
  const asked: unknown[] = [];
  const answer = Promise.resolve([]);
  const given = checkInput({ a: 1 }, (data) => (asked.push(data), answer));
  expect(given).toBe(answer);
  expect(asked).toEqual([{ schema: JSON.stringify(schema), value: { a: 1 } }]);
});

/** Of schemas that need none. */
const noSandbox = (): never => {
  throw new Error("the sandbox was asked");
};

test("a handle on an edge of a node without handles is a fault of the edge", () => {
  const { faults } = validate(pipelineOf({ edges: ["in>out:true"] }));
  expect(faults).toMatchObject([
    { edgeId: "in-out-true", field: "sourceHandle", code: "HANDLE_UNKNOWN" },
  ]);
});

test("inputs are checked against the input node's schema, and pass where there is none", () => {
  const strict = compile(pipelineOf({ edges: ["in>out"], schema: { required: ["number"] } }));
  expect(strict.checkInput({ number: 1 }, noSandbox)).toEqual([]);
  expect(strict.checkInput({}, noSandbox)).toMatchObject([{ path: "/number", code: "REQUIRED" }]);
  expect(compile(pipelineOf({ edges: ["in>out"] })).checkInput(7, noSandbox)).toEqual([]);
});

test("limits are inclusive, and beyond them no other fault is looked for", () => {
  const pipeline = pipelineOf({ nodes: [llm("a", { nonsense: 1 })], edges: ["in>a", "a>out"] });
  const bytes = Buffer.byteLength(JSON.stringify(pipeline));
  const codes = (limits: object) =>
    validatePipeline(
      {
        providerExists: () => true,
        toolExists: () => true,
        findAgentFault: () => null,
        limits: { ...DEFAULT_LIMITS, ...limits },
      },
      pipeline,
    ).faults.map(({ code, field }) => `${code} ${field}`);
  expect(codes({ maxNodes: 3, maxEdges: 2, maxBytes: bytes })).toEqual(["FIELD_UNKNOWN nonsense"]);
  expect(codes({ maxNodes: 2, maxEdges: 1, maxBytes: bytes - 1 })).toEqual([
    "PIPELINE_TOO_LARGE nodes",
    "PIPELINE_TOO_LARGE edges",
    "PIPELINE_TOO_LARGE pipeline",
  ]);
});

test("a pipeline at all limits is checked, faults and all, without a long wait", () => {
  const nodes = Array.from({ length: 98 }, (_, index) =>
    llm(`node-with-a-long-name-${index}`, {
      userPromptTemplate: `{{nodes.node-with-a-long-nam-${index}.output}}`.repeat(20),
      [`unknown${index}`]: 1,
    }),
  );
  const edges = Array.from({ length: 500 }, (_, index) =>
    edge(`node-with-a-long-name-${index % 98}>nope${index}`),
  );
  const pipeline = { ...pipelineOf({ nodes, edges: [] }), edges };
  const { faults, compiled } = validate(pipeline);
  expect(compiled).toBeNull();
  expect(faults.length).toBeGreaterThan(500);
});

test("more than 2,000 template expressions are refused before any is read", () => {
  const withExpressions = (count: number) => {
    const userPromptTemplate = "{{input}}".repeat(count);
    const nodes = [llm("llm", { userPromptTemplate })];
    return validate(pipelineOf({ nodes, edges: ["in>llm", "llm>out"], mapping: "x" })).faults;
  };
  expect(withExpressions(2_000)).toEqual([]);
  expect(withExpressions(2_001)).toMatchObject([{ code: "PIPELINE_TOO_LARGE", field: "pipeline" }]);
});

test("the codes of a pipeline have 100,000 characters together, whatever else their fields hold", () => {
  const withCodes = (...codes: string[]) => {
    const nodes = codes.map((code, index) => transform(`t${index}`, code));
    const edges = codes.flatMap((_, index) => [`in>t${index}`, `t${index}>out`]);
    return validate(pipelineOf({ nodes, edges, mapping: "x" })).faults;
  };
  const code = `return 1;${" ".repeat(49_991)}`;
  expect(withCodes(code, code)).toEqual([]);
  const message = "A pipeline has at most 100000 characters of code; make it smaller.";
  expect(withCodes(code, code, "return 1")).toEqual([
    { field: "pipeline", code: "PIPELINE_TOO_LARGE", message },
  ]);
});

test("no message repeats a value that was sent", () => {
  const secret = "CANARY-7f3a";
  const data = {
    providerId: secret,
    temperature: secret,
    model: [secret],
    userPromptTemplate: { secret },
  };
  const pipeline = pipelineOf({
    nodes: [llm("a", data)],
    edges: ["in>a", "a>out"],
    schema: { type: secret },
  });
  expect(listCodes(pipeline)).toHaveLength(5);
  expect(JSON.stringify(validate(pipeline))).not.toContain(secret);
});
