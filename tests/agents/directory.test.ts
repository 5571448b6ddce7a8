// Agents in memory: read once, and never older than the last change through the API.

import { describe, expect, test } from "bun:test";
import { createDirectory } from "../../src/agents/directory";
import { agentWithSecret, SECRET } from "../support/agents";
import { createTestApp } from "../support/app";

describe("the directory", () => {
  test("knows settings and secrets of an agent", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const found = app.deps.directory.find(id);
    expect(found).toMatchObject({
      id,
      status: "active",
      liveVersion: 1,
      webhookEnabled: true,
      webhook: { auth: { type: "bearer", preset: "bearer" } },
      secrets: [{ text: SECRET, expiresAt: null }],
    });
  });

  test("reads an agent once", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const directory = createDirectory({ ...app.deps, changed: () => undefined });
    const first = directory.find(id);
    app.db.raw.run("update agents set name = 'changed behind its back'");
    expect(directory.find(id)).toBe(first);
  });

  test("does not remember that an agent was not there", async () => {
    // Ids count: another app's first agent has the id that this one's will have.
    const { id } = await (await createTestApp()).agent();
    const app = await createTestApp();
    expect(app.deps.directory.find(id)).toBeUndefined();
    expect((await app.agent()).id).toBe(id);
    expect(app.deps.directory.find(id)?.id).toBe(id);
  });

  test("does not find what was deleted", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect(app.deps.directory.find(id)).toBeDefined();
    await app.api(`DELETE /agents/${id}`);
    expect(app.deps.directory.find(id)).toBeUndefined();
  });
});

describe("the directory says how many deliveries may be in slots", () => {
  const maxConcurrent = (count: number) => ({ webhook: { limits: { maxConcurrent: count } } });

  test("from the last change on, whatever became of the agent since", async () => {
    const app = await createTestApp();
    const { id } = await app.agent(maxConcurrent(3));
    const { directory } = app.deps;
    expect(directory.maxConcurrentOf(1)).toBe(3);
    await app.api(`PATCH /agents/${id}`, maxConcurrent(2));
    expect(directory.maxConcurrentOf(1)).toBe(2);
    await app.api(`PATCH /agents/${id}`, { webhookEnabled: false });
    await app.api(`POST /agents/${id}/deactivate`);
    expect(directory.maxConcurrentOf(1)).toBe(2);
    await app.api(`DELETE /agents/${id}`);
    expect(directory.maxConcurrentOf(1)).toBe(2);
  });

  test("and else as the instance does", async () => {
    const app = await createTestApp({ config: { webhookMaxConcurrent: 4 } });
    await app.agent();
    expect(app.deps.directory.maxConcurrentOf(1)).toBe(4);
    expect(app.deps.directory.maxConcurrentOf(99)).toBe(4);
  });
});

describe("a change through the API", () => {
  const CHANGES: [name: string, call: string, body: unknown, after: object][] = [
    ["the webhook", "PATCH /agents/ID", { webhookEnabled: false }, { webhookEnabled: false }],
    [
      "the method",
      "PATCH /agents/ID",
      { webhook: { auth: { type: "hmac" } } },
      { webhook: { auth: { type: "hmac" } } },
    ],
    [
      "the limits",
      "PATCH /agents/ID",
      { webhook: { limits: { perMinute: 7 } } },
      { webhook: { limits: { perMinute: 7 } } },
    ],
    ["the status", "POST /agents/ID/deactivate", undefined, { status: "inactive" }],
    [
      "the secrets",
      "POST /agents/ID/webhook/secrets",
      { secret: "another-secret-of-the-tests" },
      { secrets: [{ text: SECRET }, { text: "another-secret-of-the-tests" }] },
    ],
  ];
  test.each(CHANGES)("follows a change of %s at once", async (_name, call, body, after) => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    expect(app.deps.directory.find(id)).not.toMatchObject(after);
    expect((await app.api(call.replace("ID", id), body)).status).toBeLessThan(300);
    expect(app.deps.directory.find(id)).toMatchObject(after);
  });

  test("follows a new live version at once", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    expect(app.deps.directory.find(agent.id)?.liveVersion).toBe(1);
    const pipeline = structuredClone(agent.pipeline);
    pipeline.nodes[0].label = "Renamed";
    await app.api(`PATCH /agents/${agent.id}`, { pipeline });
    expect(app.deps.directory.find(agent.id)?.liveVersion).toBe(1);
    await app.api(`POST /agents/${agent.id}/activate`);
    expect(app.deps.directory.find(agent.id)?.liveVersion).toBe(2);
  });
});
