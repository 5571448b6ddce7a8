// Talks with a model that asks for tools: rounds, journal, resume, and what fails.

import { describe, expect, test } from "bun:test";
import type {
  EffectEnd,
  ModelAnswer,
  ModelCall,
  ModelToolCall,
  ToolCall,
} from "../../../src/pipelines/record";
import { effectName } from "../../../src/pipelines/record";
import type { RunDeps } from "../../../src/pipelines/run";
import { runPipeline } from "../../../src/pipelines/run";
import { ToolError } from "../../../src/tools/tool";
import { answer, CAPS, createTestHost, listCodes, llm, NOTHING } from "../fixtures";
import { pipelineOf, runData } from "../fixtures";

const asking = (data: Parameters<typeof llm>[1] = {}) =>
  pipelineOf({
    nodes: [llm("llm", { providerId: "paid", toolIds: ["tool_get"], ...data })],
    edges: ["in>llm", "llm>out"],
    mapping: "{{nodes.llm.output}}",
  });

const asks = (...calls: Partial<ModelToolCall>[]): ModelAnswer =>
  answer("wait", {
    toolCalls: calls.map((call, index) => ({
      id: `c${index}`,
      name: "tool_get",
      input: {},
      ...call,
    })),
  });

/** A host whose model gives these answers in turn, and whose tool repeats what it is given. */
function createTalk(answers: ModelAnswer[], more: Partial<RunDeps> = {}) {
  const calls: ModelCall[] = [];
  const tools: ToolCall[] = [];
  const host = createTestHost({
    callModel: async (call) => answers[calls.push(call) - 1] ?? answer("no more"),
    callTool: async (call) => {
      tools.push(call);
      return { output: { got: call.params }, status: 200 };
    },
    ...more,
  });
  return { host, calls, tools };
}

describe("a model that asks for a tool", () => {
  test("is given what it answered, until it asks no more", async () => {
    const { host, calls, tools } = createTalk([
      asks({ input: { q: 1 } }, { input: { q: 2 } }),
      answer("done"),
    ]);
    const result = await runPipeline(host, runData(asking()));
    expect(result.output).toBe("done");
    expect(calls[0]).toMatchObject({ tools: [{ name: "tool_get" }], rounds: [] });
    expect(calls[1]?.rounds).toMatchObject([
      {
        text: "wait",
        calls: [
          { text: '{"got":{"q":1}}', isError: false },
          { text: '{"got":{"q":2}}', isError: false },
        ],
      },
    ]);
    expect(tools.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      "exec_1/llm//1",
      "exec_1/llm//2",
    ]);
    const step = result.steps.find(({ nodeId }) => nodeId === "llm");
    expect(step).toMatchObject({
      usage: { inputTokens: 6, outputTokens: 4, cachedTokens: 2 },
      cost: 0.5,
      toolCalls: [
        { toolId: "tool_get", arguments: { q: 1 }, result: '{"got":{"q":1}}', isError: false },
        { arguments: { q: 2 } },
      ],
    });
  });

  test("has a row in the journal for each of its calls and each of theirs", async () => {
    const { host } = createTalk([asks({}, {}), asks({}), answer("done")]);
    await runPipeline(host, runData(asking()));
    expect(host.ends.map((end) => `${end.kind} ${end.call}`)).toEqual([
      "model 0",
      "tool 1",
      "tool 2",
      "model 3",
      "tool 4",
      "model 5",
    ]);
  });

  test("repeats none of them after a crash", async () => {
    const first = createTalk([asks({ input: { q: 1 } }), answer("done")]);
    await runPipeline(first.host, runData(asking()));
    const ends = first.host.ends.slice(0, 2);
    const named = (list: EffectEnd[]) => list.map((end) => [effectName(end), end] as const);
    const recorded = { ...NOTHING, effects: new Map(named(ends)) };
    const again = createTalk([answer("done again")]);
    const result = await runPipeline(again.host, runData(asking(), { recorded, attempt: 2 }));
    expect(again.tools).toEqual([]);
    expect(again.calls).toHaveLength(1);
    expect(again.calls[0]).toMatchObject({
      idempotencyKey: "exec_1/llm//2",
      rounds: [{ calls: [{ text: '{"got":{"q":1}}' }] }],
    });
    expect(result).toMatchObject({ output: "done again", usage: { inputTokens: 6 } });
  });

  test("is told of a tool that failed, and of one that is not there", async () => {
    const { host, calls } = createTalk([asks({}, { name: "rm_rf" }), answer("sorry")], {
      callTool: () => Promise.reject(new ToolError("TOOL_ERROR", { httpStatus: 500 })),
    });
    const result = await runPipeline(host, runData(asking()));
    expect(result.output).toBe("sorry");
    expect(calls[1]?.rounds?.[0]?.calls.map(({ text, isError }) => [text, isError])).toEqual([
      ["TOOL_ERROR: The tool answered with a failure.", true],
      ["There is no tool of that name.", true],
    ]);
  });

  test("fails the step where it never stops asking", async () => {
    const { host, calls } = createTalk(Array.from({ length: 9 }, () => asks({})));
    const result = await runPipeline(host, runData(asking({ maxToolRounds: 3 })));
    expect(result.error).toMatchObject({ code: "TOOL_ROUND_LIMIT", nodeId: "llm" });
    expect(calls).toHaveLength(4);
  });

  test("counts against the execution's tool calls, however many it asks for at once", async () => {
    const many = asks(...Array.from({ length: 100 }, () => ({})));
    const { host, tools } = createTalk([many], { caps: { ...CAPS, toolCalls: 20 } });
    const result = await runPipeline(host, runData(asking({ onError: "continue" })));
    expect(result.error).toMatchObject({ code: "TOOL_CALL_LIMIT" });
    expect(tools.length).toBeLessThanOrEqual(20);
  });

  test("is stopped between rounds once it has used too many tokens", async () => {
    const { host, calls } = createTalk([asks({}), answer("done")], {
      caps: { ...CAPS, tokens: 4 },
    });
    const result = await runPipeline(host, runData(asking()));
    expect(result.error).toMatchObject({ code: "TOKEN_LIMIT" });
    expect(calls).toHaveLength(1);
  });

  test("ends as interrupted where nobody knows whether its tool was called", async () => {
    const { host, tools } = createTalk([asks({ name: "tool_post" })]);
    const recorded = { ...NOTHING, started: new Set(["llm//0", "llm//1"]) };
    const pipeline = asking({ toolIds: ["tool_post"] });
    const result = await runPipeline(host, runData(pipeline, { recorded, attempt: 2 }));
    expect(result.status).toBe("interrupted");
    expect(tools).toEqual([]);
  });

  test("is not asked with a tool that is gone", async () => {
    const { host, calls } = createTalk([answer("x")], { describeTool: () => null });
    const result = await runPipeline(host, runData(asking()));
    expect(result.error).toMatchObject({ code: "TOOL_MISSING" });
    expect(calls).toEqual([]);
  });

  test("knows two tools of one name apart", async () => {
    const { host, calls } = createTalk([answer("x")], {
      describeTool: () => ({ name: "same", description: "", parameters: {} }),
    });
    await runPipeline(host, runData(asking({ toolIds: ["tool_get", "tool_post"] })));
    expect(calls[0]?.tools?.map(({ name }) => name)).toEqual(["same", "same_1"]);
  });
});

