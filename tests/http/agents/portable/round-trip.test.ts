// Agents that leave one server as a document and come into it again, or into another.

import { describe, expect, test } from "bun:test";
import { AGENT_TEMPLATES } from "../../../../src/agents/templates";
import { NODE_TYPES } from "../../../../src/vocabulary";
import { documentOf, pipelineOf } from "../../../support/agents";
import type { ApiAnswer, TestApp } from "../../../support/app";
import { createTestApp } from "../../../support/app";
import { expectAnswer } from "../../../support/expectations";

const KEY = "sk-canary-of-a-provider-key";
const TOOL_SECRET = "canary-of-a-named-secret";
const WEBHOOK_SECRET = "canary-of-a-webhook-secret";
const CANARY = /canary/;

async function made(app: TestApp, sent: { call: string; body: unknown }): Promise<string> {
  const answer = await app.api(sent.call, sent.body);
  if (answer.status >= 300) throw new Error(answer.text);
  return answer.data.id;
}

const toolNamed = (name: string) => ({
  type: "http",
  name,
  description: `Calls ${name}.`,
  method: "POST",
  url: "https://tools.test/{{params.x}}",
  headers: { Authorization: "Bearer {{secrets.TOOLS_TOKEN}}" },
  query: { key: "{{secrets.OTHER_TOKEN}}" },
  body: { text: "{{params.text}}" },
  parameters: { type: "object", required: ["x"] },
  timeoutMs: 5000,
});

/** What a server needs before it can take the agent below whole; returns the other agent's id. */
async function prepare(app: TestApp): Promise<{ providerId: string; agentId: string }> {
  for (const name of ["TOOLS_TOKEN", "OTHER_TOKEN"]) {
    await app.api(`PUT /secrets/${name}`, { value: TOOL_SECRET });
  }
  const providerId = await made(app, {
    call: "POST /providers",
    body: {
      type: "openai-compatible",
      name: "Own models",
      baseUrl: "https://models.test/v1",
      apiKey: KEY,
    },
  });
  const { id } = await app.agent({ name: "Other agent" });
  return { providerId, agentId: id };
}

/** A pipeline of all ten types, in which nothing is at fault. */
const allTypes = (ids: { providerId: string; agentId: string; toolIds: string[] }) => ({
  nodes: [
    { id: "in", type: "input", data: { schema: { type: "object", required: ["items"] } } },
    { id: "if", type: "condition", data: { expression: "input.items.length > 1" } },
    {
      id: "ask",
      type: "llm_call",
      data: {
        providerId: ids.providerId,
        model: "m",
        userPromptTemplate: "{{input.items}}",
        toolIds: ids.toolIds,
      },
      position: { x: 1, y: 2 },
    },
    { id: "no", type: "transform", data: { code: "return 'few'" }, label: "Few" },
    {
      id: "either",
      type: "merge",
      data: { sources: ["ask", "no"], strategy: "first_non_null" },
    },
    { id: "each", type: "loop", data: { iterableExpression: "{{input.items}}" } },
    { id: "body", type: "transform", data: { code: "return loop.item" } },
    { id: "both", type: "parallel", data: { branches: ["tool", "agent"] } },
    {
      id: "tool",
      type: "tool_call",
      data: { toolId: ids.toolIds[1], parameterMapping: { x: "{{nodes.each.output}}" } },
    },
    {
      id: "agent",
      type: "sub_agent",
      data: { agentId: ids.agentId, inputMapping: { x: "{{nodes.either.output}}" } },
    },
    { id: "out", type: "output", data: { mapping: "{{nodes.both.output}}" } },
  ],
  edges: [
    { id: "e1", source: "in", target: "if" },
    { id: "e2", source: "if", target: "ask", sourceHandle: "true" },
    { id: "e3", source: "if", target: "no", sourceHandle: "false" },
    { id: "e4", source: "ask", target: "either" },
    { id: "e5", source: "no", target: "either" },
    { id: "e6", source: "either", target: "each" },
    { id: "e7", source: "each", target: "body", sourceHandle: "body" },
    { id: "e8", source: "each", target: "both", sourceHandle: "done" },
    { id: "e9", source: "both", target: "tool" },
    { id: "e10", source: "both", target: "agent" },
    { id: "e11", source: "tool", target: "out" },
    { id: "e12", source: "agent", target: "out" },
  ],
});

/** An agent that names one of everything, on a server of its own. */
async function createOrigin() {
  const app = await createTestApp();
  const ids = await prepare(app);
  const toolIds: string[] = [];
  for (const name of ["first tool", "second tool"]) {
    toolIds.push(await made(app, { call: "POST /tools", body: toolNamed(name) }));
  }
  const id = await made(app, {
    call: "POST /agents",
    body: {
      name: "Everything",
      description: "Names one of each.",
      pipeline: allTypes({ ...ids, toolIds }),
      webhook: {
        auth: { type: "hmac", preset: "github" },
        limits: { perMinute: 7, overflow: "queue" },
        respond: { waitSeconds: 5 },
        allow: { toolIds: [toolIds[0]], agentIds: [ids.agentId] },
      },
    },
  });
  const secret = { secret: WEBHOOK_SECRET };
  await app.api(`POST /agents/${id}/webhook/secrets`, secret);
  return { app, id, toolIds, ...ids };
}

