// Two executions of an agent, side by side.

import { expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const pipeline = {
  nodes: [
    { id: "in", type: "input", data: {} },
    { id: "if", type: "condition", data: { expression: "{{input.big}} === true" } },
    { id: "a", type: "transform", data: { code: "return { n: input.n, same: [1] }" } },
    { id: "b", type: "transform", data: { code: "return 'b'" } },
    { id: "out", type: "output", data: { mapping: ["{{nodes.a.output}}", "{{nodes.b.output}}"] } },
  ],
  edges: [
    { id: "1", source: "in", target: "if" },
    { id: "2", source: "if", target: "a", sourceHandle: "true" },
    { id: "3", source: "if", target: "b", sourceHandle: "false" },
    { id: "4", source: "a", target: "out" },
    { id: "5", source: "b", target: "out" },
  ].map((edge) => ({ ...edge, id: `e${edge.id}` })),
};

const run = async (app: TestApp, data: { id: string; input: unknown }): Promise<string> => {
  const made = await app.api(`POST /agents/${data.id}/invoke`, { input: data.input });
  await app.pool.idle();
  return made.data.executionId;
};

test("they are told apart step by step, with where their outputs differ", async () => {
  const app = await createTestApp();
  const { id } = await app.agent({ pipeline });
  const first = await run(app, { id, input: { big: true, n: 1 } });
  const second = await run(app, { id, input: { big: true, n: 2 } });
  const path = `/agents/${id}/executions/${first}/compare?with=${second}`;
  const { data } = await app.api(`GET ${path}`);
  expect([data.first.id, data.second.id, data.inputPaths]).toEqual([first, second, ["/n"]]);
  const changes = data.steps.map((step: { nodeId: string; change: string; paths: string[] }) => [
    step.nodeId,
    step.change,
    step.paths,
  ]);
  expect(changes).toEqual([
    ["in", "changed", ["/output/n"]],
    ["if", "same", []],
    ["b", "same", []],
    ["a", "changed", ["/output/n"]],
    ["out", "changed", ["/output/0/n"]],
  ]);
});

test("another way through the pipeline shows in the statuses", async () => {
  const app = await createTestApp();
  const { id } = await app.agent({ pipeline });
  const first = await run(app, { id, input: { big: true, n: 1 } });
  const second = await run(app, { id, input: { big: false, n: 1 } });
  const { data } = await app.api(`GET /agents/${id}/executions/${first}/compare?with=${second}`);
  const a = data.steps.find((step: { nodeId: string }) => step.nodeId === "a");
  expect(a).toMatchObject({
    change: "changed",
    first: { status: "completed" },
    second: { status: "skipped" },
    paths: ["/status", "/output"],
  });
});

test("an execution of another agent is not compared", async () => {
  const app = await createTestApp();
  const one = await app.agent({ pipeline });
  const other = await app.agent({ pipeline });
  const first = await run(app, { id: one.id, input: {} });
  const second = await run(app, { id: other.id, input: {} });
  const refused = await app.api(`GET /agents/${one.id}/executions/${first}/compare?with=${second}`);
  expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
});
