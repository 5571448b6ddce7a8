// What stands for the references of a document: what fits here, or what its sender says.

import { describe, expect, test } from "bun:test";
import { documentOf, pipelineOf } from "../../../support/agents";
import type { TestApp } from "../../../support/app";
import { createTestApp } from "../../../support/app";

const { needs } = documentOf();
const PROVIDER = {
  type: "openai-compatible",
  name: "Models",
  baseUrl: "https://models.test/v1",
};
const TOOL = { type: "http", name: "Notify", method: "GET", url: "https://t.test/{{params.x}}" };

async function made(app: TestApp, sent: { call: string; body: unknown }): Promise<string> {
  const answer = await app.api(sent.call, sent.body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.data.id;
}

const addProvider = (app: TestApp, more: object = {}) =>
  made(app, { call: "POST /providers", body: { ...PROVIDER, ...more } });
const addTool = (app: TestApp, more: object = {}) =>
  made(app, { call: "POST /tools", body: { ...TOOL, ...more } });

/** A document that names a provider, a tool and an agent. */
const DOCUMENT = documentOf({
  pipeline: {
    nodes: [
      ...pipelineOf({ providerId: "provider:models" }).nodes,
      { id: "t", type: "tool_call", data: { toolId: "tool:notify" } },
      { id: "a", type: "sub_agent", data: { agentId: "agent:other" } },
    ],
    edges: pipelineOf().edges,
  },
  needs: {
    ...needs,
    providers: [{ ref: "provider:models", ...PROVIDER }],
    tools: [{ ref: "tool:notify", ...TOOL }],
    agents: [{ ref: "agent:other", name: "other" }],
  },
});

async function take(app: TestApp, more: object = {}) {
  const answer = await app.api("POST /agents/import", { ...DOCUMENT, ...more });
  if (answer.status !== 201) throw new Error(answer.text);
  const at = (id: string) =>
    answer.data.pipeline.nodes.find((node: { id: string }) => node.id === id).data;
  return {
    ...answer.data,
    providerId: at("llm").providerId,
    toolId: at("t").toolId,
    agentId: at("a").agentId,
  };
}

const reasonsOf = (missing: Record<string, { reason: string }[]>, list: string): string[] =>
  (missing[list] ?? []).map(({ reason }) => reason);

describe("a provider", () => {
  test("is the one of that type, name and base URL, however that is written", async () => {
    const app = await createTestApp();
    for (const other of [{ name: "models" }, { baseUrl: "https://models.test/v2" }]) {
      await addProvider(app, other);
    }
    await made(app, { call: "POST /providers", body: { ...PROVIDER, type: "openai" } });
    expect((await take(app)).providerId).toBe("provider:models");
    const id = await addProvider(app, { baseUrl: "https://MODELS.test/v1/" });
    expect((await take(app)).providerId).toBe(id);
    const written = [
      { ref: "provider:models", ...PROVIDER, baseUrl: "https://models.test:443/v1/" },
    ];
    const needsWritten = { ...DOCUMENT.needs, providers: written };
    expect((await take(app, { needs: needsWritten })).providerId).toBe(id);
  });

  test("without a base URL is the one without", async () => {
    const app = await createTestApp();
    const listed = { ref: "provider:models", type: "openai", name: "Models", baseUrl: null };
    const own = { needs: { ...DOCUMENT.needs, providers: [listed] } };
    await addProvider(app, { type: "openai" });
    expect((await take(app, own)).providerId).toBe("provider:models");
    const body = { type: "openai", name: "Models" };
    const id = await made(app, { call: "POST /providers", body });
    expect((await take(app, own)).providerId).toBe(id);
  });

  test("is not guessed at where several fit", async () => {
    const app = await createTestApp();
    await addProvider(app);
    await addProvider(app);
    const { providerId, missing } = await take(app);
    expect(providerId).toBe("provider:models");
    expect(reasonsOf(missing, "providers")).toEqual(["several_fit"]);
  });
});

describe("an agent", () => {
  test("is the one of that name, where it is the only one; a deleted one does not count", async () => {
    const app = await createTestApp();
    const gone = await app.agent({ name: "other" });
    await app.api(`DELETE /agents/${gone.id}`);
    expect(reasonsOf((await take(app)).missing, "agents")).toEqual(["none_fits"]);
    const { id } = await app.agent({ name: "other" });
    expect((await take(app)).agentId).toBe(id);
    await app.agent({ name: "other" });
    const { agentId, missing } = await take(app);
    expect(agentId).toBe("agent:other");
    expect(reasonsOf(missing, "agents")).toEqual(["several_fit"]);
  });
});

describe("a tool", () => {
  test.each([
    ["another name", { name: "notify" }],
    ["another description", { description: "x" }],
    ["another URL", { url: "https://u.test/{{params.x}}" }],
    ["another header", { headers: { A: "b" } }],
    ["another time limit", { timeoutMs: 1 }],
  ])("with %s is another, and the document's is made", async (_name, more) => {
    const app = await createTestApp();
    const other = await addTool(app, more);
    const { toolId, created } = await take(app);
    expect(toolId).not.toBe(other);
    expect(created.tools).toEqual([{ ref: "tool:notify", id: toolId }]);
    expect((await app.api(`GET /tools/${toolId}`)).data).toMatchObject(TOOL);
  });

  test("that is just so is taken, one that is switched on before others", async () => {
    const app = await createTestApp();
    await addTool(app, { enabled: false });
    const id = await addTool(app);
    const { toolId, created } = await take(app);
    expect([toolId, created.tools]).toEqual([id, []]);
  });

  test("that is switched off is not made once more behind its owner's back", async () => {
    const app = await createTestApp();
    const id = await addTool(app, { enabled: false });
    const { toolId, created, faults } = await take(app);
    expect([toolId, created.tools]).toEqual([id, []]);
    expect(faults).toContainEqual(expect.objectContaining({ nodeId: "t", code: "TOOL_UNKNOWN" }));
  });

  test("that nothing names is neither judged nor made", async () => {
    const app = await createTestApp();
    const unused = { ref: "tool:unused", ...TOOL, url: "no URL" };
    const tools = [{ ref: "tool:notify", ...TOOL }, unused];
    const { created } = await take(app, { needs: { ...DOCUMENT.needs, tools } });
    expect(created.tools).toHaveLength(1);
    expect((await app.api("GET /tools")).data).toHaveLength(1);
  });

  test("is taken by the next document, so that a second import makes none", async () => {
    const app = await createTestApp();
    const first = await take(app);
    const second = await take(app);
    expect(second.toolId).toBe(first.toolId);
    expect((await app.api("GET /tools")).data).toHaveLength(1);
  });
});

describe("the sender's map", () => {
  test("goes before what fits", async () => {
    const app = await createTestApp();
    await addProvider(app);
    await addTool(app);
    await app.agent({ name: "other" });
    const ids = {
      providerId: await addProvider(app, { name: "mine" }),
      toolId: await addTool(app, { name: "mine" }),
      agentId: (await app.agent({ name: "mine" })).id,
    };
    const taken = await take(app, {
      map: {
        providers: { "provider:models": ids.providerId },
        tools: { "tool:notify": ids.toolId },
        agents: { "agent:other": ids.agentId },
      },
    });
    expect(taken).toMatchObject(ids);
    expect(taken.matched).toEqual({
      providers: [{ ref: "provider:models", id: ids.providerId }],
      tools: [{ ref: "tool:notify", id: ids.toolId }],
      agents: [{ ref: "agent:other", id: ids.agentId }],
    });
    expect(taken.created.tools).toEqual([]);
  });

  test("may put echo in a model's place, and something in that of what was unknown", async () => {
    const app = await createTestApp();
    const own = {
      pipeline: pipelineOf({ providerId: "provider:unknown" }),
      needs: { ...needs, unknown: ["provider:unknown"] },
      map: { providers: { "provider:unknown": "echo" } },
    };
    const { data } = await app.api("POST /agents/import", documentOf(own));
    expect(data).toMatchObject({ pipeline: pipelineOf(), faults: [], missing: { providers: [] } });
  });
});

test("a secret that only the document's list names is told as well", async () => {
  const app = await createTestApp();
  await app.api("PUT /secrets/THERE", { value: "x" });
  const secrets = ["THERE", "NOWHERE"];
  const { missing } = await take(app, { needs: { ...DOCUMENT.needs, secrets } });
  expect(missing.secrets).toEqual(["NOWHERE"]);
});

test("a secret that only a tool reads is told as well", async () => {
  const app = await createTestApp();
  const tools = [{ ref: "tool:notify", ...TOOL, headers: { A: "{{secrets.NOWHERE}}" } }];
  const { missing } = await take(app, { needs: { ...DOCUMENT.needs, tools } });
  expect(missing.secrets).toEqual(["NOWHERE"]);
  expect(reasonsOf(missing, "tools")).toEqual(["secret_missing"]);
});

test("what is missing keeps its reference in the next document", async () => {
  const app = await createTestApp();
  const { id } = await take(app);
  const document = (await app.api(`GET /agents/${id}/export`)).data;
  expect(document.needs.unknown).toEqual(["provider:models", "agent:other"]);
});

test("a node's __proto__ is kept as the fault that it is, and names nothing", async () => {
  const app = await createTestApp();
  const text = JSON.stringify(documentOf()).replace(
    '"providerId":"echo"',
    '"providerId":"echo","__proto__":{"toolIds":["tool:x"]}',
  );
  const { data } = await app.api("POST /agents/import", JSON.parse(text));
  expect(data.faults).toMatchObject([{ nodeId: "llm", code: "FIELD_UNKNOWN" }]);
});

test("what a draft holds in the place of a name, and is none, goes along as its fault", async () => {
  const app = await createTestApp();
  for (const toolIds of [7, null, {}, [7, null], [["x"]], ""]) {
    const nodes = pipelineOf().nodes.map((node) =>
      node.id === "llm" ? { ...node, data: { ...node.data, toolIds } } : node,
    );
    const pipeline = { ...pipelineOf(), nodes };
    const { data } = await app.api("POST /agents", { name: "a", pipeline });
    const document = (await app.api(`GET /agents/${data.id}/export`)).data;
    const taken = await app.api("POST /agents/import", document);
    expect(taken.data).toMatchObject({ pipeline, faults: data.faults });
  }
});
