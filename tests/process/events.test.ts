// The stream of an execution's events over the wire, and over a crash.

import { expect, test } from "bun:test";
import type { ReceivedEvent } from "../support/events";
import { collectEvents, readEvents } from "../support/events";
import { guardProcesses } from "../support/process-cleanup";
import { callsCame, openModelScene, twoModelPipeline } from "../support/process-models";
import type { Server } from "../support/server";
import { deliverAccepted, makeAgent, type ExecutionId } from "../support/server-calls";

guardProcesses();

async function openEvents(server: Server, data: ExecutionId & { lastEventId?: string }) {
  const path = `/agents/${data.agentId}/executions/${data.executionId}/events`;
  const response = await fetch(`${server.url}${path}`, {
    headers: {
      Authorization: `Bearer ${server.token}`,
      ...(data.lastEventId === undefined ? {} : { "Last-Event-ID": data.lastEventId }),
    },
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  return response.body;
}

const told = ({ name, data }: ReceivedEvent): string =>
  [name, data.nodeId, data.attempt].filter((part) => part !== undefined).join(" ");

test("a reader that goes on after a crash is told of the rest, and of nothing twice", async () => {
  await using scene = await openModelScene({
    behaviour: ({ number }) => (number === 2 ? "hold" : "ok"),
  });
  const { server, provider } = scene;
  const pipeline = twoModelPipeline({ providerId: provider });
  const { id: agentId } = await makeAgent(server, {
    pipeline: {
      ...pipeline,
      nodes: pipeline.nodes.map((node) =>
        node.id === "first" ? { ...node, data: { ...node.data, userPromptTemplate: "hi" } } : node,
      ),
    },
  });
  const executionId = await deliverAccepted(server, { agentId, body: {} });
  await callsCame(scene, 2);
  const before: ReceivedEvent[] = [];
  for await (const event of readEvents(await openEvents(server, { agentId, executionId }))) {
    before.push(event);
    if (event.data.nodeId === "second") break;
  }
  await server.restart();
  const lastEventId = before.at(-1)?.id ?? "";
  const stream = await openEvents(server, { agentId, executionId, lastEventId });
  const after = await collectEvents(stream);
  const ids = [...before, ...after].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  // Within a millisecond the model's start may be told before the input's.
  expect(before.map(told).toSorted()).toEqual([
    "execution.started 1",
    "step.completed first 1",
    "step.completed input 1",
    "step.started first 1",
    "step.started input 1",
    "step.started second 1",
  ]);
  expect(after.map(told)).toEqual([
    "execution.started 2",
    "step.started second 2",
    "step.completed second 2",
    "step.started output 2",
    "step.completed output 2",
    "execution.finished 2",
  ]);
});
