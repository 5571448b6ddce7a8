import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { ModelAnswer } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { answer, createTestHost, llm, node, pipelineOf, runData } from "./fixtures";

const USAGE = { inputTokens: 10, outputTokens: 20, cachedTokens: 5 };

/** Runs two model nodes on the providers given, with these answers. */
async function sum(calls: { provider: string; answer: Partial<ModelAnswer> }[]) {
  const nodes = calls.map(({ provider }, index) => llm(`n${index}`, { providerId: provider }));
  const edges = nodes.flatMap((one) => [`in>${one.id}`, `${one.id}>out`]);
  const host = createTestHost();
  const running = runPipeline(host, runData(pipelineOf({ nodes, edges })));
  for (const [index, call] of calls.entries()) {
    (await host.waitForCall(index)).answer(answer("x", call.answer));
  }
  const { usage, cost } = await running;
  return { usage, cost };
}

test("tokens and money of all calls are added", async () => {
  const result = await sum([
    { provider: "paid", answer: { usage: USAGE, cost: 0.5 } },
    { provider: "free", answer: { usage: USAGE, cost: 0 } },
  ]);
  expect(result).toEqual({
    usage: { inputTokens: 20, outputTokens: 40, cachedTokens: 10 },
    cost: 0.5,
  });
});

test("one unknown price makes the cost unknown, never a smaller sum", async () => {
  const result = await sum([
    { provider: "paid", answer: { usage: USAGE, cost: 0.5 } },
    { provider: "paid", answer: { usage: null, cost: null } },
  ]);
  expect(result).toEqual({ usage: USAGE, cost: null });
});

test("echo costs nothing and takes no part in the cost", async () => {
  expect(await sum([{ provider: "echo", answer: { usage: null, cost: null } }])).toEqual({
    usage: null,
    cost: null,
  });
  const mixed = await sum([
    { provider: "echo", answer: { usage: null, cost: null } },
    { provider: "paid", answer: { usage: USAGE, cost: 0.25 } },
  ]);
  expect(mixed).toEqual({ usage: USAGE, cost: 0.25 });
});

test("an echo that plays a part takes none in the cost, and its tokens count", async () => {
  const mixed = await sum([
    { provider: "free", answer: { usage: USAGE, cost: null, provider: "echo" } },
    { provider: "paid", answer: { usage: USAGE, cost: 0.25 } },
  ]);
  expect(mixed.cost).toBe(0.25);
  expect(mixed.usage?.inputTokens).toBe(20);
});

test("a called agent that failed has an unknown cost", async () => {
  const nodes = [
    llm("a", { providerId: "paid" }),
    node({ id: "b", type: "sub_agent", data: { agentId: "agt_1", onError: "continue" } }),
  ];
  const host = createTestHost({
    callAgent: async () => {
      throw new AppError("SUB_AGENT_FAILED");
    },
  });
  const running = runPipeline(
    host,
    runData(pipelineOf({ nodes, edges: ["in>a", "a>b", "b>out"] })),
  );
  (await host.waitForCall(0)).answer(answer("x", { usage: USAGE, cost: 0.5 }));
  expect(await running).toMatchObject({ status: "completed", usage: USAGE, cost: null });
});

test("a priced call that failed or was cancelled has an unknown cost", async () => {
  const nodes = [llm("a", { providerId: "paid" }), llm("b", { providerId: "paid" })];
  const host = createTestHost();
  const running = runPipeline(
    host,
    runData(pipelineOf({ nodes, edges: ["in>a", "in>b", "a>out", "b>out"] })),
  );
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  expect((await running).cost).toBeNull();
});

test("a pipeline without model nodes has neither", async () => {
  const { usage, cost } = await runPipeline(
    createTestHost(),
    runData(pipelineOf({ edges: ["in>out"] })),
  );
  expect({ usage, cost }).toEqual({ usage: null, cost: null });
});
