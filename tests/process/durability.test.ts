// What was answered with 200 outlives any crash: it is there, it ends, and once.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { countResults, findDamage, openStopped } from "../support/process-database";
import { eventually, within } from "../support/process-waiting";
import {
  inputNode,
  modelNode,
  modelPipeline,
  openModelScene,
  outputNode,
  twoModelPipeline,
  type ModelScene,
} from "../support/process-models";
import {
  deliverAccepted,
  listExecutions,
  makeAgent,
  NO_LIMITS,
  readEnded,
  readExecution,
  type Target,
} from "../support/server-calls";
import type { Server } from "../support/server";
import { deliveryBytes, Load } from "../support/server-load";
import { Connection, toBytes } from "../support/server-wire";
import { drawSeed } from "../trust/chance";
import { killUnderLoad } from "../trust/kills";

guardProcesses();

const SLOTS = 10;
/** Deliveries before each crash while models answer. */
const PER_CRASH = 16;

/** Status and output of executions, by the number of their delivery. */
async function readResults(
  target: Target,
  data: { agentId: string; acknowledged: Map<number, string> },
): Promise<Map<number, { status: string; output: unknown }>> {
  using connection = await Connection.open(target.url);
  const results = new Map<number, { status: string; output: unknown }>();
  for (const [number, id] of data.acknowledged) {
    const answer = await connection.exchange(
      toBytes({
        method: "GET",
        path: `/agents/${data.agentId}/executions/${id}`,
        headers: { Authorization: `Bearer ${target.token}` },
      }),
    );
    const execution = JSON.parse(answer?.text ?? "").data;
    results.set(number, { status: execution?.status, output: execution?.output });
  }
  return results;
}

const nothingRuns = (server: Server, agentId: string): Promise<true> =>
  eventually("the end of all executions", async () =>
    (await listExecutions(server, agentId)).some(({ status }) => status === "running")
      ? null
      : true,
  );

async function expectSound(server: Server): Promise<void> {
  expect(await server.stop()).toBe(0);
  using database = openStopped(server.dataDir);
  expect(findDamage(database)).toEqual([]);
  expect(database.rows("select 1 from windows where unfinished <> 0")).toEqual([]);
  const { results, twice } = countResults(database);
  expect(results).toBeGreaterThan(0);
  expect(twice).toEqual([]);
}

test("of ten crashes under load none loses an acknowledged delivery, its key or what it took of the window, and each ends with its own output", async () => {
  const seed = drawSeed();
  console.log(`seed ${seed}`);
  const { acknowledged, cut, slowestRecoveryMs, ...figures } = await killUnderLoad({
    kills: 10,
    seed,
    say: console.log,
  });
  expect(figures).toEqual({
    kills: 10,
    lost: 0,
    unowned: 0,
    forgotten: 0,
    miscounted: 0,
    wrong: 0,
    recordedTwice: 0,
    damage: 0,
    refused: {},
  });
  // Else nothing was put to the test.
  expect(acknowledged).toBeGreaterThan(10);
  expect(cut).toBeGreaterThan(0);
  console.log(`all ended at most ${Math.round(slowestRecoveryMs)} ms after a start`);
});

/** Prompts of the calls so far, with how often each came. */
function countCalls(scene: ModelScene): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { prompt } of scene.stub.calls) counts.set(prompt, (counts.get(prompt) ?? 0) + 1);
  return counts;
}

test("an execution cut during a model call completes with one call more, and repeats none that was recorded", async () => {
  // The first call of an even number is cut, the second of an odd one.
  const promptToCut = (number: number): string =>
    number % 2 === 0 ? `q${number}` : `echo:q${number}`;
  const cameOnce = new Set<string>();
  await using scene = await openModelScene({
    behaviour: ({ prompt }) => {
      const isFirst = cameOnce.size < cameOnce.add(prompt).size;
      return isFirst && prompt === promptToCut(Number(/\d+/.exec(prompt))) ? "hold" : "ok";
    },
  });
  const { server, stub } = scene;
  const { id: agentId } = await makeAgent(server, {
    pipeline: twoModelPipeline({
      providerId: scene.provider,
      userPromptTemplate: "q{{input.number}}",
    }),
    webhook: { limits: NO_LIMITS },
  });
  for (let number = 0; number < 10; number += 1) {
    const executionId = await deliverAccepted(server, { agentId, body: { number } });
    const came = (): boolean => stub.calls.some(({ prompt }) => prompt === promptToCut(number));
    await within("the call to cut", stub.until(came));
    await server.restart();
    expect(await readEnded(server, { agentId, executionId })).toMatchObject({
      status: "completed",
      output: `echo:echo:q${number}`,
      attempt: 2,
      steps: [
        { nodeId: "input", status: "completed" },
        { nodeId: "first", status: "completed", output: `echo:q${number}` },
        { nodeId: "second", status: "completed", output: `echo:echo:q${number}` },
        { nodeId: "output", status: "completed" },
      ],
    });
    const counts = countCalls(scene);
    expect(counts.get(promptToCut(number))).toBe(2);
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(3 * (number + 1));
  }
  expect(stub.calls).toHaveLength(30);
  const keys = stub.calls.map((call) => call.headers["idempotency-key"]);
  expect(new Set(keys).size).toBe(20);
  await expectSound(server);
});

