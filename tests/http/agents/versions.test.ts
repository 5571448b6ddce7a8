// An agent's versions: who made them and why, what they changed, and one made live again.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

interface Draft {
  nodes: { id: string; type: string; data: Record<string, unknown> }[];
  edges: { id: string; source: string; target: string }[];
}

const pipeline = (prompt: string, more: Record<string, unknown> = {}): Draft => ({
  nodes: [
    { id: "in", type: "input", data: {}, ...more },
    { id: "llm", type: "llm_call", data: { providerId: "echo", userPromptTemplate: prompt } },
    { id: "out", type: "output", data: { mapping: "{{nodes.llm.output}}" } },
  ],
  edges: [
    { id: "a", source: "in", target: "llm" },
    { id: "b", source: "llm", target: "out" },
  ],
});

async function withVersions(prompts: string[]): Promise<{ app: TestApp; id: string }> {
  const app = await createTestApp();
  const { id } = (await app.api("POST /agents", { name: "a" })).data;
  for (const prompt of prompts) {
    await app.api(`PATCH /agents/${id}`, { pipeline: pipeline(prompt) });
    await app.api(`POST /agents/${id}/activate`, { note: `says ${prompt}` });
  }
  return { app, id };
}

const said = async (app: TestApp, id: string): Promise<unknown> => {
  const { data } = await app.api(`POST /agents/${id}/invoke`, { input: {}, waitSeconds: 5 });
  return data.output;
};

describe("a version", () => {
  test("keeps its note and the token that made it", async () => {
    const { app, id } = await withVersions(["one", "two"]);
    const { data } = await app.api(`GET /agents/${id}/versions`);
    const admin = (await app.api("GET /tokens")).data[0];
    expect(data).toMatchObject([
      { version: 2, live: true, note: "says two", author: admin.id },
      { version: 1, live: false, note: "says one", author: admin.id },
    ]);
    const one = await app.api(`GET /agents/${id}/versions/1`);
    expect(one.data).toEqual({ ...data[1], pipeline: pipeline("one") });
  });

  test("that enabling the webhook made has its author as well", async () => {
    const app = await createTestApp();
    const { id } = (await app.api("POST /agents", { name: "a", webhookEnabled: true })).data;
    const { data } = await app.api(`GET /agents/${id}/versions`);
    expect(data).toMatchObject([{ version: 1, note: "", author: expect.stringMatching(/^key_/) }]);
  });

  test("has a note of at most 500 characters", async () => {
    const { app, id } = await withVersions(["one"]);
    const refused = await app.api(`POST /agents/${id}/activate`, { note: "x".repeat(501) });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
  });

  test("is told apart from another by nodes, edges and fields, wherever they are drawn", async () => {
    const { app, id } = await withVersions(["one"]);
    const changed = pipeline("two", { position: { x: 3, y: 4 } });
    changed.nodes.push({ id: "more", type: "transform", data: { code: "return 1" } });
    changed.edges[1] = { id: "b", source: "more", target: "out" };
    changed.edges.push({ id: "c", source: "llm", target: "more" });
    await app.api(`PATCH /agents/${id}`, { pipeline: changed });
    await app.api(`POST /agents/${id}/activate`);
    const { data } = await app.api(`GET /agents/${id}/versions/2/diff?from=1`);
    expect(data).toEqual({
      nodes: {
        added: ["more"],
        removed: [],
        changed: [{ id: "llm", paths: ["/data/userPromptTemplate"] }],
      },
      edges: { added: ["c"], removed: [], changed: [{ id: "b", paths: ["/source"] }] },
    });
    const back = await app.api(`GET /agents/${id}/versions/1/diff?from=2`);
    expect(back.data.nodes).toMatchObject({ added: [], removed: ["more"] });
    expectAnswer(await app.api(`GET /agents/${id}/versions/1/diff?from=7`), {
      status: 404,
      code: "NOT_FOUND",
    });
  });
});

describe("rolling back", () => {
  test("makes an earlier pipeline live as a new version, and leaves the draft", async () => {
    const { app, id } = await withVersions(["one", "two"]);
    await app.api(`PATCH /agents/${id}`, { pipeline: pipeline("draft") });
    const rolled = await app.api(`POST /agents/${id}/versions/1/rollback`);
    expect(rolled.data).toMatchObject({ liveVersion: 3, status: "active" });
    expect(rolled.data.pipeline).toEqual(pipeline("draft"));
    expect(await said(app, id)).toBe("one");
    const { data } = await app.api(`GET /agents/${id}/versions`);
    expect(data[0]).toMatchObject({ version: 3, live: true, note: "As version 1" });
  });

  test("to the live version changes nothing but the agent's status", async () => {
    const { app, id } = await withVersions(["one"]);
    await app.api(`POST /agents/${id}/deactivate`);
    const rolled = await app.api(`POST /agents/${id}/versions/1/rollback`, { note: "again" });
    expect(rolled.data).toMatchObject({ liveVersion: 1, status: "active" });
  });

  test("is refused where the pipeline cannot run any more, with what is wrong", async () => {
    const { app, id } = await withVersions(["one"]);
    const body = { type: "openai-compatible", name: "p", baseUrl: "https://x.test/v1" };
    const provider = (await app.api("POST /providers", body)).data.id;
    const gone = pipeline("gone");
    Object.assign(gone.nodes[1]?.data ?? {}, { providerId: provider });
    await app.api(`PATCH /agents/${id}`, { pipeline: gone });
    await app.api(`POST /agents/${id}/activate`);
    await app.api(`PATCH /agents/${id}`, { pipeline: pipeline("three") });
    await app.api(`POST /agents/${id}/activate`);
    await app.api(`DELETE /providers/${provider}`);
    const refused = await app.api(`POST /agents/${id}/versions/2/rollback`);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ nodeId: "llm", code: "PROVIDER_UNKNOWN" }]);
    expect(await said(app, id)).toBe("three");
  });

  test("to a version that never was is 404, and by a stale tag 412", async () => {
    const { app, id } = await withVersions(["one", "two"]);
    expectAnswer(await app.api(`POST /agents/${id}/versions/9/rollback`), {
      status: 404,
      code: "NOT_FOUND",
    });
    const stale = await app.request(`/agents/${id}/versions/1/rollback`, {
      method: "POST",
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, "If-Match": '"1"' },
    });
    expect(stale.status).toBe(412);
  });
});
