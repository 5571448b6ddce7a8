// The order of the gates: of two that a delivery fails, the earlier one refuses it and is noted.

import { describe, expect, test } from "bun:test";
import { agentOnProvider, agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { fillDisk, freeDisk, largeBody } from "../../support/disk";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound } from "../../support/held-outbound";
import { bearerHeaders, githubHeaders } from "../../support/signing";

const MIB = 1024 * 1024;
const GZIP = { "Content-Encoding": "gzip" };
const WRONG = bearerHeaders("wrong");
const GOOD = bearerHeaders(SECRET);
const BAD_KEY = { "Idempotency-Key": "two words" };
/** Only an object with `n` is an input. */
const SCHEMA = { type: "object", required: ["n"] };

const guarded = (app: TestApp, patch: Record<string, unknown> = {}) =>
  agentWithSecret(app, { auth: { type: "bearer" }, patch });

const strictGithub = (app: TestApp) =>
  agentWithSecret(app, {
    auth: { type: "hmac", preset: "github" },
    patch: { pipeline: pipelineOf({ schema: SCHEMA }) },
  });

interface Row {
  name: string;
  send(app: TestApp): Promise<ApiAnswer>;
  status: number;
  code?: string;
  gate: string | null;
}

const EARLY: Row[] = [
  {
    name: "method before agent",
    send: async (app) => app.api("GET /agents/agt_unknown/webhook"),
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    gate: "request",
  },
  {
    name: "encoding before agent",
    send: (app) => app.deliver("agt_unknown", "1", { headers: GZIP }),
    status: 415,
    code: "UNSUPPORTED_ENCODING",
    gate: "request",
  },
  {
    name: "size before agent",
    send: (app) =>
      app.deliver("agt_unknown", "1", { headers: { "Content-Length": String(25 * MIB + 1) } }),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    gate: "request",
  },
  {
    name: "size before credential",
    send: async (app) =>
      app.deliver((await guarded(app)).id, "x".repeat(MIB + 1), { headers: WRONG }),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    gate: "request",
  },
  {
    name: "agent before credential",
    send: async (app) =>
      app.deliver((await guarded(app, { webhookEnabled: false })).id, "1", { headers: WRONG }),
    status: 404,
    code: "NOT_FOUND",
    gate: "agent",
  },
  {
    name: "credential before the syntax of the body",
    send: async (app) => app.deliver((await guarded(app)).id, "{", { headers: WRONG }),
    status: 401,
    code: "UNAUTHORIZED",
    gate: "credential",
  },
  {
    name: "credential before the type of the body",
    send: async (app) =>
      app.deliver((await guarded(app)).id, "1", {
        headers: { ...WRONG, "Content-Type": "text/plain" },
      }),
    status: 401,
    code: "UNAUTHORIZED",
    gate: "credential",
  },
  {
    name: "body before duplicate",
    send: async (app) =>
      app.deliver((await guarded(app)).id, "{", { headers: { ...GOOD, ...BAD_KEY } }),
    status: 400,
    code: "INVALID_JSON",
    gate: "body",
  },
];

/** A delivery of GitHub to a webhook whose schema the body does not fit. */
async function pingStrict(app: TestApp, more: Record<string, string> = {}): Promise<ApiAnswer> {
  const { id } = await strictGithub(app);
  const body = "{}";
  const headers = { ...githubHeaders({ secret: SECRET, body, event: "ping" }), ...more };
  return app.deliver(id, body, { headers });
}

/** A ping under the delivery id of an accepted push. */
async function pingAgain(app: TestApp): Promise<ApiAnswer> {
  const { id } = await strictGithub(app);
  const body = '{"n":1}';
  const headers = (event: string) => githubHeaders({ secret: SECRET, body, event });
  await app.deliver(id, body, { headers: headers("push") });
  return app.deliver(id, body, { headers: headers("ping") });
}

