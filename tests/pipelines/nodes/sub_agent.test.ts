import { expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import type { Node } from "../../../src/pipelines/pipelines.schema";
import type { AgentCall } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import { createEchoHost, listCodes, node, pipelineOf, runData } from "../fixtures";

const calling = (data: Node["data"]) =>
  pipelineOf({
    nodes: [node({ id: "sub", type: "sub_agent", data: { agentId: "agt_other", ...data } })],
    edges: ["in>sub", "sub>out"],
    mapping: "{{nodes.sub.output}}",
  });

test("the call is named after its step, and its start and end are recorded", async () => {
  const calls: AgentCall[] = [];
  const usage = { inputTokens: 7, outputTokens: 5, cachedTokens: 1 };
  const host = createEchoHost({
    callAgent: async (call) => {
      calls.push(call);
      return { executionId: "exec_2", output: ["done"], usage, cost: 0.5 };
    },
  });
  const data = runData(calling({ inputMapping: { a: "{{input}}", b: [1] } }), { input: "x" });
  const result = await runPipeline(host, data);
  expect(result).toMatchObject({ output: ["done"], usage, cost: 0.5 });
  expect(calls).toMatchObject([
    { callId: "exec_1/sub//0", agentId: "agt_other", input: { a: "x", b: [1] } },
  ]);
  expect(host.starts.map(({ start }) => start.kind)).toEqual(["sub_agent"]);
  expect(host.ends).toMatchObject([{ kind: "sub_agent", result: { executionId: "exec_2" } }]);
  // What the other agent used is counted by its own execution.
  expect(calls[0]?.counts).toMatchObject({ tokens: 0, cost: 0 });
});

test("a failure is the step's, and is gone on from where the node says so", async () => {
  const host = createEchoHost({
    callAgent: () => Promise.reject(new AppError("SUB_AGENT_UNAVAILABLE")),
  });
  const failed = await runPipeline(host, runData(calling({})));
  expect(failed.error).toMatchObject({ code: "SUB_AGENT_UNAVAILABLE", nodeId: "sub" });
  const gone = await runPipeline(host, runData(calling({ onError: "continue" })));
  expect(gone).toMatchObject({ status: "completed", output: null });
});

test.each<[Node["data"], string]>([
  [{ agentId: "" }, "FIELD_REQUIRED sub.agentId"],
  [{ agentId: "agt_gone" }, "AGENT_UNKNOWN sub.agentId"],
  [{ agentId: "agt_off" }, "AGENT_INACTIVE sub.agentId"],
  [{ agentId: "agt_self" }, "AGENT_CYCLE sub.agentId"],
  [{ agentId: "agt_deep" }, "AGENT_DEPTH sub.agentId"],
  [{ inputMapping: "{{input}}" }, "FIELD_TYPE sub.inputMapping"],
  [{ inputMapping: [{ value: 1 }] }, "FIELD_TYPE sub.inputMapping"],
  [
    {
      inputMapping: [
        { key: "a", value: 1 },
        { key: "a", value: 2 },
      ],
    },
    "FIELD_TYPE sub.inputMapping",
  ],
  [{ inputMapping: { a: "{{nodes.out.output}}" } }, "NODE_NOT_UPSTREAM sub.inputMapping"],
])("%j is refused with %s", (data, code) => {
  expect(listCodes(calling(data))).toEqual([code]);
});
