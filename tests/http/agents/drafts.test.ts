// Drafts and versions: saved with faults, activated without, numbered, kept by their executions.

import { describe, expect, test } from "bun:test";
import { agentOnProvider, pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound } from "../../support/held-outbound";

/** Two faults in fields, one in the structure. */
const FAULTY = {
  nodes: [
    { id: "input", type: "input", data: {} },
    { id: "llm", type: "llm_call", data: { providerId: "nobody", userPromptTemplate: "" } },
    { id: "alone", type: "llm_call", data: { providerId: "echo", userPromptTemplate: "x" } },
    { id: "output", type: "output", data: { mapping: "{{nodes.llm.output}}" } },
  ],
  edges: [
    { id: "e1", source: "input", target: "llm" },
    { id: "e2", source: "llm", target: "output" },
  ],
};

const faultsOf = (list: { nodeId?: string; field?: string; code: string }[]) =>
  list.map(({ nodeId, field, code }) => `${nodeId ?? ""}.${field ?? ""} ${code}`).toSorted();

const ALL_FAULTS = [
  "alone. NODE_UNREACHABLE",
  "llm.providerId PROVIDER_UNKNOWN",
  "llm.userPromptTemplate FIELD_REQUIRED",
];

const create = async (app: TestApp, patch: Record<string, unknown> = {}): Promise<string> =>
  (await app.api("POST /agents", { name: "a", ...patch })).data.id;

const setPipeline = (app: TestApp, data: { id: string; pipeline: unknown }) =>
  app.api(`PATCH /agents/${data.id}`, { pipeline: data.pipeline });

const versionsOf = async (app: TestApp, id: string) =>
  (await app.api(`GET /agents/${id}/versions`)).data;

