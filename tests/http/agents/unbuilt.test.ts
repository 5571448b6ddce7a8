// What the contract has and this version has not: refused on save by name, stored nowhere.

import { describe, expect, test } from "bun:test";
import {
  BUILT_NODE_TYPES,
  BUILT_PRESETS,
  NODE_TYPES,
  PRESETS,
  PROVIDER_TYPES,
} from "../../../src/vocabulary";
import { pipelineOf } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const missing = <T extends string>(all: readonly T[], built: readonly string[]): T[] =>
  all.filter((word) => !built.includes(word));

type Row = [name: string, webhook: unknown, path: string];

const WEBHOOK: Row[] = [
  ["auth.type basic", { auth: { type: "basic" } }, "/webhook/auth/type"],
  ...missing(PRESETS, BUILT_PRESETS).map((preset): Row => [
    `auth.preset ${preset}`,
    { auth: { type: preset === "basic" ? "bearer" : "hmac", preset } },
    "/webhook/auth/preset",
  ]),
  ["auth.custom", { auth: { type: "hmac", custom: { header: "x" } } }, "/webhook/auth/custom"],
  ["limits.overflow queue", { limits: { overflow: "queue" } }, "/webhook/limits/overflow"],
  ["limits.overflow coalesce", { limits: { overflow: "coalesce" } }, "/webhook/limits/overflow"],
  ["limits.maxQueued", { limits: { maxQueued: 5 } }, "/webhook/limits/maxQueued"],
  ["limits.maxQueued 0", { limits: { maxQueued: 0 } }, "/webhook/limits/maxQueued"],
  [
    "limits.coalesceKey",
    { limits: { coalesceKey: "{{input.id}}" } },
    "/webhook/limits/coalesceKey",
  ],
  ["filter.events", { filter: { events: ["push"] } }, "/webhook/filter"],
  ["filter.expression", { filter: { expression: "true" } }, "/webhook/filter"],
  ["an empty filter", { filter: {} }, "/webhook/filter"],
  ["respond.waitSeconds", { respond: { waitSeconds: 5 } }, "/webhook/respond"],
  ["respond sync", { respond: "sync" }, "/webhook/respond"],
  ["callback", { callback: { url: "https://x.test", secret: "s" } }, "/webhook/callback"],
  ["callback false", { callback: false }, "/webhook/callback"],
];

interface Detail {
  path?: string;
  nodeId?: string;
  field?: string;
  code: string;
  message: string;
}

/** Refused as a whole, and the agent is what it was. */
async function expectRefusal(app: TestApp, patch: unknown): Promise<Detail[]> {
  const { id } = await app.agent();
  const before = (await app.api(`GET /agents/${id}`)).data;
  const refused = await app.api(`PATCH /agents/${id}`, patch);
  expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
  expect((await app.api(`GET /agents/${id}`)).data).toEqual(before);
  const made = await app.api("POST /agents", { name: "x", ...(patch as object) });
  expectAnswer(made, { status: 422, code: "VALIDATION_ERROR" });
  expect((await app.api("GET /agents")).data).toHaveLength(1);
  return refused.error.details;
}

describe("a webhook's", () => {
  test.each(WEBHOOK)("%s is refused by name", async (_name, webhook, path) => {
    const app = await createTestApp();
    const details = await expectRefusal(app, { webhook });
    expect(details).toMatchObject([{ path, code: "VALUE_UNAVAILABLE" }]);
    expect(details[0]?.message).toContain(path.split("/").at(-1) ?? "");
  });

  test("unbuilt settings are all named at once", async () => {
    const app = await createTestApp();
    const details = await expectRefusal(app, {
      webhook: {
        auth: { type: "basic", preset: "stripe", custom: {} },
        limits: { overflow: "queue", maxQueued: 1, coalesceKey: "k" },
        filter: {},
        respond: { waitSeconds: 1 },
        callback: {},
      },
    });
    expect(
      details.map((detail) => String(detail.path).replace("/webhook/", "")).toSorted(),
    ).toEqual([
      "auth/custom",
      "auth/preset",
      "auth/type",
      "callback",
      "filter",
      "limits/coalesceKey",
      "limits/maxQueued",
      "limits/overflow",
      "respond",
    ]);
  });

  test("unbuilt settings may be null, which leaves them as they are", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const webhook = {
      auth: { custom: null },
      limits: { overflow: null, maxQueued: null, coalesceKey: null },
      filter: null,
      respond: null,
      callback: null,
    };
    const { data } = await app.api(`PATCH /agents/${id}`, { webhook });
    expect(Object.keys(data.webhook).toSorted()).toEqual(["auth", "limits", "respond", "secrets"]);
  });
});

