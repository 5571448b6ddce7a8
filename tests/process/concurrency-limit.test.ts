// At most 10 unfinished executions of a webhook, exact while a model holds them; and slots that
// agents share in turn.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { eventually, within } from "../support/process-waiting";
import { callsCame, modelAgent, openModelScene } from "../support/process-models";
import {
  askData,
  deliver,
  deliverAccepted,
  listExecutions,
  NO_LIMITS,
  readEnded,
  readExecution,
} from "../support/server-calls";
import { tally } from "../support/server-load";

guardProcesses();

test("of 200 parallel deliveries exactly 10 are accepted and started while the model holds them", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a" });
  const answers = await agent.send(200);
  expect(tally(answers)).toEqual({ "200": 10, "429 CONCURRENCY_LIMITED": 190 });
  for (const answer of answers) {
    if (answer?.status === 429) expect(answer.headers.get("retry-after")).toBe("5");
  }
  await callsCame(scene, 10);
  const executions = await listExecutions(server, agent.agentId);
  expect(executions).toHaveLength(10);
  for (const execution of executions) {
    expect(execution).toMatchObject({ status: "running", waiting: false });
    expect(await readExecution(server, { ...agent, executionId: execution.id })).toMatchObject({
      startedAt: expect.any(String),
    });
  }
  expect([stub.calls.length, stub.peak()]).toEqual([10, 10]);
});

test("of 200 parallel deliveries as many are accepted as executions have ended, round after round", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a", limits: { perMinute: 1000 } });
  expect(tally(await agent.send(200))).toEqual({ "200": 10, "429 CONCURRENCY_LIMITED": 190 });
  let accepted = 10;
  for (const freed of [1, 3, 10, 5]) {
    await callsCame(scene, accepted);
    stub.release(freed);
    await eventually(`${accepted - 10 + freed} ended executions`, async () => {
      const all = await listExecutions(server, agent.agentId);
      const ended = all.filter(({ status }) => status === "completed").length;
      return ended === accepted - 10 + freed ? true : null;
    });
    expect(tally(await agent.send(200))).toEqual({
      "200": freed,
      "429 CONCURRENCY_LIMITED": 200 - freed,
    });
    accepted += freed;
  }
  await callsCame(scene, accepted);
  expect([stub.calls.length, stub.peak()]).toEqual([29, 10]);
});

test("the 190 refused take nothing of the 100 of the minute", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a" });
  const held = await agent.send(200);
  expect(tally(held)).toEqual({ "200": 10, "429 CONCURRENCY_LIMITED": 190 });
  const refused = held.find((answer) => answer?.status === 429);
  expect(refused?.headers.get("x-ratelimit-remaining")).toBe("90");

  const webhook = { limits: { maxConcurrent: 1000 } };
  await askData(server, { call: `PATCH /agents/${agent.agentId}`, body: { webhook } });
  expect(tally(await agent.send(200))).toEqual({ "200": 90, "429 RATE_LIMITED": 110 });
  stub.stopHolding();
  await callsCame(scene, 100);
  for (const { id } of await listExecutions(server, agent.agentId)) {
    expect((await readEnded(server, { ...agent, executionId: id })).status).toBe("completed");
  }
  expect(stub.peak()).toBe(10);
});

