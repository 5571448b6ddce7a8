// Copies of an agent: what its owner wrote goes along; secrets, versions and the open door do not.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const duplicate = (app: TestApp, id: string, body: unknown = {}) =>
  app.api(`POST /agents/${id}/duplicate`, body);

describe("a copy", () => {
  test("has description, draft and webhook settings of its original, and is a draft of its own", async () => {
    const app = await createTestApp();
    const pipeline = pipelineOf({ prompt: "a prompt of its own" });
    const limits = { perMinute: 7, maxConcurrent: 3 };
    const original = await app.agent({
      name: "Mail sorter",
      description: "Sorts.",
      webhook: { auth: { type: "hmac", preset: "github" }, limits },
    });
    await app.api(`PATCH /agents/${original.id}`, { pipeline });
    app.clock.advance(1000);
    const copy = await duplicate(app, original.id);
    expect(copy.status).toBe(201);
    expect(copy.headers.get("location")).toBe(`/agents/${copy.data.id}`);
    expect(copy.headers.get("etag")).toBe('"1"');
    expect(copy.data.id).not.toBe(original.id);
    expect(copy.data).toMatchObject({
      name: "Mail sorter (copy)",
      description: "Sorts.",
      status: "draft",
      liveVersion: null,
      webhookEnabled: false,
      createdAt: "2026-01-01T00:00:01.000Z",
      pipeline,
      faults: [],
      webhook: { auth: { type: "hmac", preset: "github" }, limits, secrets: [] },
    });
    expect((await app.api(`GET /agents/${copy.data.id}`)).data).toEqual(copy.data);
    expect((await app.api(`GET /agents/${copy.data.id}/versions`)).data).toEqual([]);
  });

  test("is made without a body too", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await app.api(`POST /agents/${id}/duplicate`)).data.name).toBe("agent (copy)");
  });

  test("leaves its original as it was", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const before = (await app.api(`GET /agents/${id}`)).text;
    const copy = await duplicate(app, id);
    await app.api(`PATCH /agents/${copy.data.id}`, { webhook: { limits: { perMinute: 1 } } });
    expect((await app.api(`GET /agents/${id}`)).text).toBe(before);
  });

  test("of a draft with faults has them too", async () => {
    const app = await createTestApp();
    const pipeline = pipelineOf({ providerId: "nobody" });
    const { data } = await app.api("POST /agents", { name: "a", pipeline });
    expect((await duplicate(app, data.id)).data.faults).toEqual(data.faults);
  });

  test("of almost 1 MiB is made whole", async () => {
    const app = await createTestApp();
    const nodes = pipelineOf().nodes;
    const text = "x".repeat(90_000);
    const prompts = Array.from({ length: 11 }, (_, at) => ({
      id: `n${at}`,
      type: "llm_call",
      data: { providerId: "echo", userPromptTemplate: text },
    }));
    const pipeline = { ...pipelineOf(), nodes: [...nodes, ...prompts] };
    const { data } = await app.api("POST /agents", { name: "a", pipeline });
    expect((await duplicate(app, data.id)).data.pipeline).toEqual(pipeline);
  });
});

describe("the name of a copy", () => {
  const NAMES: [name: string, copied: string][] = [
    ["a", "a (copy)"],
    ["a (copy)", "a (copy) (copy)"],
    ["x".repeat(93), `${"x".repeat(93)} (copy)`],
    ["x".repeat(94), `${"x".repeat(93)} (copy)`],
    ["x".repeat(100), `${"x".repeat(93)} (copy)`],
    [`${"x".repeat(92)}😀`, `${"x".repeat(92)} (copy)`],
    [`${"x".repeat(92)} y`, `${"x".repeat(92)} (copy)`],
  ];
  test.each(NAMES)("%s is %s", async (name, copied) => {
    const app = await createTestApp();
    const { id } = await app.agent({ name });
    expect((await duplicate(app, id)).data.name).toBe(copied);
  });

  test("is the one that is given", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await duplicate(app, id, { name: "other" })).data.name).toBe("other");
  });

  test.each([[""], ["x".repeat(101)], [7], [null]])("is refused as %p", async (name) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const refused = await duplicate(app, id, { name });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", shows: ["/name"] });
    expect((await app.api("GET /agents")).data).toHaveLength(1);
  });
});

describe("the secret of a copy", () => {
  test("is told to be missing where the method needs one, until the next change makes it", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const { data } = await duplicate(app, id);
    expect(data.webhookSecret).toBeUndefined();
    expect(data.warnings).toMatchObject([{ code: "SECRET_MISSING" }]);
    const enabled = await app.api(`PATCH /agents/${data.id}`, { webhookEnabled: true });
    expect(enabled.data.webhookSecret).toBeString();
    expect(enabled.data.warnings).toBeUndefined();
    const deliver = (secret: string) =>
      app.deliver(data.id, "1", { headers: bearerHeaders(secret) });
    expect((await deliver(SECRET)).status).toBe(401);
    expect((await deliver(enabled.data.webhookSecret)).status).toBe(200);
  });

  test("is not missed where no method is set", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await duplicate(app, id)).data.warnings).toBeUndefined();
  });
});

test("a deleted agent cannot be copied", async () => {
  const app = await createTestApp();
  const { id } = await app.agent();
  await app.api(`DELETE /agents/${id}`);
  expectAnswer(await duplicate(app, id), { status: 404, code: "NOT_FOUND" });
});
