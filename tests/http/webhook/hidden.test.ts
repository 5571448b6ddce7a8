// One answer for every webhook that takes nothing: who asks cannot tell unknown from switched off.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { bearerHeaders } from "../../support/signing";

type Hidden = [name: string, reason: string, prepare: (app: TestApp) => Promise<string>];

const withSecret = (app: TestApp, patch: Record<string, unknown> = {}) =>
  agentWithSecret(app, { auth: { type: "bearer" }, patch });

const HIDDEN: Hidden[] = [
  ["an id of nobody", "UNKNOWN_AGENT", async () => "agt_00000000-0000-7000-8000-00000000ffff"],
  ["no id at all", "UNKNOWN_AGENT", async () => "x"],
  [
    "a webhook that was switched off",
    "WEBHOOK_DISABLED",
    async (app) => {
      const { id } = await withSecret(app);
      await app.deliver(id, "1", { headers: bearerHeaders(SECRET) });
      await app.api(`PATCH /agents/${id}`, { webhookEnabled: false });
      return id;
    },
  ],
  [
    "a webhook that never was on",
    "WEBHOOK_DISABLED",
    async (app) => (await app.agent({ webhookEnabled: false })).id,
  ],
  [
    "an agent that was deactivated",
    "AGENT_INACTIVE",
    async (app) => {
      const { id } = await withSecret(app);
      await app.deliver(id, "1", { headers: bearerHeaders(SECRET) });
      await app.api(`POST /agents/${id}/deactivate`);
      return id;
    },
  ],
  [
    "an agent that was deleted",
    "UNKNOWN_AGENT",
    async (app) => {
      const { id } = await withSecret(app);
      await app.deliver(id, "1", { headers: bearerHeaders(SECRET) });
      await app.api(`DELETE /agents/${id}`);
      return id;
    },
  ],
];

const REQUESTS: [name: string, body: string, headers: Record<string, string>][] = [
  ["a plain delivery", "1", {}],
  ["the right secret", '{"a":1}', bearerHeaders(SECRET)],
  ["a wrong secret", '{"a":1}', bearerHeaders("wrong")],
  ["broken JSON", "{", {}],
  ["another content type", "a=1", { "Content-Type": "text/plain" }],
  ["a malformed key", "1", { "Idempotency-Key": "two words" }],
  ["2 MiB, more than a live webhook takes", "x".repeat(2 * 1024 * 1024), {}],
];

const FIXED = { "X-Request-Id": "the-same" };

/** Everything that a caller sees, but for an id of ours. */
async function seenBy(
  app: TestApp,
  data: { id: string; body: string; headers: Record<string, string> },
) {
  const { id, body } = data;
  const { status, headers, text } = await app.deliver(id, body, {
    headers: { ...data.headers, ...FIXED },
  });
  return { status, text, headers: Object.fromEntries(headers) };
}

describe.each(REQUESTS)("to %s", (_name, body, headers) => {
  test.each(HIDDEN)("%s answers the one 404", async (_title, reason, prepare) => {
    const app = await createTestApp();
    const id = await prepare(app);
    const expected = await seenBy(app, { id: "agt_never", body, headers });
    expect(expected).toMatchObject({
      status: 404,
      text: '{"success":false,"error":{"code":"NOT_FOUND","message":"There is nothing at this address.","requestId":"the-same"}}',
    });

    expect(await seenBy(app, { id, body, headers })).toEqual(expected);

    await app.ledger.flush();
    const { data } = await app.api("GET /deliveries?limit=1");
    expect(data[0]).toMatchObject({ gate: "agent", reason, status: 404, verdict: "refused" });
  });
});

test("without a request id only that id differs", async () => {
  const app = await createTestApp();
  const off = await app.agent({ webhookEnabled: false });
  const [one, two] = [await app.deliver(off.id, "1"), await app.deliver("agt_never", "1")];
  expect(one.error.requestId).not.toBe(two.error.requestId);
  expect(one.text.replace(one.error.requestId, "")).toBe(two.text.replace(two.error.requestId, ""));
});

test("a webhook that is switched on again takes deliveries again", async () => {
  const app = await createTestApp();
  const agent = await app.agent();
  await app.api(`PATCH /agents/${agent.id}`, { webhookEnabled: false });
  expect((await app.deliver(agent.id, "1")).status).toBe(404);
  await app.api(`PATCH /agents/${agent.id}`, { webhookEnabled: true });
  expect((await app.deliver(agent.id, "1")).status).toBe(200);
});

test("an agent that is activated again takes deliveries again", async () => {
  const app = await createTestApp();
  const agent = await app.agent();
  await app.api(`POST /agents/${agent.id}/deactivate`);
  expect((await app.deliver(agent.id, "1")).status).toBe(404);
  await app.api(`POST /agents/${agent.id}/activate`);
  expect((await app.deliver(agent.id, "1")).status).toBe(200);
});
