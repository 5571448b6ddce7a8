// Manual executions: of active agents only, checked against the schema, outside of the webhook's limits.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const invoke = (app: TestApp, data: { id: string; body: unknown }) =>
  app.api(`POST /agents/${data.id}/invoke`, data.body);

describe("invoke", () => {
  test("answers as a delivery does, and the execution is a manual one", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhookEnabled: false });
    await app.api(`POST /agents/${id}/activate`);
    const answer = await invoke(app, { id, body: { input: { a: 1 } } });
    const { executionId } = answer.data;
    expect(answer.text).toBe(
      `{"success":true,"data":{"executionId":"${executionId}","status":"running"}}`,
    );
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${executionId}`);
    expect(read.data).toMatchObject({
      trigger: "manual",
      status: "completed",
      input: { a: 1 },
      output: '{"a":1}',
      deliveryId: null,
    });
  });

  const INPUTS = [0, null, "x", [], {}, false, { deep: [{ er: null }] }, "Grüße 👋🏽"];
  test.each(INPUTS.map((input) => [input]))("takes %j as input", async (input) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { data } = await invoke(app, { id, body: { input } });
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data.input).toEqual(input);
  });

  test("takes nothing from the webhook's minute", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { limits: { perMinute: 1 } } });
    for (let count = 0; count < 3; count += 1) {
      expect((await invoke(app, { id, body: { input: 1 } })).status).toBe(200);
    }
    expect((await app.deliver(id, "1")).status).toBe(200);
    expect((await invoke(app, { id, body: { input: 1 } })).status).toBe(200);
  });

  test("runs the live version, not the draft", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.api(`PATCH /agents/${id}`, { pipeline: pipelineOf({ mapping: "draft" }) });
    const { data } = await invoke(app, { id, body: { input: "live" } });
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data).toMatchObject({ agentVersion: 1, output: "live" });
  });
});

describe("invoke is refused", () => {
  const STATES: [name: string, prepare: (app: TestApp) => Promise<string>][] = [
    ["for a draft", async (app) => (await app.api("POST /agents", { name: "a" })).data.id],
    [
      "for an inactive agent",
      async (app) => {
        const { id } = await app.agent();
        await app.api(`POST /agents/${id}/deactivate`);
        return id;
      },
    ],
  ];
  test.each(STATES)("%s", async (_name, prepare) => {
    const app = await createTestApp();
    const id = await prepare(app);
    const refused = await invoke(app, { id, body: { input: 1 } });
    expectAnswer(refused, { status: 409, code: "AGENT_NOT_RUNNABLE" });
    expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
  });

  test("for an unknown agent", async () => {
    const app = await createTestApp();
    const refused = await invoke(app, { id: "agt_unknown", body: { input: 1 } });
    expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
  });

  test.each([[{}], [{ inputs: 1 }], [{ input: 1, extra: 1 }], [[]], ["x"], [null]])(
    "with the body %j",
    async (body) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      expectAnswer(await invoke(app, { id, body }), { status: 422, code: "VALIDATION_ERROR" });
    },
  );
});

const SCHEMA = {
  type: "object",
  required: ["kind", "lines"],
  additionalProperties: false,
  properties: {
    kind: { enum: ["a", "b"] },
    lines: {
      type: "array",
      minItems: 1,
      items: { type: "object", required: ["sum"], properties: { sum: { type: "number" } } },
    },
    "a/b~c": { type: "string" },
  },
};
const SECRET_VALUE = "value-that-must-not-come-back";

const MISFITS: [name: string, input: unknown, details: [path: string, code: string][]][] = [
  ["no object", SECRET_VALUE, [["", "TYPE"]]],
  [
    "all that is missing",
    {},
    [
      ["/kind", "REQUIRED"],
      ["/lines", "REQUIRED"],
    ],
  ],
  [
    "a value deep inside",
    { kind: "a", lines: [{ sum: 1 }, { sum: SECRET_VALUE }] },
    [["/lines/1/sum", "TYPE"]],
  ],
  ["a field missing deep inside", { kind: "a", lines: [{}] }, [["/lines/0/sum", "REQUIRED"]]],
  ["a word that is not listed", { kind: SECRET_VALUE, lines: [{ sum: 1 }] }, [["/kind", "ENUM"]]],
  ["a list that is too short", { kind: "b", lines: [] }, [["/lines", "MIN_ITEMS"]]],
  [
    "a property too many",
    { kind: "b", lines: [{ sum: 1 }], more: SECRET_VALUE },
    [["/more", "ADDITIONAL_PROPERTIES"]],
  ],
  [
    "a name with a slash and a tilde",
    { kind: "b", lines: [{ sum: 1 }], "a/b~c": 1 },
    [["/a~1b~0c", "TYPE"]],
  ],
  [
    "several at once",
    { kind: 1, lines: [{ sum: "" }] },
    [
      ["/kind", "ENUM"],
      ["/lines/0/sum", "TYPE"],
    ],
  ],
];

describe("an input that does not fit is told where, by JSON pointers:", () => {
  test.each(MISFITS)("%s", async (_name, input, details) => {
    const app = await createTestApp();
    const { id } = await app.agent({ pipeline: pipelineOf({ schema: SCHEMA }) });
    const answers = [
      await invoke(app, { id, body: { input } }),
      await app.deliver(id, JSON.stringify(input)),
    ];
    for (const answer of answers) {
      expectAnswer(answer, { status: 422, code: "INPUT_INVALID", hides: [SECRET_VALUE] });
      const found = answer.error.details.map(
        ({ path, code }: { path: string; code: string }) => `${path} ${code}`,
      );
      const expected = details.map(([path, code]) => `${path} ${code}`);
      expect(found.toSorted()).toEqual(expected.toSorted());
    }
    expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
  });

  test("and one that fits runs", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ pipeline: pipelineOf({ schema: SCHEMA }) });
    const input = { kind: "a", lines: [{ sum: 1.5 }] };
    expect((await invoke(app, { id, body: { input } })).status).toBe(200);
    expect((await app.deliver(id, JSON.stringify(input))).status).toBe(200);
  });
});