async function documentFrom(app: TestApp, id: string) {
  const answer = await app.api(`GET /agents/${id}/export`);
  expect(answer.status).toBe(200);
  return answer.data;
}

const take = (app: TestApp, document: unknown): Promise<ApiAnswer> =>
  app.api("POST /agents/import", document);

const NOTHING = { secrets: [], providers: [], tools: [], agents: [] };

describe("a document", () => {
  test("describes all that the agent names, and holds no id", async () => {
    const { app, id } = await createOrigin();
    const document = await documentFrom(app, id);
    expect(new Set(document.pipeline.nodes.map((node: { type: string }) => node.type))).toEqual(
      new Set(NODE_TYPES),
    );
    expect(document).toMatchObject({
      format: "hookline.agent",
      version: 1,
      name: "Everything",
      description: "Names one of each.",
      webhook: {
        auth: { type: "hmac", preset: "github" },
        limits: { perMinute: 7, overflow: "queue" },
        respond: { waitSeconds: 5 },
        allow: { toolIds: ["tool:first-tool"], agentIds: ["agent:other-agent"] },
      },
    });
    expect(document.needs).toEqual({
      providers: [
        {
          ref: "provider:own-models",
          type: "openai-compatible",
          name: "Own models",
          baseUrl: "https://models.test/v1",
        },
      ],
      tools: ["first tool", "second tool"].map((name) =>
        expect.objectContaining({ ...toolNamed(name), ref: `tool:${name.replace(" ", "-")}` }),
      ),
      agents: [{ ref: "agent:other-agent", name: "Other agent" }],
      unknown: [],
      secrets: ["OTHER_TOKEN", "TOOLS_TOKEN"],
      webhookSecret: true,
    });
    expect(JSON.stringify(document)).not.toMatch(/(agt|prv|tool|whs)_[0-9a-f]{8}/);
  });

  test("holds no key and no secret", async () => {
    const { app, id } = await createOrigin();
    const { text } = await app.api(`GET /agents/${id}/export`);
    expect(text).toContain("{{secrets.TOOLS_TOKEN}}");
    expect(text).not.toMatch(CANARY);
  });

  test("is of the draft, not of the version that runs", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const pipeline = pipelineOf({ prompt: "newer" });
    await app.api(`PATCH /agents/${id}`, { pipeline });
    expect((await documentFrom(app, id)).pipeline).toEqual(pipeline);
  });

  test("tells things of one name apart", async () => {
    const app = await createTestApp();
    const toolIds: string[] = [];
    for (const url of ["https://a.test/", "https://b.test/"]) {
      const body = { type: "http", name: "Träger!", method: "GET", url };
      toolIds.push(await made(app, { call: "POST /tools", body }));
    }
    const { id } = await app.agent({ webhook: { allow: { toolIds } } });
    const { webhook, needs } = await documentFrom(app, id);
    expect(webhook.allow.toolIds).toEqual(["tool:tra-ger", "tool:tra-ger-2"]);
    const urls = needs.tools.map(({ ref, url }: Record<string, string>) => [ref, url]);
    expect(urls).toEqual([
      ["tool:tra-ger", "https://a.test/"],
      ["tool:tra-ger-2", "https://b.test/"],
    ]);
  });

  test("of a deleted agent is not there", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.api(`DELETE /agents/${id}`);
    expectAnswer(await app.api(`GET /agents/${id}/export`), { status: 404, code: "NOT_FOUND" });
  });
});

