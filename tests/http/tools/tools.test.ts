// Tools and named secrets through the API.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const SECRET = "ghp_a-secret-that-nobody-reads";
const TOOL = {
  type: "http",
  name: "Comment",
  method: "POST",
  url: "https://api.test/issues/{{params.number}}",
  headers: { Authorization: "Bearer {{secrets.GITHUB_TOKEN}}" },
  body: { body: "{{params.text}}" },
};

async function withSecret(): Promise<TestApp> {
  const app = await createTestApp();
  expectAnswer(await app.api("PUT /secrets/GITHUB_TOKEN", { value: SECRET }), {
    status: 201,
    hides: [SECRET],
  });
  return app;
}

const create = (app: TestApp, patch: Record<string, unknown> = {}) =>
  app.api("POST /tools", { ...TOOL, ...patch });

describe("a secret", () => {
  test("is listed by its name, and replaced in its place", async () => {
    const app = await withSecret();
    await app.api("PUT /secrets/A_KEY", { value: "x" });
    const again = await app.api("PUT /secrets/GITHUB_TOKEN", { value: `${SECRET}2` });
    expectAnswer(again, { status: 200, hides: [SECRET] });
    const { data, body } = await app.api("GET /secrets?limit=1");
    expect(data).toMatchObject([{ name: "A_KEY", fingerprint: "…", lastUsedAt: null }]);
    expect(body.page).toEqual({ hasMore: true, nextCursor: "A_KEY" });
    const next = await app.api("GET /secrets?cursor=A_KEY");
    expect(next.data).toMatchObject([{ name: "GITHUB_TOKEN", fingerprint: "…ads2" }]);
    expect(next.body.page).toEqual({ hasMore: false, nextCursor: null });
  });

  test("is kept encrypted", async () => {
    const app = await withSecret();
    const rows = app.db.raw.query("select * from secrets").values();
    expect(Bun.inspect(rows)).not.toContain(SECRET);
    const sealed = app.db.raw.query<{ sealed: Uint8Array }, []>("select sealed from secrets").all();
    for (const row of sealed) expect(Buffer.from(row.sealed).includes(SECRET)).toBe(false);
  });

  test.each(["lower", "1ST", "A-B", "A".repeat(65)])("is not named %s", async (name) => {
    const app = await createTestApp();
    expectAnswer(await app.api(`PUT /secrets/${name}`, { value: "x" }), {
      status: 422,
      code: "VALIDATION_ERROR",
    });
  });

  test("cannot be deleted while a tool reads it", async () => {
    const app = await withSecret();
    const { id } = (await create(app)).data;
    const refused = await app.api("DELETE /secrets/GITHUB_TOKEN");
    expectAnswer(refused, { status: 409, code: "SECRET_IN_USE" });
    expect(refused.error.details).toMatchObject([{ path: `/tools/${id}`, code: "SECRET_IN_USE" }]);
    expect((await app.api(`DELETE /tools/${id}`)).status).toBe(204);
    expect((await app.api("DELETE /secrets/GITHUB_TOKEN")).status).toBe(204);
    expectAnswer(await app.api("DELETE /secrets/GITHUB_TOKEN"), { status: 404, code: "NOT_FOUND" });
  });
});

