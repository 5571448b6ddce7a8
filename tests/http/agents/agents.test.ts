// Agents through the API: create, read, list by pages, change, delete.

import { describe, expect, test } from "bun:test";
import { agentOnProvider } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound, HELD_ANSWER } from "../../support/held-outbound";

const create = (app: TestApp, body: unknown = { name: "agent" }) => app.api("POST /agents", body);

const NOT_FOUND = { status: 404, code: "NOT_FOUND" };

describe("a new agent", () => {
  test("is a draft with the default pipeline, no faults and its webhook off", async () => {
    const app = await createTestApp();
    const made = await create(app, { name: "Mail sorter" });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/agents/${made.data.id}`);
    expect(made.data).toMatchObject({
      name: "Mail sorter",
      description: "",
      status: "draft",
      liveVersion: null,
      webhookEnabled: false,
      createdAt: "2026-01-01T00:00:00.000Z",
      updatedAt: "2026-01-01T00:00:00.000Z",
      faults: [],
      webhook: {
        auth: { type: "none" },
        limits: {
          perMinute: 100,
          maxConcurrent: 10,
          overflow: "reject",
          maxQueued: 1_000,
          maxBodyBytes: 1_048_576,
        },
        respond: "async",
        secrets: [],
      },
    });
    expect(made.data.id).toMatch(/^agt_[0-9a-f-]{36}$/);
    expect(made.data.warnings).toBeUndefined();
    const types = made.data.pipeline.nodes.map((node: { type: string }) => node.type);
    expect(types).toEqual(["input", "llm_call", "output"]);
  });

  test("reads back as it was answered", async () => {
    const app = await createTestApp();
    const made = await create(app, { name: "a", description: "b" });
    expect((await app.api(`GET /agents/${made.data.id}`)).data).toEqual(made.data);
  });

  test("may be made with everything at once, and runs", async () => {
    const app = await createTestApp();
    const webhook = { auth: { type: "bearer" }, limits: { perMinute: 5 } };
    const made = await create(app, { name: "a", webhookEnabled: true, webhook });
    expect(made.data).toMatchObject({ status: "active", liveVersion: 1, webhookEnabled: true });
    expect(made.data.webhook).toMatchObject({
      auth: { type: "bearer", preset: "bearer" },
      limits: { perMinute: 5 },
    });
    expect(made.data.webhookSecret).toBeString();
  });
});

describe("an agent is refused", () => {
  const BAD: [name: string, body: unknown, path: string][] = [
    ["without a name", {}, "/name"],
    ["of an empty name", { name: "" }, "/name"],
    ["of a name of 101 characters", { name: "x".repeat(101) }, "/name"],
    ["of a name that is no text", { name: 7 }, "/name"],
    [
      "of a description of 2,001 characters",
      { name: "a", description: "x".repeat(2001) },
      "/description",
    ],
    ["of a webhook that is no object", { name: "a", webhook: [] }, "/webhook"],
    ["of a flag that is no flag", { name: "a", webhookEnabled: "true" }, "/webhookEnabled"],
    ["with a key of nobody", { name: "a", color: "red" }, "/color"],
    ["with a key that the server gives", { name: "a", status: "active" }, "/status"],
    ["with an id of its own", { name: "a", id: "agt_1" }, "/id"],
    ["as a list", [], ""],
    ["as null", null, ""],
    ["with a pipeline that is none", { name: "a", pipeline: { nodes: {} } }, "/pipeline/nodes"],
    [
      "with a node of no type",
      { name: "a", pipeline: { nodes: [{ id: "a", data: {} }], edges: [] } },
      "/pipeline/nodes/0/type",
    ],
    [
      "with a node key of nobody",
      { name: "a", pipeline: { nodes: [{ id: "a", type: "input", data: {}, x: 1 }], edges: [] } },
      "/pipeline/nodes/0/x",
    ],
  ];
  test.each(BAD)("%s", async (_name, body, path) => {
    const app = await createTestApp();
    const refused = await create(app, body);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details.map((detail: { path: string }) => detail.path)).toContain(path);
    expect((await app.api("GET /agents")).data).toEqual([]);
  });

  test("with all faults at once", async () => {
    const app = await createTestApp();
    const body = {
      name: "",
      description: 5,
      webhookEnabled: 1,
      extra: true,
      webhook: { auth: { type: "x" } },
    };
    const { error } = await create(app, body);
    expect(error.details.map((detail: { path: string }) => detail.path).toSorted()).toEqual([
      "/description",
      "/extra",
      "/name",
      "/webhook/auth/type",
      "/webhookEnabled",
    ]);
  });
});

async function pageThrough(app: TestApp, limit: number): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let pages = 0;
  let cursor: string | null = "";
  while (cursor !== null) {
    const after: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const { data, body } = await app.api(`GET /agents?limit=${limit}${after}`);
    expect(body.page.hasMore).toBe(body.page.nextCursor !== null);
    expect(data.length).toBeLessThanOrEqual(limit);
    ids.push(...data.map((agent: { id: string }) => agent.id));
    cursor = body.page.nextCursor;
    pages += 1;
  }
  return { ids, pages };
}

describe("the list of agents", () => {
  test.each([
    [1, 7],
    [3, 3],
    [7, 1],
    [200, 1],
  ])("by pages of %i has each once, newest first, in %i pages", async (limit, pages) => {
    const app = await createTestApp();
    const made: string[] = [];
    for (let count = 0; count < 7; count += 1) made.unshift((await create(app)).data.id);
    expect(await pageThrough(app, limit)).toEqual({ ids: made, pages });
  });

  test("goes on where it was although agents come and go", async () => {
    const app = await createTestApp();
    const made: string[] = [];
    for (let count = 0; count < 4; count += 1) made.unshift((await create(app)).data.id);
    const first = await app.api("GET /agents?limit=2");
    await create(app);
    await app.api(`DELETE /agents/${made[1]}`);
    const second = await app.api(`GET /agents?limit=2&cursor=${first.body.page.nextCursor}`);
    expect(second.data.map((agent: { id: string }) => agent.id)).toEqual(made.slice(2));
  });

  test("shows summaries: no pipeline, no secrets", async () => {
    const app = await createTestApp();
    await app.agent({ webhook: { auth: { type: "bearer" } } });
    const { data } = await app.api("GET /agents");
    expect(Object.keys(data[0]).toSorted()).toEqual([
      "createdAt",
      "description",
      "id",
      "liveVersion",
      "name",
      "status",
      "updatedAt",
      "webhookEnabled",
      "webhookUrl",
    ]);
  });

  test.each([
    "limit=0",
    "limit=201",
    "limit=-1",
    "limit=1.5",
    "limit=x",
    "limit=",
    "cursor=x",
    "cursor=-1",
    "cursor=",
    "page=2",
  ])("refuses ?%s", async (query) => {
    const app = await createTestApp();
    expectAnswer(await app.api(`GET /agents?${query}`), { status: 422, code: "VALIDATION_ERROR" });
  });
});

describe("a change", () => {
  test("touches what it names and the time of the change alone", async () => {
    const app = await createTestApp();
    const { data: before } = await create(app, { name: "a", description: "b" });
    app.clock.advance(1234);
    const { data: after } = await app.api(`PATCH /agents/${before.id}`, { name: "new" });
    expect(after).toEqual({ ...before, name: "new", updatedAt: "2026-01-01T00:00:01.234Z" });
    expect((await app.api(`GET /agents/${before.id}`)).data).toEqual(after);
  });
});

describe("an agent that was deleted", () => {
  test("is gone from every route but its executions and deliveries", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const sent = await app.deliver(id, "1");
    await app.pool.idle();
    const deleted = await app.api(`DELETE /agents/${id}`);
    expect({ status: deleted.status, text: deleted.text }).toEqual({ status: 204, text: "" });

    expectAnswer(await app.api(`GET /agents/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`PATCH /agents/${id}`, { name: "x" }), NOT_FOUND);
    expectAnswer(await app.api(`DELETE /agents/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`POST /agents/${id}/activate`), NOT_FOUND);
    expectAnswer(await app.api(`POST /agents/${id}/deactivate`), NOT_FOUND);
    expectAnswer(await app.api(`POST /agents/${id}/invoke`, { input: 1 }), NOT_FOUND);
    expectAnswer(await app.api(`GET /agents/${id}/versions`), NOT_FOUND);
    expect((await app.api("GET /agents")).data).toEqual([]);

    const poll = await app.api(`GET /agents/${id}/executions/${sent.data.executionId}`);
    expect(poll.data).toMatchObject({ agentId: id, status: "completed", output: "1" });
    expect((await app.api(`GET /agents/${id}/executions`)).data).toHaveLength(1);
    expect((await app.api(`GET /agents/${id}/deliveries`)).data).toHaveLength(1);
  });
});

test("what an agent has accepted runs to its end although the agent is deleted meanwhile", async () => {
  const held = createHeldOutbound();
  const app = await createTestApp({ outbound: held.outbound, config: { slots: 1 } });
  const { id } = await agentOnProvider(app);
  const running = await app.deliver(id, "1");
  const waiting = await app.deliver(id, "2");
  await held.started(1);
  expect((await app.api(`DELETE /agents/${id}`)).status).toBe(204);
  held.stopHolding();
  await app.pool.idle();
  for (const { data } of [running, waiting]) {
    const read = await app.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data).toMatchObject({ status: "completed", output: HELD_ANSWER });
  }
});

describe("404 is the answer for an id", () => {
  test.each([
    "agt_unknown",
    "x",
    "agt_00000000-0000-7000-8000-0000000000ff",
    "%00",
    "..%2f",
    "'%20or%201=1",
  ])("such as %s", async (id) => {
    const app = await createTestApp();
    await create(app);
    expectAnswer(await app.api(`GET /agents/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`PATCH /agents/${id}`, { name: "x" }), NOT_FOUND);
    expectAnswer(await app.api(`GET /agents/${id}/executions`), NOT_FOUND);
    expectAnswer(await app.api(`GET /agents/${id}/deliveries`), NOT_FOUND);
    expectAnswer(await app.api(`POST /agents/${id}/activate`), NOT_FOUND);
  });
});
