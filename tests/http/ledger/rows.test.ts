// The ledger: a row for every outcome, with gate, reason and ladder, whatever the answer was.

import { describe, expect, test } from "bun:test";
import { GATES } from "../../../src/vocabulary";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { githubHeaders } from "../../support/signing";

const GITHUB = { type: "hmac", preset: "github" };
const SCHEMA = { type: "object" };

interface Sent {
  body: string;
  headers?: Record<string, string>;
  event?: string;
  id?: string;
}

/** A signed GitHub delivery; `headers` may spoil it. */
const send = (app: TestApp, agentId: string, { body, headers = {}, event, id }: Sent) =>
  app.deliver(agentId, body, {
    headers: {
      ...githubHeaders({ secret: SECRET, body, event: event ?? "push", id: id ?? "d-1" }),
      ...headers,
    },
  });

interface Row {
  name: string;
  act(app: TestApp, agentId: string): Promise<unknown>;
  verdict: string;
  gate: string | null;
  reason: string | null;
  status: number;
  code: string | null;
  verified: boolean;
}

const refused = { verdict: "refused", verified: true };
const BEFORE_CREDENTIAL: Row[] = [
  {
    name: "a wrong method",
    act: (app, id) => app.api(`PUT /agents/${id}/webhook`, {}),
    ...refused,
    gate: "request",
    reason: "METHOD_NOT_ALLOWED",
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    verified: false,
  },
  {
    name: "an encoded body",
    act: (app, id) => send(app, id, { body: "{}", headers: { "Content-Encoding": "gzip" } }),
    ...refused,
    gate: "request",
    reason: "UNSUPPORTED_ENCODING",
    status: 415,
    code: "UNSUPPORTED_ENCODING",
    verified: false,
  },
  {
    name: "a body that is too large",
    act: (app, id) => send(app, id, { body: "x".repeat(5 * 1024 * 1024 + 1) }),
    ...refused,
    gate: "request",
    reason: "PAYLOAD_TOO_LARGE",
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    verified: false,
  },
  {
    name: "a webhook that is off",
    act: async (app, id) => {
      await app.api(`PATCH /agents/${id}`, { webhookEnabled: false });
      await send(app, id, { body: "{}" });
    },
    ...refused,
    gate: "agent",
    reason: "WEBHOOK_DISABLED",
    status: 404,
    code: "NOT_FOUND",
    verified: false,
  },
  {
    name: "a forged delivery",
    act: (app, id) => send(app, id, { body: "{}", headers: { "X-Hub-Signature-256": "sha256=0" } }),
    ...refused,
    gate: "credential",
    reason: "SIGNATURE_MALFORMED",
    status: 401,
    code: "UNAUTHORIZED",
    verified: false,
  },
];

const BEHIND_CREDENTIAL: Row[] = [
  {
    name: "another content type",
    act: (app, id) => send(app, id, { body: "{}", headers: { "Content-Type": "text/plain" } }),
    ...refused,
    gate: "body",
    reason: "UNSUPPORTED_MEDIA_TYPE",
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "broken JSON",
    act: (app, id) => send(app, id, { body: "{" }),
    ...refused,
    gate: "body",
    reason: "INVALID_JSON",
    status: 400,
    code: "INVALID_JSON",
  },
  {
    name: "a malformed key",
    act: (app, id) => send(app, id, { body: "{}", headers: { "Idempotency-Key": "a b" } }),
    ...refused,
    gate: "duplicate",
    reason: "IDEMPOTENCY_KEY_INVALID",
    status: 400,
    code: "IDEMPOTENCY_KEY_INVALID",
  },
  {
    name: "another body under the caller's key",
    act: async (app, id) => {
      const headers = { "Idempotency-Key": "k" };
      await send(app, id, { body: "{}", headers });
      await send(app, id, { body: '{"x":1}', headers });
    },
    ...refused,
    gate: "duplicate",
    reason: "IDEMPOTENCY_MISMATCH",
    status: 422,
    code: "IDEMPOTENCY_MISMATCH",
  },
  {
    name: "an input that does not fit",
    act: (app, id) => send(app, id, { body: "[]" }),
    ...refused,
    gate: "input",
    reason: "INPUT_INVALID",
    status: 422,
    code: "INPUT_INVALID",
  },
  {
    name: "one beyond the minute",
    act: async (app, id) => {
      await app.api(`PATCH /agents/${id}`, { webhook: { limits: { perMinute: 1 } } });
      await send(app, id, { body: "{}" });
      await send(app, id, { body: "{}", id: "d-2" });
    },
    ...refused,
    gate: "rate",
    reason: "RATE_LIMITED",
    status: 429,
    code: "RATE_LIMITED",
  },
];