describe("a model that is asked for an object", () => {
  const outputSchema = {
    type: "object",
    properties: { n: { type: "integer" } },
    required: ["n"],
  };

  test.each([
    ['{"n":3}', { n: 3 }],
    ['```json\n{"n":4}\n```', { n: 4 }],
  ])("that answers %j gives %j", async (text, output) => {
    const { host, calls } = createTalk([answer(text)]);
    const result = await runPipeline(host, runData(asking({ outputSchema, toolIds: [] })));
    expect(result.output).toEqual(output);
    expect(calls[0]?.outputSchema).toEqual(outputSchema);
  });

  test.each([
    ["no JSON", "is not JSON"],
    ['{"n":"x"}', "does not fit outputSchema at: /n."],
    ["{}", "does not fit outputSchema at: /n."],
  ])("that answers %j fails, and the step keeps the text", async (text, part) => {
    const { host } = createTalk([answer(text)]);
    const result = await runPipeline(host, runData(asking({ outputSchema, toolIds: [] })));
    expect(result.error?.code).toBe("MODEL_OUTPUT_INVALID");
    expect(result.error?.message).toContain(part);
    expect(result.steps.at(-1)).toMatchObject({ nodeId: "llm", status: "failed", output: text });
  });
});

test.each<[Parameters<typeof llm>[1], string]>([
  [{ toolIds: "tool_get" }, "FIELD_TYPE llm.toolIds"],
  [{ toolIds: ["tool_get", "tool_get"] }, "FIELD_TYPE llm.toolIds"],
  [{ toolIds: ["tool_none"] }, "TOOL_UNKNOWN llm.toolIds"],
  [{ maxToolRounds: 0 }, "FIELD_RANGE llm.maxToolRounds"],
  [{ outputSchema: { type: "x" } }, "SCHEMA_INVALID llm.outputSchema"],
])("%j is refused with %s", (data, code) => {
  expect(listCodes(asking(data))).toEqual([code]);
});
