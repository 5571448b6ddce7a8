// Judging a pipeline: all its faults together, and nothing is changed by asking.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

/** Faults of fields and structure. */
const MIXED = {
  nodes: [
    { id: "input", type: "input", data: {} },
    { id: "other", type: "tool_call", data: {} },
    {
      id: "llm",
      type: "llm_call",
      data: { providerId: "nobody", userPromptTemplate: "{{nodes.lllm.output}}" },
    },
    { id: "output", type: "output", data: { mapping: "x" } },
  ],
  edges: [{ id: "e1", source: "input", target: "output" }],
};

const codesOf = (faults: { nodeId?: string; code: string }[]): string[] =>
  faults.map(({ nodeId, code }) => `${nodeId ?? ""} ${code}`);

const validate = (app: TestApp, id: string, body: unknown = {}) =>
  app.api(`POST /agents/${id}/validate`, body);

/** An agent whose draft has a fault. */
async function withFaultyDraft() {
  const app = await createTestApp();
  const pipeline = pipelineOf({ providerId: "nobody" });
  const { id } = (await app.api("POST /agents", { name: "a", pipeline })).data;
  return { app, id };
}

describe("without a pipeline", () => {
  test("the draft is judged, with the faults that the agent shows", async () => {
    const { app, id } = await withFaultyDraft();
    const { faults } = (await app.api(`GET /agents/${id}`)).data;
    const judged = await validate(app, id);
    expect(judged.status).toBe(200);
    expect(judged.data).toEqual({ valid: false, faults });
    expect(codesOf(faults)).toEqual(["llm PROVIDER_UNKNOWN"]);
  });

  test("nor a body it is judged as well, whatever type is told", async () => {
    const { app, id } = await withFaultyDraft();
    for (const headers of [{}, { "Content-Type": "application/json" }]) {
      const init = { method: "POST", headers: { ...bearerHeaders(ADMIN_TOKEN), ...headers } };
      const judged = await readAnswer(await app.request(`/agents/${id}/validate`, init));
      expect([judged.status, judged.data?.valid]).toEqual([200, false]);
    }
  });

  test("a draft without faults is valid", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await validate(app, id)).data).toEqual({ valid: true, faults: [] });
  });
});

describe("a pipeline that is sent", () => {
  test("is judged in the draft's place", async () => {
    const { app, id } = await withFaultyDraft();
    const judged = await validate(app, id, { pipeline: pipelineOf() });
    expect(judged.data).toEqual({ valid: true, faults: [] });
  });

  test("has all its faults told at once", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { data } = await validate(app, id, { pipeline: MIXED });
    expect(data.valid).toBe(false);
    expect(codesOf(data.faults)).toEqual([
      "other NODE_UNREACHABLE",
      "llm NODE_UNREACHABLE",
      "other FIELD_REQUIRED",
      "llm PROVIDER_UNKNOWN",
      "llm NODE_UNKNOWN",
    ]);
  });

  test("has the faults for which activating its draft is refused", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const nodes = MIXED.nodes.filter((node) => !["other", "llm"].includes(node.id));
    const pipeline = { ...MIXED, nodes: [...nodes, { id: "more", type: "output", data: {} }] };
    const judged = await validate(app, id, { pipeline });
    await app.api(`PATCH /agents/${id}`, { pipeline });
    const refused = await app.api(`POST /agents/${id}/activate`);
    expect(refused.error.details).toEqual(judged.data.faults);
    expect(judged.data.faults.length).toBeGreaterThan(1);
  });

  test.each([
    ["that is none", { pipeline: 7 }, "/pipeline"],
    ["that is null", { pipeline: null }, "/pipeline"],
    [
      "with a node of no type",
      { pipeline: { nodes: [{ id: "a", data: {} }], edges: [] } },
      "/pipeline/nodes/0/type",
    ],
    ["beside a key of nobody", { pipeline: pipelineOf(), name: "x" }, "/name"],
  ])("is refused as a request %s", async (_name, body, path) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const refused = await validate(app, id, body);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details.map((detail: { path: string }) => detail.path)).toContain(path);
  });
});

test("asking changes nothing: not a byte of the database", async () => {
  const { app, id } = await withFaultyDraft();
  const before = Buffer.from(app.db.raw.serialize());
  await validate(app, id, { pipeline: MIXED });
  await validate(app, id);
  expect(Buffer.from(app.db.raw.serialize()).equals(before)).toBe(true);
});

test("an unknown agent has nothing to judge", async () => {
  const app = await createTestApp();
  const refused = await validate(app, "agt_unknown", { pipeline: pipelineOf() });
  expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
});