/** A second, different body under the key of an accepted one. */
async function repeatStrict(app: TestApp): Promise<ApiAnswer> {
  const { id } = await app.agent({ pipeline: pipelineOf({ schema: SCHEMA }) });
  const headers = { "Idempotency-Key": "k" };
  await app.deliver(id, '{"n":1}', { headers });
  return app.deliver(id, "{}", { headers });
}

/** A delivery beyond the window of one a minute. */
async function beyondWindow(
  app: TestApp,
  data: { first: string; second: string; headers?: Record<string, string> },
): Promise<ApiAnswer> {
  const { id } = await app.agent({
    pipeline: pipelineOf({ schema: SCHEMA }),
    webhook: { limits: { perMinute: 1 } },
  });
  const init = { headers: data.headers ?? {} };
  await app.deliver(id, data.first, init);
  return app.deliver(id, data.second, init);
}

const MIDDLE: Row[] = [
  {
    name: "duplicate before handshake",
    send: (app) => pingStrict(app, BAD_KEY),
    status: 400,
    code: "IDEMPOTENCY_KEY_INVALID",
    gate: "duplicate",
  },
  {
    name: "duplicate before handshake, where the id is known",
    send: pingAgain,
    status: 200,
    gate: "duplicate",
  },
  {
    name: "handshake before input",
    send: (app) => pingStrict(app),
    status: 200,
    gate: "handshake",
  },
  {
    name: "duplicate before input",
    send: repeatStrict,
    status: 422,
    code: "IDEMPOTENCY_MISMATCH",
    gate: "duplicate",
  },
  {
    name: "input before rate",
    send: (app) => beyondWindow(app, { first: '{"n":1}', second: "{}" }),
    status: 422,
    code: "INPUT_INVALID",
    gate: "input",
  },
  {
    name: "duplicate before rate",
    send: (app) =>
      beyondWindow(app, {
        first: '{"n":1}',
        second: '{"n":1}',
        headers: { "Idempotency-Key": "k" },
      }),
    status: 200,
    gate: "duplicate",
  },
];

describe("of two failed gates the earlier one answers:", () => {
  test.each([...EARLY, ...MIDDLE])("$name", async (row) => {
    const app = await createTestApp();
    expectAnswer(await row.send(app), row);
    await app.ledger.flush();
    const { data } = await app.api("GET /deliveries?limit=1");
    expect(data[0]).toMatchObject({ gate: row.gate, status: row.status, code: row.code ?? null });
  });
});

/** A webhook whose one place is taken; `perMinute` says whether its window is used up as well. */
async function fullWebhook(perMinute: number) {
  const held = createHeldOutbound();
  const app = await createTestApp({ outbound: held.outbound });
  const agent = await agentOnProvider(app, {
    webhook: { limits: { perMinute, maxConcurrent: 1 } },
  });
  await app.deliver(agent.id, "1");
  await held.started(1);
  return { app, agent, held };
}

describe("the limits come in their order:", () => {
  test("rate before concurrency", async () => {
    const { app, agent } = await fullWebhook(1);
    expectAnswer(await app.deliver(agent.id, "2"), { status: 429, code: "RATE_LIMITED" });
  });

  test("concurrency where the window still has room", async () => {
    const { app, agent } = await fullWebhook(2);
    expectAnswer(await app.deliver(agent.id, "2"), { status: 429, code: "CONCURRENCY_LIMITED" });
  });

  test("concurrency before commit", async () => {
    const { app, agent, held } = await fullWebhook(2);
    fillDisk(app.db);
    const body = largeBody();
    expectAnswer(await app.deliver(agent.id, body), { status: 429, code: "CONCURRENCY_LIMITED" });
    freeDisk(app.db);
    held.release();
    await app.pool.idle();
    fillDisk(app.db);
    expectAnswer(await app.deliver(agent.id, body), { status: 503, code: "STORAGE_UNAVAILABLE" });
  });
});
