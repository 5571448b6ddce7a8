import { expect, test } from "bun:test";
import type { Node } from "../../../src/pipelines/pipelines.schema";
import type { ToolCall } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import { ToolError } from "../../../src/tools/tool";
import { createEchoHost, listCodes, node, NOTHING, pipelineOf, runData } from "../fixtures";

const calling = (data: Node["data"]) =>
  pipelineOf({
    nodes: [node({ id: "t", type: "tool_call", data: { toolId: "tool_post", ...data } })],
    edges: ["in>t", "t>out"],
    mapping: "{{nodes.t.output}}",
  });

test("the tool gets its parameters with their types, and its answer is the output", async () => {
  const calls: ToolCall[] = [];
  const host = createEchoHost({
    callTool: async (call) => {
      calls.push(call);
      call.onRetry?.({ attempt: 1, code: "TOOL_ERROR", httpStatus: 503, delayMs: 20 });
      return { output: { id: 7 }, status: 201 };
    },
  });
  const parameterMapping = [
    { key: "n", value: "{{input.n}}" },
    { key: "text", value: "n is {{input.n}}" },
  ];
  const data = runData(calling({ parameterMapping }), { input: { n: 3 } });
  const result = await runPipeline(host, data);
  expect(result.output).toEqual({ id: 7 });
  expect(calls).toMatchObject([
    {
      toolId: "tool_post",
      agent: 1,
      params: { n: 3, text: "n is 3" },
      idempotencyKey: "exec_1/t//0",
    },
  ]);
  expect(result.steps.find((step) => step.nodeId === "t")).toMatchObject({
    input: { toolId: "tool_post", parameters: { n: 3, text: "n is 3" } },
    logs: ["Attempt 1 failed: TOOL_ERROR with status 503; the next one follows after 20 ms."],
  });
  expect(host.starts.map(({ start }) => start.kind)).toEqual(["tool"]);
});

test("a failure is the step's, with the tool's status", async () => {
  const host = createEchoHost({
    callTool: () => Promise.reject(new ToolError("TOOL_ERROR", { httpStatus: 404 })),
  });
  const result = await runPipeline(host, runData(calling({})));
  expect(result.error).toMatchObject({ code: "TOOL_ERROR", status: 404, nodeId: "t" });
});

test.each([
  ["tool_post", "interrupted"],
  ["tool_get", "completed"],
])("a call of %s that an earlier attempt began leaves the execution %s", async (toolId, status) => {
  let calls = 0;
  const host = createEchoHost({
    callTool: async () => {
      calls += 1;
      return { output: "sent", status: 200 };
    },
  });
  const recorded = { ...NOTHING, started: new Set(["t//0"]) };
  // Not even `onError` goes on from what nobody knows.
  const pipeline = calling({ toolId, onError: "continue" });
  const result = await runPipeline(host, runData(pipeline, { recorded, attempt: 2 }));
  expect<string>(result.status).toBe(status);
  expect(calls).toBe(status === "completed" ? 1 : 0);
  if (status === "interrupted") {
    expect(result.error).toMatchObject({ code: "EFFECT_UNKNOWN", nodeId: "t" });
  }
});

test.each<[Node["data"], string]>([
  [{ toolId: "" }, "FIELD_REQUIRED t.toolId"],
  [{ toolId: "tool_none" }, "TOOL_UNKNOWN t.toolId"],
  [{ parameterMapping: 7 }, "FIELD_TYPE t.parameterMapping"],
  [{ parameterMapping: { a: "{{nodes.t.output}}" } }, "NODE_SELF t.parameterMapping"],
])("%j is refused with %s", (data, code) => {
  expect(listCodes(calling(data))).toEqual([code]);
});