test("an end frees exactly one place, whichever way an execution ends, also over a crash", async () => {
  await using scene = await openModelScene({
    behaviour: (call) => (call.prompt === "a 0" ? "status-500" : "hold"),
  });
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a", limits: { maxConcurrent: 3 } });
  expect(tally(await agent.send(1))).toEqual({ "200": 1 });
  const [failed] = await listExecutions(server, agent.agentId);
  const end = await readEnded(server, { ...agent, executionId: failed?.id ?? "" });
  expect(end.status).toBe("failed");

  expect(tally(await agent.send(20))).toEqual({ "200": 3, "429 CONCURRENCY_LIMITED": 17 });
  await callsCame(scene, 4);
  await server.restart();
  expect(tally(await agent.send(20))).toEqual({ "429 CONCURRENCY_LIMITED": 20 });
  // The three are sent again; the calls of the first process are gone.
  await callsCame(scene, 7);
  await within(
    "three open calls",
    stub.until(() => stub.open() === 3),
  );
  stub.release(4);
  await within(
    "two open calls",
    stub.until(() => stub.open() === 2),
  );
  const running = await listExecutions(server, agent.agentId);
  const released = running.find(({ id }) =>
    stub.calls.some((call) => !call.open && call.number > 4 && idOf(call) === id),
  );
  await readEnded(server, { ...agent, executionId: released?.id ?? "" });
  expect(tally(await agent.send(20))).toEqual({ "200": 1, "429 CONCURRENCY_LIMITED": 19 });
});

/** The execution that a model call belongs to. */
const idOf = (call: { headers: Record<string, string> }): string =>
  call.headers["idempotency-key"]?.split("/")[0] ?? "";

test("while one agent floods, another's delivery gets the next slot that frees", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const noisy = await modelAgent(scene, { name: "noisy", limits: NO_LIMITS });
  const quiet = await modelAgent(scene, { name: "quiet" });
  expect(tally(await noisy.send(50))).toEqual({ "200": 50 });
  await callsCame(scene, 10);
  expect(stub.calls.every((call) => call.prompt.startsWith("noisy"))).toBe(true);

  const executionId = await deliverAccepted(server, { ...quiet, body: { number: 0 } });
  expect(await readExecution(server, { ...quiet, executionId })).toMatchObject({
    status: "running",
    waiting: true,
    startedAt: null,
  });
  stub.release(1);
  await callsCame(scene, 11);
  expect(stub.calls.at(10)?.prompt).toBe("quiet 0");
  expect(await readExecution(server, { ...quiet, executionId })).toMatchObject({ waiting: false });
  stub.stopHolding();
  expect(await readEnded(server, { ...quiet, executionId })).toMatchObject({
    status: "completed",
    output: "echo:quiet 0",
  });
  await callsCame(scene, 51);
  expect(stub.peak()).toBe(10);
});

test("agents that wait get the slots in turn, whoever came first and however many they want", async () => {
  await using scene = await openModelScene({ env: { HOOKLINE_SLOTS: "3" } });
  const { stub } = scene;
  const first = await modelAgent(scene, { name: "a", limits: NO_LIMITS });
  const second = await modelAgent(scene, { name: "b", limits: NO_LIMITS });
  const third = await modelAgent(scene, { name: "c", limits: NO_LIMITS });
  await first.send(9);
  await callsCame(scene, 3);
  await second.send(6);
  await third.send(6);
  for (let calls = 4; calls <= 21; calls += 1) {
    stub.release(1);
    await callsCame(scene, calls);
  }
  const names = stub.calls.map((call) => call.prompt.slice(0, 1)).join("");
  // Alone it holds all slots; from then on all three wait until the end.
  expect(names.slice(0, 3)).toBe("aaa");
  const rounds = names.slice(3).match(/.../g) ?? [];
  expect(rounds.map((round) => round.split("").toSorted().join(""))).toEqual(Array(6).fill("abc"));
  expect(stub.peak()).toBe(3);
});

test("executions of one agent start in the order in which they were accepted", async () => {
  await using scene = await openModelScene({ env: { HOOKLINE_SLOTS: "1" } });
  const { server, stub } = scene;
  const agent = await modelAgent(scene, { name: "a", limits: NO_LIMITS });
  for (let number = 0; number < 8; number += 1) {
    expect((await deliver(server, { ...agent, body: { number } })).status).toBe(200);
  }
  for (let calls = 1; calls <= 8; calls += 1) {
    await callsCame(scene, calls);
    stub.release(1);
  }
  expect(stub.calls.map((call) => call.prompt)).toEqual(
    Array.from({ length: 8 }, (_, number) => `a ${number}`),
  );
});
