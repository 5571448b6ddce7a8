// The end on a signal: what was accepted finishes or goes on at the next start, and no answer is
// lost half-way.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { testWith } from "../support/tools";
import { makeFolder } from "../support/process-files";
import { within } from "../support/process-waiting";
import {
  callsCame,
  modelPipeline,
  openModelScene,
  type ModelScene,
} from "../support/process-models";
import {
  ask,
  deliverAccepted,
  listExecutions,
  makeAgent,
  NO_LIMITS,
  readEnded,
} from "../support/server-calls";
import { startServer } from "../support/server";
import { deliveryBytes, executionIdOf, Load } from "../support/server-load";
import { Connection } from "../support/server-wire";
import { rejection } from "../support/rejection";

guardProcesses();

/** An agent whose model calls are held, with some deliveries accepted. */
async function holdExecutions(
  scene: ModelScene,
  count: number,
): Promise<{ agentId: string; executions: string[] }> {
  const { server, provider } = scene;
  const { id: agentId } = await makeAgent(server, {
    pipeline: modelPipeline({
      providerId: provider,
      model: "hold",
      userPromptTemplate: "q{{input.n}}",
    }),
    webhook: { limits: NO_LIMITS },
  });
  const executions = [];
  for (let n = 0; n < count; n += 1) {
    executions.push(await deliverAccepted(server, { agentId, body: { n } }));
  }
  return { agentId, executions };
}

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("lets what runs finish, and exits 0", async () => {
    await using scene = await openModelScene();
    const { server, stub } = scene;
    const { agentId, executions } = await holdExecutions(scene, 1);
    await callsCame(scene, 1);
    server.signal(signal);
    expect(await server.logged("server.stopping")).toMatchObject({ signal, running: 1 });
    stub.release();
    expect(await within("the end", server.exited)).toBe(0);
    expect(await server.logged("server.stopped")).toBeDefined();

    await server.start();
    const execution = await readEnded(server, { agentId, executionId: executions[0] ?? "" });
    expect(execution).toMatchObject({ status: "completed", output: "echo:q0", attempt: 1 });
    expect(stub.calls).toHaveLength(1);
  });

  test("refuses new connections and answers the request under way", async () => {
    await using scene = await openModelScene();
    const { server, stub } = scene;
    const { agentId } = await holdExecutions(scene, 1);
    await callsCame(scene, 1);
    using connection = await Connection.open(server.url);
    const bytes = deliveryBytes({ agentId, body: { n: 1, text: "in two pieces" } });
    const answer = connection.answer();
    connection.send(bytes.subarray(0, bytes.length - 10));
    // Answered after the bytes that were sent before it have been read.
    await ask(server, "GET /healthz");
    server.signal(signal);
    await server.logged("server.stopping");
    expect(await rejection(Connection.open(server.url))).toBeInstanceOf(Error);
    connection.send(bytes.subarray(bytes.length - 10));
    const { status, executionId } = await within("the answer", answer).then((given) => ({
      status: given?.status,
      executionId: executionIdOf(given),
    }));
    expect(status).toBe(200);
    stub.stopHolding();
    expect(await within("the end", server.exited)).toBe(0);

    await server.start();
    const execution = await readEnded(server, { agentId, executionId });
    expect(execution).toMatchObject({ status: "completed", output: "echo:q1" });
  });
});

testWith(["strace"])(
  "a signal as soon as the log says that the server has started is a stop like any other",
  async () => {
    using folder = makeFolder();
    // Setting a handler takes long: one that is set after the log line is set too late.
    const slow = ["-e", "trace=rt_sigaction", "-e", "inject=rt_sigaction:delay_enter=100000"];
    await using server = await startServer({
      launcher: ["strace", "-f", "-o", folder.file("trace"), ...slow],
    });
    expect(await server.stop()).toBe(0);
    expect(await server.logged("server.stopped")).toBeDefined();
  },
);

test("what waits for a slot at the signal runs after the next start", async () => {
  await using scene = await openModelScene({ env: { HOOKLINE_SLOTS: "1" } });
  const { server, stub } = scene;
  const { agentId, executions } = await holdExecutions(scene, 4);
  await callsCame(scene, 1);
  server.signal("SIGTERM");
  await server.logged("server.stopping");
  stub.stopHolding();
  expect(await within("the end", server.exited)).toBe(0);
  expect(stub.calls).toHaveLength(1);
  await server.start();
  for (const [n, executionId] of executions.entries()) {
    expect(await readEnded(server, { agentId, executionId })).toMatchObject({
      status: "completed",
      output: `echo:q${n}`,
      attempt: 1,
    });
  }
  expect(stub.calls).toHaveLength(4);
});

test("a second signal ends at once, and the next start goes on", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const { agentId, executions } = await holdExecutions(scene, 1);
  await callsCame(scene, 1);
  server.signal("SIGTERM");
  await server.logged("server.stopping");
  server.signal("SIGTERM");
  expect(await within("the end", server.exited)).toBe(1);
  await server.start();
  await callsCame(scene, 2);
  stub.stopHolding();
  const execution = await readEnded(server, { agentId, executionId: executions[0] ?? "" });
  expect(execution).toMatchObject({ status: "completed", attempt: 2 });
});

test("under load a signal loses nothing that was acknowledged and cuts no answer", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
  const make = (n: number): Buffer => deliveryBytes({ agentId, body: { n } });
  const load = new Load({ url: server.url, connections: 16, make });
  await load.until(300);
  server.signal("SIGTERM");
  await within("the end of the load", load.ended);
  expect(await within("the end", server.exited)).toBe(0);
  expect([load.cut, load.refused]).toEqual([0, []]);

  await server.start();
  for (const executionId of load.acknowledged.values()) {
    expect((await readEnded(server, { agentId, executionId })).status).toBe("completed");
  }
  const stored = await listExecutions(server, agentId);
  expect(stored.length).toBeGreaterThanOrEqual(load.acknowledged.size);
});

test("work that outlasts the drain is cut, the process ends with 0 within 25 seconds, and the next start goes on", async () => {
  await using scene = await openModelScene();
  const { server, stub } = scene;
  const { agentId, executions } = await holdExecutions(scene, 1);
  await callsCame(scene, 1);
  server.signal("SIGTERM");
  // Supervisors kill after 30 s; this is a limit, not a measure.
  const limit = Promise.withResolvers<string>();
  const timer = setTimeout(() => limit.resolve("still running"), 26_000);
  expect(await Promise.race([server.exited, limit.promise])).toBe(0);
  clearTimeout(timer);
  await server.start();
  await callsCame(scene, 2);
  stub.stopHolding();
  const execution = await readEnded(server, { agentId, executionId: executions[0] ?? "" });
  expect(execution).toMatchObject({ status: "completed", output: "echo:q0", attempt: 2 });
  expect(new Set(stub.calls.map((call) => call.headers["idempotency-key"])).size).toBe(1);
});

test("a reader of the log that goes away ends nothing", async () => {
  // The reader leaves with the line that says the server has started.
  const reader = `"$@" | sed -u '/"server.started"/q'`;
  await using server = await startServer({
    launcher: ["bash", "-o", "pipefail", "-c", reader, "reader"],
  });
  const { id: agentId } = await makeAgent(server);
  const executionId = await deliverAccepted(server, { agentId, body: {} });
  await readEnded(server, { agentId, executionId });
  expect(await server.stop()).toBe(0);
});