/** The default pipeline with a change to its llm_call node. */
function withNode(change: (node: Record<string, unknown>) => Record<string, unknown>) {
  const pipeline = pipelineOf();
  const nodes = pipeline.nodes.map((node) => (node.id === "llm" ? change(node) : node));
  return { ...pipeline, nodes };
}

describe("a pipeline's", () => {
  test.each(missing(NODE_TYPES, BUILT_NODE_TYPES))(
    "node type %s is refused by name",
    async (type) => {
      const app = await createTestApp();
      const pipeline = withNode((node) => ({ ...node, type, data: {} }));
      const details = await expectRefusal(app, { pipeline });
      expect(details).toMatchObject([
        { nodeId: "llm", field: "type", code: "NODE_TYPE_UNAVAILABLE" },
      ]);
      expect(details[0]?.message).toContain(type);
    },
  );

  const FIELDS: [field: string, value: unknown][] = [
    ["toolIds", []],
    ["toolIds", ["tool_1"]],
    ["maxToolRounds", 8],
    ["outputSchema", { type: "object" }],
    ["retries", 0],
    ["onError", "continue"],
  ];
  test.each(FIELDS)("field %s of llm_call is refused by name, as %o", async (field, value) => {
    const app = await createTestApp();
    const pipeline = withNode((node) => ({
      ...node,
      data: { ...(node["data"] as object), [field]: value },
    }));
    const details = await expectRefusal(app, { pipeline });
    expect(details).toMatchObject([{ nodeId: "llm", field, code: "FIELD_UNAVAILABLE" }]);
    expect(details[0]?.message).toContain(field);
  });
});

describe("a provider's", () => {
  const made = (app: TestApp, type: string): Promise<ApiAnswer> =>
    app.api("POST /providers", { type, name: "p", baseUrl: "https://x.test/v1", apiKey: "k" });

  test.each(missing(PROVIDER_TYPES, ["openai-compatible"]))(
    "type %s is refused by name",
    async (type) => {
      const app = await createTestApp();
      const refused = await made(app, type);
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
      expect(refused.error.details).toMatchObject([{ path: "/type", code: "VALUE_UNAVAILABLE" }]);
      expect(refused.error.details[0].message).toContain(type);
      expect((await app.api("GET /providers")).data).toHaveLength(1);
    },
  );
});

describe("a manual execution's", () => {
  test.each([1, 60, null, "5", false])(
    "waitSeconds is refused by name, as %p",
    async (waitSeconds) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const refused = await app.api(`POST /agents/${id}/invoke`, { input: 1, waitSeconds });
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
      expect(refused.error.details).toMatchObject([
        { path: "/waitSeconds", code: "FIELD_UNAVAILABLE" },
      ]);
      expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
    },
  );
});

describe("a write's", () => {
  const HEADERS = [
    ["If-Match", '"1"'],
    ["Idempotency-Key", "a"],
  ] as const;
  test.each(HEADERS)(
    "header %s is refused by name, and on a read it is let pass",
    async (name, value) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const headers = {
        Authorization: `Bearer ${ADMIN_TOKEN}`,
        "Content-Type": "application/json",
        [name]: value,
      };
      const init = { method: "PATCH", headers, body: '{"name":"other"}' };
      const refused = await readAnswer(await app.request(`/agents/${id}`, init));
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", shows: [name.toLowerCase()] });
      const read = await readAnswer(await app.request(`/agents/${id}`, { headers }));
      expect([read.status, read.data.name]).toEqual([200, "agent"]);
    },
  );
});
