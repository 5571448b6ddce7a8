// Answers that wait, on the binary: given with the end, at once on a signal, and up to 500 at a time.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import type { ModelAgent, ModelScene } from "../support/process-models";
import { callsCame, modelAgent, openModelScene } from "../support/process-models";
import { within } from "../support/process-waiting";
import type { Server } from "../support/server";
import { ask, listExecutions, readEnded } from "../support/server-calls";
import { deliveryBytes } from "../support/server-load";
import type { WireAnswer } from "../support/server-wire";
import { Connection, toBytes } from "../support/server-wire";

guardProcesses();

const RESPOND = { respond: { waitSeconds: 60 } };

const dataOf = (answer: WireAnswer | null): Record<string, unknown> =>
  JSON.parse(answer?.text ?? "{}").data;

/** An agent with one execution that runs on a held model. */
async function startHeld(scene: ModelScene) {
  const agent = await modelAgent(scene, { name: "a" });
  await agent.send(1);
  await callsCame(scene, 1);
  const [execution] = await listExecutions(scene.server, agent.agentId);
  const executionId = execution?.id ?? "";
  return { agent, executionId, pollBytes: pollBytesOf(scene, { agent, executionId }) };
}

const pollBytesOf =
  (scene: ModelScene, data: { agent: ModelAgent; executionId: string }) =>
  (query: string, headers: Record<string, string> = {}): Buffer =>
    toBytes({
      method: "GET",
      path: `/agents/${data.agent.agentId}/executions/${data.executionId}${query}`,
      headers: { Authorization: `Bearer ${scene.server.token}`, ...headers },
    });

test("a delivery to a webhook that waits is answered with the output of its execution", async () => {
  await using scene = await openModelScene();
  const { stub } = scene;
  const agent = await modelAgent(scene, { name: "a", webhook: RESPOND });
  const sent = agent.send(1);
  await callsCame(scene, 1);
  stub.release(1);
  const [answer = null] = await within("the answer", sent);
  expect(answer?.status).toBe(200);
  expect(dataOf(answer)).toEqual({
    executionId: expect.any(String),
    status: "completed",
    output: "echo:a 0",
  });
});

test("a signal ends all waits at once, and what they waited for still finishes", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const { executionId, agent, pollBytes } = await startHeld(scene);
  const waiting = await modelAgent(scene, { name: "b", webhook: RESPOND });
  using sender = await Connection.open(server.url);
  using poller = await Connection.open(server.url);
  const delivered = sender.exchange(
    deliveryBytes({ agentId: waiting.agentId, body: { number: 0 } }),
  );
  const polled = poller.exchange(pollBytes("?wait=60"));
  await callsCame(scene, 2);
  server.signal("SIGTERM");
  const answers = await within("both answers", Promise.all([delivered, polled]));
  expect(answers.map((answer) => [answer?.status, dataOf(answer)["status"]])).toEqual([
    [200, "running"],
    [200, "running"],
  ]);
  stub.stopHolding();
  expect(await within("the end", server.exited)).toBe(0);
  await server.start();
  expect((await readEnded(server, { ...agent, executionId })).status).toBe("completed");
});

/** So many connections with a request each, all of which the server has read. */
async function openMany(
  server: Server,
  data: { count: number; bytes: Buffer },
): Promise<{ answers: Promise<WireAnswer | null>[]; close(): void }> {
  const opening = Array.from({ length: data.count }, () => Connection.open(server.url));
  const connections = await Promise.all(opening);
  const answers = connections.map((connection) => connection.exchange(data.bytes));
  await letRead(server);
  const close = (): void => connections.forEach((connection) => connection[Symbol.dispose]());
  return { answers, close };
}

/** What was sent before, or closed, has been read: the first may share its turn of the loop. */
async function letRead(server: Server): Promise<void> {
  for (let asked = 0; asked < 2; asked += 1) await ask(server, "GET /healthz");
}

test("500 answers wait at once, the next comes without waiting, and who goes away makes room", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const { pollBytes } = await startHeld(scene);
  const bytes = pollBytes("?wait=60");
  const first = await openMany(server, { count: 500, bytes });
  using connection = await Connection.open(server.url);
  const beyond = await within("an answer without a wait", connection.exchange(bytes));
  expect([beyond?.status, dataOf(beyond)["status"]]).toEqual([200, "running"]);
  expect(beyond?.headers.get("retry-after")).toBe("1");
  first.close();
  await letRead(server);

  const second = await openMany(server, { count: 500, bytes });
  stub.release(1);
  const ended = await within("500 answers", Promise.all(second.answers));
  expect(new Set(ended.map((answer) => dataOf(answer)["status"]))).toEqual(new Set(["completed"]));
  second.close();
});

test("304 has no body, and the connection goes on", async () => {
  await using scene = await openModelScene();
  const { server } = scene;
  const { pollBytes } = await startHeld(scene);
  using connection = await Connection.open(server.url);
  const first = await connection.exchange(pollBytes(""));
  const tag = first?.headers.get("etag") ?? "";
  const again = await connection.exchange(pollBytes("", { "If-None-Match": tag }));
  expect([again?.status, again?.text]).toEqual([304, ""]);
  expect(again?.headers.get("etag")).toBe(tag);
  const third = await connection.exchange(pollBytes(""));
  expect([third?.status, third?.text]).toEqual([200, first?.text]);
});
