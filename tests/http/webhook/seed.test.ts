// The seed's document, line by line: enabling, triggering, polling, both methods of authentication.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import { createTestApp } from "../../support/app";
import type { Expected } from "../../support/expectations";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders, hmacHeaders, sign } from "../../support/signing";

const HELLO = '{"message":"Hello"}';
const UNAUTHORIZED: Expected = {
  status: 401,
  code: "UNAUTHORIZED",
  hides: [SECRET, "executionId"],
};

describe("an agent as it comes", () => {
  test("gets a webhook URL from the seed's PATCH alone", async () => {
    const app = await createTestApp();
    const { data: agent } = await app.api("POST /agents", { name: "new" });
    expect(agent).toMatchObject({ status: "draft", webhookEnabled: false, liveVersion: null });

    const { data } = await app.api(`PATCH /agents/${agent.id}`, { webhookEnabled: true });

    expect(data).toMatchObject({
      webhookUrl: `http://hooks.test/agents/${agent.id}/webhook`,
      webhookEnabled: true,
      status: "active",
      liveVersion: 1,
    });
    expect(data.webhookSecret).toBeUndefined();
  });

  test("answers the plain trigger with exactly the seed's body", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const body = '{ "message": "Process this incoming data", "payload": { "key": "value" } }';
    const answer = await app.deliver(agent.id, body);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(
      `{"success":true,"data":{"executionId":"${answer.data.executionId}","status":"running"}}`,
    );
    expect(answer.data.executionId).toMatch(/^exec_[0-9a-f-]{36}$/);
  });

  test("shows the result of that execution to the poll", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const { data } = await app.deliver(agent.id, HELLO);
    await app.pool.idle();
    const polled = await app.api(`GET /agents/${agent.id}/executions/${data.executionId}`);
    expect(polled.data).toMatchObject({
      id: data.executionId,
      agentId: agent.id,
      trigger: "webhook",
      status: "completed",
      input: { message: "Hello" },
      output: HELLO,
      error: null,
    });
    expect(polled.data.steps.map((step: { nodeId: string }) => step.nodeId)).toEqual([
      "input",
      "llm",
      "output",
    ]);
  });

  test("lists that execution under Trigger: webhook", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const { data } = await app.deliver(agent.id, HELLO);
    const listed = await app.api(`GET /agents/${agent.id}/executions?trigger=webhook`);
    expect(listed.data.map((entry: { id: string }) => entry.id)).toEqual([data.executionId]);
  });
});

describe("after the PATCH to bearer", () => {
  const ROWS: (Expected & { name: string; headers: Record<string, string> })[] = [
    { name: "the seed's line is accepted", headers: bearerHeaders(SECRET), status: 200 },
    { name: "no credential is refused", headers: {}, ...UNAUTHORIZED },
    { name: "another secret is refused", headers: bearerHeaders(`${SECRET}x`), ...UNAUTHORIZED },
  ];
  test.each(ROWS)("$name", async ({ headers, ...expected }) => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: { type: "bearer" } });
    expectAnswer(await app.deliver(agent.id, HELLO, { headers }), expected);
  });
});

describe("after the PATCH to hmac", () => {
  const digest = sign({ secret: SECRET, body: HELLO });
  const signature = (value: string) => ({ "X-Webhook-Signature": value });
  const ROWS: (Expected & { name: string; headers: Record<string, string> })[] = [
    {
      name: "sha256= and the digest is accepted",
      headers: signature(`sha256=${digest}`),
      status: 200,
    },
    { name: "the bare digest is accepted", headers: signature(digest), status: 200 },
    { name: "no signature is refused", headers: {}, ...UNAUTHORIZED },
    {
      name: "the digest of other bytes is refused",
      headers: hmacHeaders({ secret: SECRET, body: `${HELLO}\n` }),
      ...UNAUTHORIZED,
    },
    {
      name: "the digest under another secret is refused",
      headers: hmacHeaders({ secret: "other", body: HELLO }),
      ...UNAUTHORIZED,
    },
  ];
  test.each(ROWS)("$name", async ({ headers, ...expected }) => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: { type: "hmac" } });
    expect((await app.api(`GET /agents/${agent.id}`)).data.webhook.auth).toEqual({
      type: "hmac",
      preset: "hmac",
    });
    expectAnswer(await app.deliver(agent.id, HELLO, { headers }), expected);
  });
});

test("a secret of letters beyond ASCII signs as its UTF-8 text", async () => {
  const app = await createTestApp();
  const agent = await app.agent({ webhook: { auth: { type: "hmac" } } });
  const secret = "Schlüssel-鍵-🔑-0123456789";
  await app.api(`POST /agents/${agent.id}/webhook/secrets`, { secret });
  const headers = hmacHeaders({ secret, body: HELLO });
  expect((await app.deliver(agent.id, HELLO, { headers })).status).toBe(200);
});
