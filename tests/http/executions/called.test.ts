// Executions that another agent's execution has called.

import { expect, test } from "bun:test";
import { createTestApp } from "../../support/app";

test("an execution and its caller name each other", async () => {
  const app = await createTestApp();
  const called = await app.agent({ name: "called" });
  const caller = await app.agent({
    name: "caller",
    pipeline: {
      nodes: [
        { id: "in", type: "input", data: {} },
        { id: "call", type: "sub_agent", data: { agentId: called.id } },
        { id: "out", type: "output", data: { mapping: "{{nodes.call.output}}" } },
      ],
      edges: [
        { id: "a", source: "in", target: "call" },
        { id: "b", source: "call", target: "out" },
      ],
    },
  });
  const { data } = await app.api(`POST /agents/${caller.id}/invoke`, { input: {} });
  await app.pool.idle();
  const above = (await app.api(`GET /agents/${caller.id}/executions/${data.executionId}`)).data;
  const { executionId } = above.steps[1].input;
  const below = (await app.api(`GET /agents/${called.id}/executions/${executionId}`)).data;
  const calledBy = { agentId: caller.id, executionId: data.executionId };
  expect(below).toMatchObject({ trigger: "sub_agent", calledBy });
  expect(above.calledBy).toBeNull();
  const listed = (await app.api(`GET /agents/${called.id}/executions`)).data;
  expect(listed).toMatchObject([{ id: executionId, calledBy }]);
});