const GOOD: Row[] = [
  {
    name: "a ping",
    act: (app, id) => send(app, id, { body: "{}", event: "ping" }),
    verdict: "handshake",
    gate: "handshake",
    reason: "PING",
    status: 200,
    code: null,
    verified: true,
  },
  {
    name: "a repeat",
    act: async (app, id) => {
      await send(app, id, { body: "{}" });
      await send(app, id, { body: "{}" });
    },
    verdict: "duplicate",
    gate: "duplicate",
    reason: "DUPLICATE",
    status: 200,
    code: null,
    verified: true,
  },
  {
    name: "an accepted delivery",
    act: (app, id) => send(app, id, { body: "{}" }),
    verdict: "accepted",
    gate: null,
    reason: null,
    status: 200,
    code: null,
    verified: true,
  },
];

/** Every gate below the one that stopped it has been passed, every one above was not reached. */
function expectLadder(ladder: { gate: string; state: string; reason: string | null }[], row: Row) {
  const stop = row.gate === null ? GATES.length : GATES.findIndex((gate) => gate === row.gate);
  expect(ladder.map(({ gate, state, reason }) => [gate, state, reason])).toEqual(
    GATES.map((gate, place) => [
      gate,
      place < stop ? "passed" : place === stop ? "stopped" : "not_reached",
      place === stop ? row.reason : null,
    ]),
  );
}

describe("the ledger has a row of", () => {
  test.each([...BEFORE_CREDENTIAL, ...BEHIND_CREDENTIAL, ...GOOD])("$name", async (row) => {
    const app = await createTestApp();
    const patch = { pipeline: pipelineOf({ schema: SCHEMA }) };
    const { id } = await agentWithSecret(app, { auth: GITHUB, patch });
    await row.act(app, id);
    await app.ledger.flush();
    const listed = await app.api(`GET /agents/${id}/deliveries?limit=1`);
    const { verdict, gate, reason, status, code, verified } = row;
    const told = { agentId: id, verdict, gate, reason, status, code, verified, preset: "github" };
    expect(listed.data[0]).toMatchObject(told);
    expect(listed.data[0].microseconds).toBeGreaterThanOrEqual(0);

    const one = await app.api(`GET /agents/${id}/deliveries/${listed.data[0].id}`);
    expect(one.data).toMatchObject(listed.data[0]);
    expectLadder(one.data.ladder, row);
    expect((await app.api(`GET /deliveries/${listed.data[0].id}`)).data).toEqual(one.data);
  });
});

describe("a row leads to", () => {
  test("the execution of an accepted delivery, under the same UUID", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { data } = await app.deliver(id, "1");
    const [row] = (await app.api(`GET /agents/${id}/deliveries`)).data;
    expect(row).toMatchObject({
      id: data.executionId.replace("exec_", "dlv_"),
      executionId: data.executionId,
    });
  });

  test("the first execution where it was a repeat", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const init = { headers: { "Idempotency-Key": "k" } };
    const first = await app.deliver(id, "1", init);
    await app.deliver(id, "1", init);
    await app.ledger.flush();
    const [row] = (await app.api(`GET /agents/${id}/deliveries?verdict=duplicate`)).data;
    expect(row.executionId).toBe(first.data.executionId);
    expect(row.id).not.toBe(first.data.executionId.replace("exec_", "dlv_"));
  });

  test("nobody where it was refused", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, "{");
    await app.ledger.flush();
    expect((await app.api(`GET /agents/${id}/deliveries`)).data[0].executionId).toBeNull();
  });
});
