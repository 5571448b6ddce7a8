// A webhook with a queue, on the binary: as many started as it may have, none lost over a crash, and
// other agents served in between.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { callsCame, modelAgent, openModelScene } from "../support/process-models";
import { eventually, within } from "../support/process-waiting";
import { deliverAccepted, listExecutions, readEnded, readExecution } from "../support/server-calls";
import { executionIdOf, tally } from "../support/server-load";

guardProcesses();

const QUEUE = { perMinute: 1_000_000, overflow: "queue" };

test("of 200 deliveries all are accepted, 10 are started at any time, and all complete, also over a crash", async () => {
  // More slots than the webhook may have: its own limit holds.
  await using scene = await openModelScene({ env: { HOOKLINE_SLOTS: "20" } });
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a", limits: QUEUE });
  const answers = await agent.send(200);
  expect(tally(answers)).toEqual({ "200": 200 });
  let ended = 0;
  for (const freed of [1, 3, 10, 6]) {
    await callsCame(scene, ended + 10);
    stub.release(freed);
    ended += freed;
  }
  await callsCame(scene, 30);
  const open = (await listExecutions(server, agent.agentId)).filter(
    ({ status }) => status === "running",
  );
  expect(open.filter(({ waiting }) => !waiting)).toHaveLength(10);
  expect(open.filter(({ waiting }) => waiting)).toHaveLength(170);

  await server.restart();
  // The ten that were in flight are sent again, and no more.
  await callsCame(scene, 40);
  await within(
    "ten open calls",
    stub.until(() => stub.open() === 10),
  );
  stub.stopHolding();
  for (const answer of answers) {
    const executionId = executionIdOf(answer);
    const execution = await readEnded(server, { ...agent, executionId });
    expect(execution.status).toBe("completed");
  }
  expect(stub.peak()).toBe(10);
  expect(stub.calls).toHaveLength(210);
  expect(new Set(stub.calls.map(({ prompt }) => prompt)).size).toBe(200);
});

test("the queue is as long as it was set, exactly and over a crash, and each end makes room for one", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const limits = { ...QUEUE, maxConcurrent: 3, maxQueued: 20 };
  const agent = await modelAgent(scene, { name: "a", limits });
  expect(tally(await agent.send(200))).toEqual({ "200": 23, "429 CONCURRENCY_LIMITED": 177 });
  await callsCame(scene, 3);
  await server.restart();
  expect(tally(await agent.send(20))).toEqual({ "429 CONCURRENCY_LIMITED": 20 });
  await callsCame(scene, 6);
  await within(
    "three open calls",
    stub.until(() => stub.open() === 3),
  );
  // Those of the process before are gone.
  stub.release(4);
  await callsCame(scene, 7);
  await eventually("an end", async () => {
    const all = await listExecutions(server, agent.agentId);
    return all.some(({ status }) => status === "completed") ? true : null;
  });
  expect(tally(await agent.send(20))).toEqual({ "200": 1, "429 CONCURRENCY_LIMITED": 19 });
  expect(stub.peak()).toBe(3);
});

test("while one agent floods its queue, another's delivery is started next", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const noisy = await modelAgent(scene, { name: "noisy", model: "slow-50", limits: QUEUE });
  const quiet = await modelAgent(scene, { name: "quiet", model: "ok" });
  expect(tally(await noisy.send(600))).toEqual({ "200": 600 });
  await callsCame(scene, 10);

  const sentAt = performance.now();
  const executionId = await deliverAccepted(server, { ...quiet, body: { number: 0 } });
  const before = stub.calls.length;
  const isQuiet = ({ prompt }: { prompt: string }): boolean => prompt.startsWith("quiet");
  await within(
    "the call of the quiet agent",
    stub.until(() => stub.calls.some(isQuiet)),
  );
  const ms = Math.round(performance.now() - sentAt);
  const between = Math.max(0, stub.calls.findIndex(isQuiet) - before);
  console.log(`quiet delivery started after ${ms} ms and ${between} calls of the noisy agent`);
  // One round of the slots at most, of 600 that were ahead.
  expect(between).toBeLessThanOrEqual(10);
  expect((await readEnded(server, { ...quiet, executionId })).status).toBe("completed");
  const backlog = (await listExecutions(server, noisy.agentId)).filter(({ waiting }) => waiting);
  expect(backlog.length).toBeGreaterThan(0);
  expect(await readExecution(server, { ...quiet, executionId })).toMatchObject({ waiting: false });
});