describe("on the same server", () => {
  test.each(AGENT_TEMPLATES.map(({ id, pipeline }) => [id, pipeline] as const))(
    "%s comes back as it was",
    async (_id, pipeline) => {
      const app = await createTestApp();
      const webhook = { limits: { perMinute: 3 } };
      const id = await made(app, { call: "POST /agents", body: { name: "a", pipeline, webhook } });
      const document = await documentFrom(app, id);
      const taken = await take(app, document);
      expect(taken.status).toBe(201);
      expect(taken.data).toMatchObject({ pipeline, faults: [], missing: NOTHING });
      expect(await documentFrom(app, taken.data.id)).toEqual(document);
    },
  );

  test("all node types come back with the same ids, as a draft with the webhook off", async () => {
    const { app, id, toolIds, providerId, agentId } = await createOrigin();
    const original = (await app.api(`GET /agents/${id}`)).data;
    const document = await documentFrom(app, id);
    const taken = await take(app, document);
    expect(taken.status).toBe(201);
    expect(taken.headers.get("location")).toBe(`/agents/${taken.data.id}`);
    expect(taken.headers.get("etag")).toBe('"1"');
    const { created, matched, missing, ...agent } = taken.data;
    expect((await app.api(`GET /agents/${agent.id}`)).data).toEqual(agent);
    expect(agent).toMatchObject({
      name: "Everything",
      description: "Names one of each.",
      status: "draft",
      liveVersion: null,
      webhookEnabled: false,
      faults: [],
      warnings: [{ code: "SECRET_MISSING" }],
    });
    expect(agent.pipeline).toEqual(original.pipeline);
    expect(agent.webhook).toEqual({ ...original.webhook, secrets: [] });
    expect([created, missing]).toEqual([{ tools: [] }, NOTHING]);
    expect(matched).toEqual({
      providers: [{ ref: "provider:own-models", id: providerId }],
      tools: [
        { ref: "tool:first-tool", id: toolIds[0] },
        { ref: "tool:second-tool", id: toolIds[1] },
      ],
      agents: [{ ref: "agent:other-agent", id: agentId }],
    });
    expect((await app.api("GET /tools")).data).toHaveLength(2);
    expect(await documentFrom(app, agent.id)).toEqual(document);
  });

  test("two tools that are alike stay two", async () => {
    const app = await createTestApp();
    const toolIds: string[] = [];
    const body = { type: "http", name: "same", method: "GET", url: "https://a.test/" };
    for (let at = 0; at < 2; at += 1) toolIds.push(await made(app, { call: "POST /tools", body }));
    const { id } = await app.agent({ webhook: { allow: { toolIds } } });
    const { data } = await take(app, await documentFrom(app, id));
    expect(data.webhook.allow.toolIds).toEqual(toolIds);
  });
});

describe("on another server", () => {
  test("an agent whose secrets and providers are set comes whole, with its tools made", async () => {
    const origin = await createOrigin();
    const document = await documentFrom(origin.app, origin.id);
    const app = await createTestApp();
    const ids = await prepare(app);
    const { data } = await take(app, document);
    expect(data).toMatchObject({ faults: [], missing: NOTHING, status: "draft" });
    const toolIds = data.created.tools.map(({ id }: { id: string }) => id);
    expect(data.pipeline).toEqual(allTypes({ ...ids, toolIds }));
    const tool = (await app.api(`GET /tools/${toolIds[0]}`)).data;
    expect(tool).toMatchObject({ ...toolNamed("first tool"), enabled: true });
    expect(await documentFrom(app, data.id)).toEqual(document);
    expect((await app.api(`POST /agents/${data.id}/activate`)).status).toBe(200);
  });

  test("what is not there is told, the draft has it as a fault, and no tool is made", async () => {
    const origin = await createOrigin();
    const document = await documentFrom(origin.app, origin.id);
    const app = await createTestApp();
    const { status, data } = await take(app, document);
    expect(status).toBe(201);
    const secretless = (name: string) => ({
      ref: `tool:${name.replace(" ", "-")}`,
      name,
      reason: "secret_missing",
    });
    expect(data.missing).toEqual({
      secrets: ["OTHER_TOKEN", "TOOLS_TOKEN"],
      providers: [{ ref: "provider:own-models", name: "Own models", reason: "none_fits" }],
      tools: [secretless("first tool"), secretless("second tool")],
      agents: [{ ref: "agent:other-agent", name: "Other agent", reason: "none_fits" }],
    });
    const faults = data.faults.map(({ nodeId, code }: Record<string, string>) => [nodeId, code]);
    expect(faults).toEqual([
      ["ask", "PROVIDER_UNKNOWN"],
      ["ask", "TOOL_UNKNOWN"],
      ["ask", "TOOL_UNKNOWN"],
      ["tool", "TOOL_UNKNOWN"],
      ["agent", "AGENT_UNKNOWN"],
    ]);
    expect((await app.api("GET /tools")).data).toEqual([]);
    expect((await app.api(`POST /agents/${data.id}/activate`)).status).toBe(422);
  });

  test("a document without tools runs at once", async () => {
    const app = await createTestApp();
    const { data } = await take(app, documentOf());
    await app.api(`POST /agents/${data.id}/activate`);
    const call = `POST /agents/${data.id}/invoke`;
    const ended = await app.api(call, { input: "hello", waitSeconds: 5 });
    expect(ended.data.output).toBe("hello");
  });
});

test("what the draft names and nobody has is a reference that nothing stands for", async () => {
  const app = await createTestApp();
  const pipeline = pipelineOf({ providerId: "prv_gone" });
  const id = await made(app, { call: "POST /agents", body: { name: "a", pipeline } });
  const document = await documentFrom(app, id);
  expect(document.needs.unknown).toEqual(["provider:unknown"]);
  const { data } = await take(app, document);
  const gap = { ref: "provider:unknown", name: null, reason: "unknown" };
  expect(data.missing.providers).toEqual([gap]);
  expect(data.faults).toMatchObject([{ nodeId: "llm", code: "PROVIDER_UNKNOWN" }]);
  expect(await documentFrom(app, data.id)).toEqual(document);
});
