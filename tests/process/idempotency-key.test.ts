// API writes with an Idempotency-Key over kill -9: whatever was answered, nothing is done twice.

import { expect, test } from "bun:test";
import type { ApiAnswer } from "../support/app";
import { guardProcesses } from "../support/process-cleanup";
import type { Server } from "../support/server";
import { startServer } from "../support/server";
import { ask, askData } from "../support/server-calls";

guardProcesses();

const COUNT = 40;

const create = (server: Server, number: number): Promise<ApiAnswer> =>
  ask(server, {
    call: "POST /agents",
    body: { name: `agent ${number}`, webhook: { auth: { type: "bearer" } } },
    headers: { "Idempotency-Key": `key-${number}` },
  });

test("an answer with a secret is given again, the same, after the process was killed", async () => {
  await using server = await startServer();
  const first = await create(server, 1);
  await server.restart();
  const again = await create(server, 1);
  expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
  expect(again.headers.get("location")).toBe(first.headers.get("location"));
  expect(again.headers.get("idempotent-replayed")).toBe("true");
});

test("what was under way when the process was killed is done once when it is asked for again", async () => {
  await using server = await startServer();
  const numbers = Array.from({ length: COUNT }, (_, at) => at);
  const sent = numbers.map((number) => create(server, number));
  await Promise.any(sent);
  const settled = Promise.allSettled(sent);
  await server.restart();
  const answered = (await settled).filter((one) => one.status === "fulfilled");

  const again = await Promise.all(numbers.map((number) => create(server, number)));
  const statuses = again.map((answer) => answer.status);
  expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
  const agents: { name: string }[] = await askData(server, "GET /agents?limit=200");
  const names = agents.map((agent) => agent.name).toSorted();
  expect(names).toEqual(numbers.map((number) => `agent ${number}`).toSorted());
  // Those that were answered before the kill had their answers kept.
  for (const { value } of answered) {
    expect(again.map((answer) => answer.text)).toContain(value.text);
  }
});
