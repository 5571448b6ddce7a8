// Canaries: secrets that the server was given or made stand neither in its files nor in its log, and
// no later answer tells them; nothing that was sent stands in the log or in a failure's answer.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { readFiles } from "../support/process-files";
import { ask, askData, deliver, deliverAccepted, makeAgent } from "../support/server-calls";
import { startServer } from "../support/server";
import { plantCanaries } from "../trust/canaries";
import { findCanaries } from "../trust/canary-search";

guardProcesses();

test("no secret stands in a file, in the log or in a later answer, and nothing that was sent in the log or in a failure, whatever is asked and whatever fails", async () => {
  const { found, unseen, ...figures } = await plantCanaries({ say: console.log });
  expect({ found, unseen }).toEqual({ found: [], unseen: [] });
  console.log(JSON.stringify(figures));
  // Else there was nothing to be found.
  expect(figures.canaries).toBeGreaterThan(25);
  expect(figures.routes).toBeGreaterThan(25);
  expect(figures.faults).toBeGreaterThan(20);
  expect(figures.answers).toBeGreaterThan(500);
});

test("the admin token of a first start is kept as a digest alone", async () => {
  await using server = await startServer({ env: { HOOKLINE_ADMIN_TOKEN: undefined } });
  const token = /hk_live_[\w-]+/.exec(server.stderr)?.[0] ?? "";
  const agent = await askData(server, { call: "POST /agents", body: { name: "x" }, token });
  expect(token.length).toBeGreaterThan(40);
  const places = new Map<string, Uint8Array>(readFiles(server.dataDir));
  places.set("standard output", Buffer.from(server.stdout));
  expect(findCanaries(new Map([["token", Buffer.from(token)]]), places)).toEqual([]);
  expect(await server.stop()).toBe(0);
  const digest = new Bun.CryptoHasher("sha256").update(token).digest();
  const file = readFiles(server.dataDir).get("hookline.db");
  expect(file?.includes(digest)).toBe(true);
  expect(file?.includes(agent.id)).toBe(true);
});

test("a webhook secret is no API token, and an API token no webhook secret", async () => {
  await using server = await startServer();
  const webhook = { auth: { type: "bearer" } };
  const { id: agentId, webhookSecret } = await makeAgent(server, { webhook });
  expect((await ask(server, { call: "GET /agents", token: webhookSecret })).status).toBe(401);
  const headers = { Authorization: `Bearer ${server.token}` };
  expect((await deliver(server, { agentId, body: {}, headers })).status).toBe(401);
  const own = { Authorization: `Bearer ${webhookSecret}` };
  expect(await deliverAccepted(server, { agentId, body: {}, headers: own })).toStartWith("exec_");
});