describe("a tool", () => {
  test("is stored with the defaults of what it leaves out", async () => {
    const app = await withSecret();
    const made = await create(app);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/tools/${made.data.id}`);
    expect(made.data).toMatchObject({
      ...TOOL,
      description: "",
      enabled: true,
      urlFrom: null,
      query: {},
      parameters: null,
      timeoutMs: 30_000,
      retries: 2,
      idempotent: false,
      maxResponseBytes: 1_048_576,
    });
    expect((await app.api(`GET /tools/${made.data.id}`)).data).toEqual(made.data);
    expect((await app.api("GET /tools")).data).toEqual([made.data]);
  });

  test("is changed in what is sent, and judged as a whole", async () => {
    const app = await withSecret();
    const { id } = (await create(app)).data;
    const changed = await app.api(`PATCH /tools/${id}`, { timeoutMs: 1_000, enabled: false });
    expect(changed.data).toMatchObject({ ...TOOL, timeoutMs: 1_000, enabled: false });
    const refused = await app.api(`PATCH /tools/${id}`, { method: "GET" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path: "/body", code: "INVALID" }]);
    expect((await app.api(`GET /tools/${id}`)).data.method).toBe("POST");
  });

  test.each<[Record<string, unknown>, string, string]>([
    [{ url: "https://{{params.host}}/x" }, "/url", "URL_INVALID"],
    [{ url: "https://api.{{params.host}}.test/x" }, "/url", "URL_INVALID"],
    [{ url: "https://api.test:{{params.port}}/x" }, "/url", "URL_INVALID"],
    [{ url: "{{params.url}}" }, "/url", "URL_INVALID"],
    [{ url: "https://user:pass@api.test/" }, "/url", "URL_INVALID"],
    [{ url: "ftp://api.test/" }, "/url", "URL_INVALID"],
    [{ url: "https://api.test/#x" }, "/url", "URL_INVALID"],
    [{ url: "https://api.test:0/" }, "/url", "URL_INVALID"],
    [{ url: null }, "/url", "REQUIRED"],
    [{ urlFrom: "{{params.to}}" }, "/url", "REQUIRED"],
    [{ url: null, urlFrom: "{{params.to}}" }, "/allowedHosts", "REQUIRED"],
    [
      { url: null, urlFrom: "{{params.to}}", allowedHosts: ["https://x.test"] },
      "/allowedHosts/0",
      "INVALID",
    ],
    [{ headers: { Host: "x" } }, "/headers/Host", "HEADER_UNAVAILABLE"],
    [{ headers: { "Idempotency-Key": "x" } }, "/headers/Idempotency-Key", "HEADER_UNAVAILABLE"],
    [{ headers: { "A B": "x" } }, "/headers/A B", "HEADER_MALFORMED"],
    [{ body: ["{{params.a"] }, "/body/0", "EXPRESSION_INVALID"],
    [{ body: { "a/b": "{{input.x}}" } }, "/body/a~1b", "EXPRESSION_INVALID"],
    [{ query: { q: "{{secrets.GONE}}" } }, "/query/q", "SECRET_UNKNOWN"],
    [{ method: "GET" }, "/body", "INVALID"],
    [{ parameters: { type: "nothing" } }, "/parameters/type", "SCHEMA_INVALID"],
    [{ method: undefined }, "/method", "REQUIRED"],
    [{ toolName: "x" }, "/toolName", "VALUE_UNAVAILABLE"],
  ])("with %j is refused at %s with %s", async (patch, path, code) => {
    const app = await withSecret();
    const refused = await create(app, patch);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path, code }]);
  });

  const pipelineOf = (node: { type: string; data: object }) => ({
    nodes: [
      { id: "in", type: "input", data: {} },
      { id: "t", ...node },
      { id: "out", type: "output", data: { mapping: "{{nodes.t.output}}" } },
    ],
    edges: [
      { id: "a", source: "in", target: "t" },
      { id: "b", source: "t", target: "out" },
    ],
  });
  test.each([
    ["calls", (id: string) => ({ type: "tool_call", data: { toolId: id } })],
    [
      "lets a model call",
      (id: string) => ({
        type: "llm_call",
        data: { providerId: "echo", userPromptTemplate: "Go.", toolIds: [id] },
      }),
    ],
  ])(
    "that a live agent %s cannot be deleted, and is unknown to drafts once switched off",
    async (_how, node) => {
      const app = await withSecret();
      const { id } = (await create(app)).data;
      const other = (await create(app)).data;
      const agent = await app.agent({ pipeline: pipelineOf(node(id)) });
      const refused = await app.api(`DELETE /tools/${id}`);
      expectAnswer(refused, { status: 409, code: "TOOL_IN_USE" });
      expect(refused.error.details).toMatchObject([{ path: `/agents/${agent.id}` }]);
      expectAnswer(await app.api(`DELETE /tools/${other.id}`), { status: 204 });
      await app.api(`PATCH /tools/${id}`, { enabled: false });
      const judged = await app.api(`POST /agents/${agent.id}/validate`, {});
      expect(judged.data.faults).toMatchObject([{ nodeId: "t", code: "TOOL_UNKNOWN" }]);
    },
  );
});

describe("a tool that is called", () => {
  const outbound = (answer: () => Response, seen: Request[]) => ({
    fetch: async (input: string | URL, init: RequestInit = {}) => {
      seen.push(new Request(String(input), init));
      return answer();
    },
  });

  test("by a pipeline gets its parameters and its secret, whose use is noted", async () => {
    const seen: Request[] = [];
    const app = await createTestApp({
      outbound: outbound(() => Response.json({ id: 7 }), seen),
    });
    await app.api("PUT /secrets/GITHUB_TOKEN", { value: SECRET });
    const { id } = (await create(app)).data;
    const pipeline = {
      nodes: [
        { id: "in", type: "input", data: {} },
        {
          id: "t",
          type: "tool_call",
          data: { toolId: id, parameterMapping: { number: "{{input.n}}", text: "{{input.text}}" } },
        },
        { id: "out", type: "output", data: { mapping: "{{nodes.t.output}}" } },
      ],
      edges: [
        { id: "a", source: "in", target: "t" },
        { id: "b", source: "t", target: "out" },
      ],
    };
    const agent = await app.agent({ pipeline });
    const input = { n: 12, text: 'a "quote"' };
    const ran = await app.api(`POST /agents/${agent.id}/invoke`, { input });
    await app.pool.idle();
    const execution = await app.api(`GET /agents/${agent.id}/executions/${ran.data.executionId}`);
    expectAnswer(execution, { status: 200, hides: [SECRET] });
    expect(execution.data).toMatchObject({ status: "completed", output: { id: 7 } });
    const [request] = seen;
    expect(request?.url).toBe("https://api.test/issues/12");
    expect(request?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
    expect(request?.headers.get("idempotency-key")).toBe(`${ran.data.executionId}/t//0`);
    expect(await request?.json()).toEqual({ body: 'a "quote"' });
  });

  test("by hand tells what a step would get, or why it would fail", async () => {
    let answer = () => Response.json({ ok: 1 });
    const app = await createTestApp({ outbound: outbound(() => answer(), []) });
    await app.api("PUT /secrets/GITHUB_TOKEN", { value: SECRET });
    const { id } = (await create(app, { parameters: { required: ["number"] } })).data;
    const call = (params: unknown) => app.api(`POST /tools/${id}/test`, { params });
    expect((await call({ number: 1 })).data).toMatchObject({
      ok: true,
      status: 200,
      output: { ok: 1 },
      failure: null,
    });
    expect((await call({})).data).toMatchObject({
      ok: false,
      status: null,
      failure: { code: "TOOL_INPUT_INVALID" },
    });
    answer = () => new Response("no", { status: 403 });
    const failed = await call({ number: 1 });
    expectAnswer(failed, { status: 200, hides: [SECRET] });
    expect(failed.data).toMatchObject({ ok: false, status: 403, failure: { code: "TOOL_ERROR" } });
  });
});
