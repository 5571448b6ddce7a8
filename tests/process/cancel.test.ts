// Cancelling on the binary: the model sees its connection close, and a crash brings nothing back.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { callsCame, modelAgent, openModelScene } from "../support/process-models";
import { within } from "../support/process-waiting";
import { ask, readEnded, readExecution } from "../support/server-calls";
import type { Server } from "../support/server";
import { executionIdOf, tally } from "../support/server-load";

guardProcesses();

const cancel = (server: Server, data: { agentId: string; executionId: string }) =>
  ask(server, `POST /agents/${data.agentId}/executions/${data.executionId}/cancel`);

test("cancelling what runs closes the call to its model, and frees slot and place", async () => {
  await using scene = await openModelScene({ env: { HOOKLINE_SLOTS: "1" } });
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a", limits: { maxConcurrent: 1 } });
  const [sent = null] = await agent.send(1);
  const executionId = executionIdOf(sent);
  await callsCame(scene, 1);
  expect(stub.open()).toBe(1);

  const askedAt = performance.now();
  const closed = within(
    "the end of the call",
    stub.until(() => stub.open() === 0),
  ).then(() => Math.round(performance.now() - askedAt));
  const answer = await cancel(server, { ...agent, executionId });
  const ms = Math.round(performance.now() - askedAt);
  expect([answer.status, answer.data.status]).toEqual([200, "cancelled"]);
  console.log(`cancelled after ${ms} ms, the model's connection closed after ${await closed} ms`);

  expect(tally(await agent.send(1))).toEqual({ "200": 1 });
  await callsCame(scene, 2);
  const execution = await readExecution(server, { ...agent, executionId });
  expect(execution.steps.at(-1)).toMatchObject({ nodeId: "llm", status: "cancelled" });
});

test("what was cancelled, waiting or running, stays so after a crash, and is not sent again", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const limits = { maxConcurrent: 1, overflow: "queue" };
  const agent = await modelAgent(scene, { name: "a", limits });
  const ids: string[] = [];
  for (let number = 0; number < 3; number += 1) {
    const [sent = null] = await agent.send(1);
    ids.push(executionIdOf(sent));
  }
  const [running = "", waiting = "", last = ""] = ids;
  await callsCame(scene, 1);
  for (const executionId of [waiting, running]) {
    expect((await cancel(server, { ...agent, executionId })).status).toBe(200);
  }
  await server.restart();
  stub.stopHolding();
  expect(await readEnded(server, { ...agent, executionId: last })).toMatchObject({
    status: "completed",
    output: "echo:a 2",
  });
  for (const executionId of [running, waiting]) {
    const execution = await readExecution(server, { ...agent, executionId });
    expect(execution.status).toBe("cancelled");
    expect((await cancel(server, { ...agent, executionId })).status).toBe(200);
  }
  const prompts = new Set(stub.calls.map(({ prompt }) => prompt));
  expect([...prompts]).toEqual(["a 0", "a 2"]);
  expect(stub.calls.filter(({ prompt }) => prompt === "a 0")).toHaveLength(1);
});