test("a crash between two branches repeats the call of the one that was under way, and no other", async () => {
  await using scene = await openModelScene({
    behaviour: ({ prompt, number }) => (prompt === "right" && number <= 2 ? "hold" : "ok"),
  });
  const { server, stub, provider: providerId } = scene;
  const branch = (id: string) => modelNode({ id, providerId, userPromptTemplate: id });
  const nodes = [inputNode, branch("left"), branch("right"), outputNode("{{nodes.left.output}}")];
  const edge = (source: string, target: string) => ({ id: `${source}-${target}`, source, target });
  const edges = ["left", "right"].flatMap((id) => [edge("input", id), edge(id, "output")]);
  const { id: agentId } = await makeAgent(server, { pipeline: { nodes, edges } });
  const executionId = await deliverAccepted(server, { agentId, body: {} });
  // Side by side: the second is called although the first is not answered.
  await within(
    "both calls",
    stub.until(() => stub.calls.length === 2),
  );
  await eventually("the end of the left branch", async () => {
    const { steps } = await readExecution(server, { agentId, executionId });
    const left = steps.find(({ nodeId }: { nodeId: string }) => nodeId === "left");
    return left?.status === "completed" ? true : null;
  });
  await server.restart();
  expect(await readEnded(server, { agentId, executionId })).toMatchObject({
    status: "completed",
    output: "echo:left",
    attempt: 2,
  });
  expect(stub.calls.map(({ prompt }) => prompt).toSorted()).toEqual(["left", "right", "right"]);
  await expectSound(server);
});

test("of ten crashes while models answer, each repeats at most what was in flight, under the same key", async () => {
  await using scene = await openModelScene({ behaviour: () => "slow-5" });
  const { server, stub } = scene;
  const { id: agentId } = await makeAgent(server, {
    pipeline: twoModelPipeline({
      providerId: scene.provider,
      userPromptTemplate: "q{{input.number}}",
    }),
    webhook: { limits: NO_LIMITS },
  });
  const make = (number: number): Buffer => deliveryBytes({ agentId, body: { number } });
  const acknowledged = new Map<number, string>();
  for (let kill = 0; kill < 10; kill += 1) {
    const before = stub.calls.length;
    const first = kill * PER_CRASH;
    const load = new Load({ url: server.url, connections: 4, make, first, requests: PER_CRASH });
    await load.ended;
    for (const [number, id] of load.acknowledged) acknowledged.set(number, id);
    // So many that what the last crash cut has got on: cut four times at one call, it is given up.
    await within(
      "more calls",
      stub.until(() => stub.calls.length >= before + 2 * SLOTS),
    );
    await server.kill();
    await server.start();
  }
  await nothingRuns(server, agentId);
  expect(acknowledged.size).toBe(10 * PER_CRASH);
  const results = await readResults(server, { agentId, acknowledged });
  for (const [number, result] of results) {
    expect(result).toEqual({ status: "completed", output: `echo:echo:q${number}` });
  }
  const keys = new Set(stub.calls.map((call) => call.headers["idempotency-key"]));
  expect(keys.size).toBe(20 * PER_CRASH);
  expect(stub.calls.length).toBeLessThanOrEqual(keys.size + 10 * SLOTS);
  console.log(`10 crashes, ${stub.calls.length - keys.size} model calls repeated`);
  await expectSound(server);
});

test("what takes the process down every time is given up after three tries, and others go on", async () => {
  await using scene = await openModelScene();
  const { server, stub, provider } = scene;
  const pipeline = modelPipeline({
    providerId: provider,
    userPromptTemplate: "{{input.model}}",
    model: "hold",
  });
  const { id: agentId } = await makeAgent(server, { pipeline });
  const executionId = await deliverAccepted(server, { agentId, body: { model: "hold" } });
  const echo = await makeAgent(server);
  for (let crash = 1; crash <= 4; crash += 1) {
    await within(
      `call ${crash}`,
      stub.until(() => stub.calls.length >= crash),
    );
    await server.restart();
  }
  expect(await readEnded(server, { agentId, executionId })).toMatchObject({
    status: "failed",
    error: { code: "CRASH_LOOP" },
    attempt: 4,
  });
  expect(stub.calls).toHaveLength(4);
  const other = await deliverAccepted(server, { agentId: echo.id, body: {} });
  expect((await readEnded(server, { agentId: echo.id, executionId: other })).status).toBe(
    "completed",
  );
  stub.stopHolding();
  await expectSound(server);
});
