import { expect, test } from "bun:test";
import { runPipeline } from "../../src/pipelines/run";
import {
  answer,
  CAPS,
  createEchoHost,
  createTestHost,
  llm,
  loop,
  parallel,
  pipelineOf,
  runData,
  transform,
} from "./fixtures";

/** in → each(ask) → out, with `onError: "continue"` wherever it can be. */
const asking = (providerId: string) =>
  pipelineOf({
    nodes: [
      loop("each", "{{input}}", { onError: "continue" }),
      llm("ask", { providerId, onError: "continue" }),
    ],
    edges: ["in>each", "each>ask", "each>out:done"],
    mapping: "{{nodes.each.output}}",
  });

const items = [1, 2, 3];

test("one node run more than allowed fails the execution, whatever it would go on from", async () => {
  // in, each, three times ask, and out.
  const enough = createEchoHost({ caps: { ...CAPS, nodeRuns: 6 } });
  const data = runData(asking("echo"), { input: items });
  expect((await runPipeline(enough, data)).status).toBe("completed");
  const few = createEchoHost({ caps: { ...CAPS, nodeRuns: 4 } });
  const result = await runPipeline(few, data);
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "NODE_RUN_LIMIT", nodeId: "ask" },
  });
  expect(result.steps.map((step) => `${step.nodeId}/${step.iteration} ${step.status}`)).toEqual([
    "in/ completed",
    "ask/0 completed",
    "ask/1 completed",
    "each/ cancelled",
  ]);
});

test.each(["echo", "paid"])("one call of %s more than allowed is not made", async (providerId) => {
  const calls: string[] = [];
  const host = createTestHost({
    caps: { ...CAPS, modelCalls: 2 },
    callModel: async (call) => {
      calls.push(call.prompt);
      return answer("ok");
    },
  });
  const result = await runPipeline(host, runData(asking(providerId), { input: items }));
  expect(result.error).toMatchObject({ code: "MODEL_CALL_LIMIT", nodeId: "ask" });
  expect(calls).toHaveLength(2);
});

test.each([
  [{ tokens: 10 }, "TOKEN_LIMIT"],
  [{ cost: 0.5 }, "COST_LIMIT"],
])("beyond %j the execution fails with %s, once that much is used", async (caps, code) => {
  let calls = 0;
  const host = createTestHost({
    caps: { ...CAPS, ...caps },
    callModel: async () => {
      calls += 1;
      return answer("ok");
    },
  });
  const result = await runPipeline(host, runData(asking("paid"), { input: items }));
  expect(result).toMatchObject({ status: "failed", error: { code, nodeId: "ask" } });
  // Each call takes five tokens and costs 0.25.
  expect(calls).toBe(3);
});

test("a cap that one branch reaches ends the others, though the first to succeed would do", async () => {
  const pipeline = pipelineOf({
    nodes: [
      parallel("both", ["a", "b"], { aggregation: "first" }),
      llm("a", { providerId: "paid" }),
      llm("b", { providerId: "paid" }),
    ],
    edges: ["in>both", "both>a", "both>b", "a>out", "b>out"],
  });
  const host = createTestHost({ caps: { ...CAPS, modelCalls: 1 } });
  const result = await runPipeline(host, runData(pipeline));
  expect(result.error).toMatchObject({ code: "MODEL_CALL_LIMIT", nodeId: "b" });
  expect(result.steps.map((step) => `${step.nodeId} ${step.status}`)).toEqual([
    "b failed",
    "a cancelled",
    "both cancelled",
  ]);
});

test("steps that together hold more than 64 MiB fail the execution", async () => {
  const pipeline = pipelineOf({
    nodes: [
      loop("each", "{{input}}", { onError: "continue" }),
      transform("fill", "return 'x'.repeat(1000000)"),
      transform("none", "return null"),
    ],
    edges: ["in>each", "each>fill", "fill>none", "each>out:done"],
  });
  const input = Array.from({ length: 100 }, (_, index) => index);
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input }));
  expect(result.error).toMatchObject({ code: "TRACE_TOO_LARGE", nodeId: "fill" });
  expect(result.steps.filter((step) => step.nodeId === "fill")).toHaveLength(68);
});

test("a cancelled execution leaves no step running, however deep", async () => {
  const controller = new AbortController();
  const host = createTestHost();
  const data = runData(asking("paid"), { input: items, signal: controller.signal });
  const running = runPipeline(host, data);
  const open = await host.waitForCall(0);
  controller.abort("cancelled");
  const result = await running;
  expect(open.call.signal.reason).toBe("cancelled");
  expect(result.status).toBe("cancelled");
  expect(result.steps.map((step) => `${step.nodeId} ${step.status}`)).toEqual([
    "ask cancelled",
    "each cancelled",
  ]);
});
