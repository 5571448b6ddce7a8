// The process is killed at every call that an execution makes, when the call has come and when it is
// answered: after the restart the result is that of an execution that nobody killed.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import type { KillPoint, Peer } from "../support/process-peer";
import { startPeer } from "../support/process-peer";
import type { Server } from "../support/server";
import { startServer } from "../support/server";
import { askData, makeAgent, makeProvider, readEnded } from "../support/server-calls";

guardProcesses();

interface Scene {
  server: Server;
  peer: Peer;
  agentId: string;
}

const edge = (source: string, target: string, sourceHandle?: string) => ({
  id: `${source}-${target}`,
  source,
  target,
  ...(sourceHandle === undefined ? {} : { sourceHandle }),
});

/** A model and a tool for each item, then side by side a model and another agent's two. */
async function openScene(idempotent: boolean): Promise<Scene & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const peer = opened.use(startPeer());
  const env = { HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${peer.port}` };
  const server = opened.use(await startServer({ env }));
  const url = `http://127.0.0.1:${peer.port}`;
  const providerId = await makeProvider(server, { baseUrl: `${url}/v1` });
  const body = { text: "{{params.text}}" };
  const tool = await askData(server, {
    call: "POST /tools",
    body: { type: "http", name: "note", method: "POST", url: `${url}/tool`, body, idempotent },
  });
  const ask = (id: string, userPromptTemplate: string) => ({
    id,
    type: "llm_call",
    data: { providerId, model: "peer", retries: 0, userPromptTemplate },
  });
  const inner = await makeAgent(server, {
    pipeline: {
      nodes: [
        { id: "in", type: "input", data: {} },
        ask("first", "first {{input.of}}"),
        ask("second", "second {{nodes.first.output}}"),
        { id: "out", type: "output", data: { mapping: "{{nodes.second.output}}" } },
      ],
      edges: [edge("in", "first"), edge("first", "second"), edge("second", "out")],
    },
  });
  const { id: agentId } = await makeAgent(server, {
    pipeline: {
      nodes: [
        { id: "in", type: "input", data: {} },
        { id: "each", type: "loop", data: { iterableExpression: "{{input.items}}" } },
        ask("ask", "{{loop.index}} {{loop.item}}"),
        {
          id: "note",
          type: "tool_call",
          data: { toolId: tool.id, parameterMapping: { text: "{{nodes.ask.output}}" } },
        },
        { id: "both", type: "parallel", data: { branches: ["left", "right"] } },
        ask("left", "left {{nodes.each.output}}"),
        {
          id: "right",
          type: "sub_agent",
          data: { agentId: inner.id, inputMapping: { of: "{{nodes.each.output}}" } },
        },
        {
          id: "out",
          type: "output",
          data: { mapping: { each: "{{nodes.each.output}}", both: "{{nodes.both.output}}" } },
        },
      ],
      edges: [
        edge("in", "each"),
        edge("each", "ask", "body"),
        edge("ask", "note"),
        edge("each", "both", "done"),
        edge("both", "left"),
        edge("both", "right"),
        edge("left", "out"),
        edge("right", "out"),
      ],
    },
  });
  const owned = opened.move();
  return { server, peer, agentId, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const INPUT = { items: ["a", "b"] };

const invoke = async ({ server, agentId }: Scene): Promise<string> =>
  (await askData(server, { call: `POST /agents/${agentId}/invoke`, body: { input: INPUT } }))
    .executionId;

interface Outcome {
  status: string;
  output: unknown;
  /** Calls by their key, as often as they came. */
  counts: Map<string, number>;
}

function countCalls({ peer }: Scene, from: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of peer.calls.slice(from)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

async function runWhole(scene: Scene): Promise<Outcome> {
  const from = scene.peer.calls.length;
  const executionId = await invoke(scene);
  const { status, output } = await readEnded(scene.server, { agentId: scene.agentId, executionId });
  return { status, output, counts: countCalls(scene, from) };
}

/** Runs one execution, with the process killed once at that call, and started again. */
async function runKilled(
  scene: Scene,
  data: { call: number; point: KillPoint },
): Promise<Outcome & { executionId: string }> {
  const { server, peer, agentId } = scene;
  const from = peer.calls.length;
  peer.killAt(from + data.call, { point: data.point, kill: () => server.kill() });
  const executionId = await invoke(scene);
  await peer.killed();
  await server.restart();
  const { status, output } = await readEnded(server, { agentId, executionId });
  return { executionId, status, output, counts: countCalls(scene, from) };
}

/**
 * Two items with a model and a tool each; then a model beside the first of another agent; then the
 * second of that agent.
 */
const CALLS = 7;

describe("killed at one of its calls, an execution", () => {
  test.each<KillPoint>(["received", "answered", "answered+1", "answered+5"])(
    "gives after the restart what it gives without, no recorded call repeated: %s",
    async (point) => {
      await using scene = await openScene(true);
      const whole = await runWhole(scene);
      expect(whole.status).toBe("completed");
      expect([...whole.counts.values()]).toEqual(Array.from({ length: CALLS }, () => 1));
      for (let call = 0; call < CALLS; call += 1) {
        const killed = await runKilled(scene, { call, point });
        expect({ call, status: killed.status, output: killed.output }).toEqual({
          call,
          status: "completed",
          output: whole.output,
        });
        expect([...killed.counts.keys()].toSorted()).toEqual([...whole.counts.keys()].toSorted());
        const repeats = [...killed.counts.values()].map((count) => count - 1);
        // What runs side by side with the killed call is in flight as well, and so may be what follows.
        const inFlight = point === "received" && call !== 4 && call !== 5 ? 1 : 2;
        expect(repeats.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(inFlight);
        expect(Math.max(...repeats)).toBeLessThanOrEqual(1);
      }
    },
    60_000,
  );

  test("that must not be made twice is interrupted, and goes on as somebody says", async () => {
    await using scene = await openScene(false);
    const whole = await runWhole(scene);
    const killed = await runKilled(scene, { call: 1, point: "received" });
    expect(killed.status).toBe("interrupted");
    expect([...killed.counts.values()]).toEqual([1, 1]);
    const { server, agentId, peer } = scene;
    const { executionId } = killed;
    await askData(server, {
      call: `POST /agents/${agentId}/executions/${executionId}/resume`,
      body: { call: "done", result: { noted: "<0 a>" } },
    });
    const ended = await readEnded(server, { agentId, executionId });
    expect(ended).toMatchObject({ status: "completed", output: whole.output });
    expect(peer.calls.filter(({ kind }) => kind === "tool")).toHaveLength(2 + 1 + 1);
  }, 60_000);
});