describe("a draft with faults", () => {
  test("is saved, and shows all its faults", async () => {
    const app = await createTestApp();
    const id = await create(app);
    const saved = await setPipeline(app, { id, pipeline: FAULTY });
    expect(saved.status).toBe(200);
    expect(saved.data.pipeline).toEqual(FAULTY);
    expect(faultsOf(saved.data.faults)).toEqual(ALL_FAULTS);
    expect((await app.api(`GET /agents/${id}`)).data.faults).toEqual(saved.data.faults);
  });

  test("is refused on activation with all of them at once, and stays a draft", async () => {
    const app = await createTestApp();
    const id = await create(app, { pipeline: FAULTY });
    const refused = await app.api(`POST /agents/${id}/activate`);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(faultsOf(refused.error.details)).toEqual(ALL_FAULTS);
    expect((await app.api(`GET /agents/${id}`)).data).toMatchObject({
      status: "draft",
      liveVersion: null,
    });
    expect(await versionsOf(app, id)).toEqual([]);
  });

  test("cannot be enabled: the faults are listed and nothing of the PATCH is kept", async () => {
    const app = await createTestApp();
    const id = await create(app, { pipeline: FAULTY });
    const refused = await app.api(`PATCH /agents/${id}`, { webhookEnabled: true, name: "new" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(faultsOf(refused.error.details)).toEqual(ALL_FAULTS);
    const { data } = await app.api(`GET /agents/${id}`);
    expect(data).toMatchObject({ webhookEnabled: false, status: "draft", name: "a" });
    expect((await app.deliver(id, "1")).status).toBe(404);
  });

  test("does not touch the live version", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await setPipeline(app, { id, pipeline: FAULTY });
    const answer = await app.deliver(id, '"still"');
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${answer.data.executionId}`);
    expect(read.data).toMatchObject({ status: "completed", output: "still", agentVersion: 1 });
  });
});

describe("versions", () => {
  test("are numbered from 1, newest first, with the live one marked", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    for (const prompt of ["two", "three"]) {
      await setPipeline(app, { id, pipeline: pipelineOf({ prompt }) });
      app.clock.advance(1000);
      await app.api(`POST /agents/${id}/activate`);
    }
    const author = expect.stringMatching(/^key_/);
    expect(await versionsOf(app, id)).toEqual([
      { version: 3, live: true, note: "", author, createdAt: "2026-01-01T00:00:02.000Z" },
      { version: 2, live: false, note: "", author, createdAt: "2026-01-01T00:00:01.000Z" },
      { version: 1, live: false, note: "", author, createdAt: "2026-01-01T00:00:00.000Z" },
    ]);
    const second = await app.api(`GET /agents/${id}/versions/2`);
    expect(second.data).toMatchObject({
      version: 2,
      live: false,
      pipeline: pipelineOf({ prompt: "two" }),
    });
  });

  test("are not made of a draft that did not change", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.api(`POST /agents/${id}/activate`);
    await app.api(`POST /agents/${id}/deactivate`);
    const again = await app.api(`POST /agents/${id}/activate`);
    expect(again.data).toMatchObject({ status: "active", liveVersion: 1 });
    expect(await versionsOf(app, id)).toHaveLength(1);
  });

  test("are not made by saving a draft", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const saved = await setPipeline(app, { id, pipeline: pipelineOf({ prompt: "two" }) });
    expect(saved.data).toMatchObject({ status: "active", liveVersion: 1 });
    expect(await versionsOf(app, id)).toHaveLength(1);
  });

  test.each(["0", "2", "-1", "1.5", "x", "99999999999", "01"])(
    "%s is none, and so 404",
    async (version) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      expectAnswer(await app.api(`GET /agents/${id}/versions/${version}`), {
        status: 404,
        code: "NOT_FOUND",
      });
    },
  );
});

describe("an execution keeps the version it was accepted with", () => {
  test("also when a newer one goes live while it waits", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound, config: { slots: 1 } });
    const agent = await agentOnProvider(app);
    const first = await app.deliver(agent.id, "1");
    const second = await app.deliver(agent.id, "2");
    await held.started(1);
    await setPipeline(app, { id: agent.id, pipeline: pipelineOf({ mapping: "new" }) });
    await app.api(`POST /agents/${agent.id}/activate`);
    const third = await app.deliver(agent.id, "3");
    held.stopHolding();
    await app.pool.idle();
    const seen = [];
    for (const { data } of [first, second, third]) {
      const read = await app.api(`GET /agents/${agent.id}/executions/${data.executionId}`);
      seen.push([read.data.agentVersion, read.data.output]);
    }
    expect(seen).toEqual([
      [1, "the held answer"],
      [1, "the held answer"],
      [2, "new"],
    ]);
  });
});

describe("the status of an agent", () => {
  test("goes from draft over active to inactive and back", async () => {
    const app = await createTestApp();
    const id = await create(app);
    const act = async (verb: string): Promise<string> =>
      (await app.api(`POST /agents/${id}/${verb}`)).data.status;
    expect(await act("deactivate")).toBe("draft");
    expect(await act("activate")).toBe("active");
    expect(await act("activate")).toBe("active");
    expect(await act("deactivate")).toBe("inactive");
    expect(await act("deactivate")).toBe("inactive");
    expect(await act("activate")).toBe("active");
  });

  test("stays inactive when its webhook is enabled, which a warning says", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.api(`POST /agents/${id}/deactivate`);
    const { data } = await app.api(`PATCH /agents/${id}`, { webhookEnabled: true });
    expect(data.status).toBe("inactive");
    expect(data.warnings.map((warning: { code: string }) => warning.code)).toContain(
      "AGENT_INACTIVE",
    );
    expect((await app.deliver(id, "1")).status).toBe(404);
  });
});

describe("a pipeline that is too large", () => {
  test("has that as its only fault, by nodes and by edges", async () => {
    const app = await createTestApp({ config: { pipelineMaxNodes: 2, pipelineMaxEdges: 1 } });
    const made = await app.api("POST /agents", { name: "a", pipeline: pipelineOf() });
    expect(faultsOf(made.data.faults)).toEqual([
      ".edges PIPELINE_TOO_LARGE",
      ".nodes PIPELINE_TOO_LARGE",
    ]);
    expect((await app.api(`POST /agents/${made.data.id}/activate`)).status).toBe(422);
  });
});
