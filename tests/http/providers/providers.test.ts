// Model providers through the API: the built-in echo, own ones, their write-only key.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const KEY = "sk-provider-key-that-nobody-reads-1234";
const BODY = {
  type: "openai-compatible",
  name: "Ollama",
  baseUrl: "http://127.0.0.1:11434/v1",
  apiKey: KEY,
};

const create = (app: TestApp, patch: Record<string, unknown> = {}) =>
  app.api("POST /providers", { ...BODY, ...patch });

const NOT_FOUND = { status: 404, code: "NOT_FOUND" };

describe("the provider echo", () => {
  test("is there from the start, under its fixed id", async () => {
    const app = await createTestApp();
    const { data } = await app.api("GET /providers");
    expect(data).toMatchObject([
      { id: "echo", type: "echo", builtIn: true, enabled: true, baseUrl: null, apiKey: null },
    ]);
    expect((await app.api("GET /providers/echo")).data).toEqual(data[0]);
  });

  test("can be neither changed nor deleted", async () => {
    const app = await createTestApp();
    const refusals = [
      await app.api("PATCH /providers/echo", { enabled: false }),
      await app.api("DELETE /providers/echo"),
    ];
    for (const refused of refusals)
      expectAnswer(refused, { status: 409, code: "PROVIDER_BUILT_IN" });
    expect((await app.api("GET /providers/echo")).data.enabled).toBe(true);
  });
});

describe("a provider of a type with a public API", () => {
  const PUBLIC = [
    ["openai", "https://api.openai.com"],
    ["anthropic", "https://api.anthropic.com"],
    ["google", "https://generativelanguage.googleapis.com"],
  ];

  test.each(PUBLIC)("%s needs no base URL", async (type) => {
    const app = await createTestApp();
    const made = await app.api("POST /providers", { type, name: "p", apiKey: KEY });
    expectAnswer(made, { status: 201, hides: [KEY] });
    expect(made.data).toMatchObject({ type, baseUrl: null, enabled: true, builtIn: false });
  });

  test.each(PUBLIC)("%s keeps its key from another server, and not on %s", async (type, origin) => {
    const app = await createTestApp();
    const { id } = (await app.api("POST /providers", { type, name: "p", apiKey: KEY })).data;
    const change = (body: unknown) => app.api(`PATCH /providers/${id}`, body);
    const refused = await change({ baseUrl: "https://proxy.test/v1" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [KEY] });
    expect(refused.error.details).toMatchObject([{ path: "/apiKey", code: "REQUIRED" }]);
    expect((await change({ baseUrl: `${origin}/v2` })).status).toBe(200);
    const moved = await change({ baseUrl: "https://proxy.test/v1", apiKey: "sk-of-the-proxy" });
    expect(moved.data.baseUrl).toBe("https://proxy.test/v1");
    expectAnswer(await change({ baseUrl: null }), { status: 422, code: "VALIDATION_ERROR" });
    expect((await change({ baseUrl: null, apiKey: KEY })).data.baseUrl).toBeNull();
  });
});

