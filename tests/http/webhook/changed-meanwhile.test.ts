// An agent that is changed while a body is on its way: what holds is what the owner was told last.

import { describe, expect, test } from "bun:test";
import { createTestApp, readAnswer, type TestApp } from "../../support/app";
import { agentWithSecret, SECRET } from "../../support/agents";
import { bearerHeaders } from "../../support/signing";
import { passTurns } from "../../support/turns";

/** A delivery whose body is complete only when told so. */
function startDelivery(app: TestApp, agentId: string) {
  const { promise: rest, resolve: finish } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('{"a":')),
    async pull(controller) {
      await rest;
      controller.enqueue(Buffer.from("1}"));
      controller.close();
    },
  });
  const headers = { "Content-Type": "application/json", ...bearerHeaders(SECRET) };
  const answer = app.request(`/agents/${agentId}/webhook`, { method: "POST", headers, body });
  return { answer: answer.then(readAnswer), finish };
}

const CHANGES: [
  name: string,
  status: number,
  change: (app: TestApp, id: string) => Promise<unknown>,
][] = [
  ["nothing", 200, async () => null],
  [
    "the webhook switched off",
    404,
    (app, id) => app.api(`PATCH /agents/${id}`, { webhookEnabled: false }),
  ],
  ["the agent deactivated", 404, (app, id) => app.api(`POST /agents/${id}/deactivate`)],
  ["the agent deleted", 404, (app, id) => app.api(`DELETE /agents/${id}`)],
  [
    "the secret replaced at once",
    401,
    (app, id) => app.api(`POST /agents/${id}/webhook/secrets`, { graceSeconds: 0 }),
  ],
  [
    "another method chosen",
    401,
    (app, id) => app.api(`PATCH /agents/${id}`, { webhook: { auth: { type: "hmac" } } }),
  ],
];

describe("a delivery whose body was on its way", () => {
  test.each(CHANGES)("meets %s with %d", async (_name, status, change) => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const { answer, finish } = startDelivery(app, id);
    await passTurns(3);
    app.clock.advance(1);
    await change(app, id);
    finish();
    expect((await answer).status).toBe(status);
  });
});

test("an event and a delivery id are noted up to 200 characters", async () => {
  const app = await createTestApp();
  const { id } = await app.agent({ webhook: { auth: { type: "hmac", preset: "github" } } });
  const { data } = await app.api(`POST /agents/${id}/webhook/secrets`, {});
  const body = JSON.stringify({ action: "x".repeat(100_000) });
  const hasher = new Bun.CryptoHasher("sha256", data.secret).update(body);
  const headers = {
    "X-GitHub-Event": "issues",
    "X-Hub-Signature-256": `sha256=${hasher.digest("hex")}`,
  };
  expect((await app.deliver(id, body, { headers })).status).toBe(200);
  const listed = await app.api(`GET /agents/${id}/deliveries`);
  expect(listed.data[0].event).toHaveLength(200);
});