describe("a provider", () => {
  test.each([
    [{ type: "echo", apiKey: KEY }, "/apiKey"],
    [{ type: "echo", baseUrl: "http://127.0.0.1/" }, "/baseUrl"],
    [{ type: "openai", script: [{ text: "x" }] }, "/script"],
  ])("made as %j is refused: its type has no such field", async (fields, path) => {
    const app = await createTestApp();
    const refused = await app.api("POST /providers", { name: "p", ...fields });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [KEY] });
    expect(refused.error.details).toMatchObject([{ path, code: "VALUE_UNAVAILABLE" }]);
  });

  test("of the type openai-compatible cannot lose its base URL", async () => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    const refused = await app.api(`PATCH /providers/${id}`, { baseUrl: null });
    expect(refused.error.details).toMatchObject([{ path: "/baseUrl", code: "REQUIRED" }]);
  });

  test("is made with a key that no answer shows", async () => {
    const app = await createTestApp();
    const made = await create(app);
    expectAnswer(made, { status: 201, hides: [KEY] });
    expect(made.headers.get("location")).toBe(`/providers/${made.data.id}`);
    expect(made.data).toEqual({
      id: expect.stringMatching(/^prv_[0-9a-f-]{36}$/),
      type: "openai-compatible",
      name: "Ollama",
      baseUrl: "http://127.0.0.1:11434/v1",
      apiKey: { fingerprint: "…1234", createdAt: "2026-01-01T00:00:00.000Z" },
      script: null,
      enabled: true,
      builtIn: false,
      createdAt: "2026-01-01T00:00:00.000Z",
      updatedAt: "2026-01-01T00:00:00.000Z",
    });
    for (const path of ["/providers", `/providers/${made.data.id}`]) {
      expectAnswer(await app.api(`GET ${path}`), { status: 200, hides: [KEY] });
    }
  });

  test("keeps its key sealed in the database", async () => {
    const app = await createTestApp();
    await create(app);
    const dump = Buffer.from(app.db.raw.serialize());
    expect(dump.includes("Ollama")).toBe(true);
    expect(dump.includes(KEY)).toBe(false);
  });

  test("needs no key", async () => {
    const app = await createTestApp();
    expect((await create(app, { apiKey: undefined })).data.apiKey).toBeNull();
  });

  test("may be made switched off", async () => {
    const app = await createTestApp();
    expect((await create(app, { enabled: false })).data.enabled).toBe(false);
  });
});

describe("a provider that is there", () => {
  test("changes what the patch names, and its time", async () => {
    const app = await createTestApp();
    const { data: before } = await create(app);
    app.clock.advance(1000);
    const patch = { name: "Other", baseUrl: `${before.baseUrl}/v2/`, enabled: false };
    const { data: after } = await app.api(`PATCH /providers/${before.id}`, patch);
    expect(after).toEqual({
      ...before,
      name: "Other",
      baseUrl: `${before.baseUrl}/v2`,
      enabled: false,
      updatedAt: "2026-01-01T00:00:01.000Z",
    });
  });

  test("does not take its key to another server unless that is given again", async () => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    const baseUrl = "https://elsewhere.test/v1";
    const refused = await app.api(`PATCH /providers/${id}`, { baseUrl });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", shows: ["/apiKey"] });
    const moved = await app.api(`PATCH /providers/${id}`, { baseUrl, apiKey: KEY });
    expect(moved.data.baseUrl).toBe(baseUrl);
    const without = { baseUrl: "https://third.test/v1", apiKey: null };
    expect((await app.api(`PATCH /providers/${id}`, without)).data.apiKey).toBeNull();
  });

  test("gets a new key in place of the old one, and loses it by null", async () => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    const apiKey = "sk-another-key-that-ends-in-wxyz";
    const changed = await app.api(`PATCH /providers/${id}`, { apiKey });
    expectAnswer(changed, { status: 200, hides: [apiKey] });
    expect(changed.data.apiKey.fingerprint).toBe("…wxyz");
    const named = await app.api(`PATCH /providers/${id}`, { name: "same key" });
    expect(named.data.apiKey.fingerprint).toBe("…wxyz");
    expect((await app.api(`PATCH /providers/${id}`, { apiKey: null })).data.apiKey).toBeNull();
    const left = app.db.raw.query("select 1 from secrets where purpose = 'provider'").all();
    expect(left).toEqual([]);
  });

  test("is gone once deleted, and its key with it", async () => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    expect((await app.api(`DELETE /providers/${id}`)).status).toBe(204);
    expectAnswer(await app.api(`GET /providers/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`DELETE /providers/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`PATCH /providers/${id}`, { name: "x" }), NOT_FOUND);
    const left = app.db.raw.query("select 1 from secrets where purpose = 'provider'").all();
    expect(left).toEqual([]);
  });
});

describe("a provider that an active agent calls", () => {
  async function inUse() {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    const agent = await app.agent({ pipeline: pipelineOf({ providerId: id }) });
    return { app, id, agent };
  }

  test("cannot be deleted, and the answer names the agents", async () => {
    const { app, id, agent } = await inUse();
    const other = await app.agent({ pipeline: pipelineOf({ providerId: id }) });
    const refused = await app.api(`DELETE /providers/${id}`);
    expectAnswer(refused, { status: 409, code: "PROVIDER_IN_USE" });
    const paths = refused.error.details.map((detail: { path: string }) => detail.path);
    expect(paths.toSorted()).toEqual([`/agents/${agent.id}`, `/agents/${other.id}`].toSorted());
    expect((await app.api(`GET /providers/${id}`)).status).toBe(200);
  });

  const RELEASES: [name: string, call: (id: string) => string][] = [
    ["was deactivated", (id) => `POST /agents/${id}/deactivate`],
    ["was deleted", (id) => `DELETE /agents/${id}`],
  ];
  test.each(RELEASES)("can be deleted once the agent %s", async (_name, call) => {
    const { app, id, agent } = await inUse();
    await app.api(call(agent.id));
    expect((await app.api(`DELETE /providers/${id}`)).status).toBe(204);
  });

  test("can be deleted where only a draft or an older version names it", async () => {
    const { app, id, agent } = await inUse();
    await app.api(`PATCH /agents/${agent.id}`, { pipeline: pipelineOf() });
    expectAnswer(await app.api(`DELETE /providers/${id}`), {
      status: 409,
      code: "PROVIDER_IN_USE",
    });
    await app.api(`POST /agents/${agent.id}/activate`);
    expect((await app.api(`DELETE /providers/${id}`)).status).toBe(204);
  });
});

describe("a provider that is missing or switched off", () => {
  const CASES: [name: string, patch: Record<string, unknown> | null][] = [
    ["missing", null],
    ["switched off", { enabled: false }],
  ];
  test.each(CASES)("is a fault of the draft that names it: %s", async (_name, patch) => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    if (patch === null) await app.api(`DELETE /providers/${id}`);
    else await app.api(`PATCH /providers/${id}`, patch);
    const pipeline = pipelineOf({ providerId: id });
    const made = await app.api("POST /agents", { name: "a", pipeline });
    expect(made.data.faults).toMatchObject([{ nodeId: "llm", code: "PROVIDER_UNKNOWN" }]);
  });

  test("fails the execution of a live version", async () => {
    const app = await createTestApp();
    const { id } = (await create(app)).data;
    const agent = await app.agent({ pipeline: pipelineOf({ providerId: id }) });
    await app.api(`PATCH /providers/${id}`, { enabled: false });
    const { data } = await app.deliver(agent.id, "1");
    await app.pool.idle();
    const read = await app.api(`GET /agents/${agent.id}/executions/${data.executionId}`);
    expect(read.data).toMatchObject({
      status: "failed",
      error: { code: "PROVIDER_MISSING", nodeId: "llm" },
    });
  });
});

describe("the list of providers", () => {
  test.each([
    [1, 5],
    [2, 3],
    [5, 1],
    [200, 1],
  ])("by pages of %i has each once, echo first, in %i pages", async (limit, pages) => {
    const app = await createTestApp();
    const expected = ["echo"];
    for (let count = 0; count < 4; count += 1) expected.push((await create(app)).data.id);
    const found: string[] = [];
    let cursor: string | null = "";
    let seen = 0;
    for (; cursor !== null; seen += 1) {
      const after: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { data, body } = await app.api(`GET /providers?limit=${limit}${after}`);
      found.push(...data.map((provider: { id: string }) => provider.id));
      cursor = body.page.nextCursor;
    }
    expect({ found, seen }).toEqual({ found: expected, seen: pages });
  });

  test.each(["limit=0", "limit=x", "cursor=A", "cursor=", "type=echo"])(
    "refuses ?%s",
    async (query) => {
      const app = await createTestApp();
      expectAnswer(await app.api(`GET /providers?${query}`), {
        status: 422,
        code: "VALIDATION_ERROR",
      });
    },
  );
});
