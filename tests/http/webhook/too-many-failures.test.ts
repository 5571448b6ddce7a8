// A flood of wrong credentials is answered without a row each, and shuts no good credential out.

import { describe, expect, test } from "bun:test";
import { receive } from "../../../src/webhooks/receive";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

interface From {
  agentId: string;
  address: string;
  secret?: string;
}

/** A delivery from an address, which a request without a socket does not have. */
async function deliverFrom(app: TestApp, { agentId, address, secret = "wrong" }: From) {
  const request = new Request(`http://localhost/agents/${agentId}/webhook`, {
    method: "POST",
    body: "1",
    headers: { "Content-Type": "application/json", ...bearerHeaders(secret) },
  });
  return readAnswer(await receive(app.deps, { request, agentId, server: null, address }));
}

async function failTimes(app: TestApp, data: From & { times: number }): Promise<void> {
  for (let count = 0; count < data.times; count += 1) {
    expect((await deliverFrom(app, data)).status).toBe(401);
  }
}

/** Failures on one webhook, each from an address of its own. */
async function failFromMany(app: TestApp, data: { agentId: string; times: number }): Promise<void> {
  for (let count = 0; count < data.times; count += 1) {
    const address = `10.0.${count >> 8}.${count & 255}`;
    expect((await deliverFrom(app, { agentId: data.agentId, address })).status).toBe(401);
  }
}

const bearerAgent = (app: TestApp) => agentWithSecret(app, { auth: { type: "bearer" } });
const TOO_MANY = { status: 429, code: "TOO_MANY_FAILURES", hides: ["x-ratelimit", SECRET] };

describe("after 60 failures in a minute from one address", () => {
  test("the next failure is 429 until the minute is over, to the second", async () => {
    const app = await createTestApp();
    const { id: agentId } = await bearerAgent(app);
    const from = { agentId, address: "192.0.2.1" };
    await failTimes(app, { ...from, times: 60 });
    app.clock.advance(12_300);
    const refused = await deliverFrom(app, from);
    expectAnswer(refused, TOO_MANY);
    expect(refused.headers.get("retry-after")).toBe("48");
    expect(refused.headers.get("www-authenticate")).toBeNull();
    app.clock.advance(47_699);
    expect((await deliverFrom(app, from)).headers.get("retry-after")).toBe("1");
    app.clock.advance(1);
    expect((await deliverFrom(app, from)).status).toBe(401);
  });

  test("a good credential from that address still passes", async () => {
    const app = await createTestApp();
    const { id: agentId } = await bearerAgent(app);
    const from = { agentId, address: "192.0.2.1" };
    await failTimes(app, { ...from, times: 60 });
    expectAnswer(await deliverFrom(app, from), TOO_MANY);
    expect((await deliverFrom(app, { ...from, secret: SECRET })).status).toBe(200);
  });

  test("other addresses are answered as before", async () => {
    const app = await createTestApp();
    const { id: agentId } = await bearerAgent(app);
    await failTimes(app, { agentId, address: "192.0.2.1", times: 60 });
    expect((await deliverFrom(app, { agentId, address: "192.0.2.2" })).status).toBe(401);
  });

  test("the address is stopped on other webhooks as well", async () => {
    const app = await createTestApp();
    const [one, two] = [await bearerAgent(app), await bearerAgent(app)];
    await failTimes(app, { agentId: one.id, address: "192.0.2.1", times: 60 });
    expectAnswer(await deliverFrom(app, { agentId: two.id, address: "192.0.2.1" }), TOO_MANY);
  });
});

describe("after 600 failures in a minute on one webhook", () => {
  test("any address is answered 429 there, and 401 elsewhere", async () => {
    const app = await createTestApp();
    const [one, two] = [await bearerAgent(app), await bearerAgent(app)];
    await failFromMany(app, { agentId: one.id, times: 600 });
    const address = "192.0.2.1";
    expectAnswer(await deliverFrom(app, { agentId: one.id, address }), TOO_MANY);
    expect((await deliverFrom(app, { agentId: two.id, address })).status).toBe(401);
    expect((await deliverFrom(app, { agentId: one.id, address, secret: SECRET })).status).toBe(200);
  });
});

describe("the ledger of a flood", () => {
  test("keeps a row of each 401 and only a count of each 429", async () => {
    const app = await createTestApp();
    const { id: agentId } = await bearerAgent(app);
    const from = { agentId, address: "192.0.2.1" };
    await failTimes(app, { ...from, times: 60 });
    for (let count = 0; count < 5; count += 1) await deliverFrom(app, from);
    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${agentId}/deliveries?limit=200`);
    expect(data).toHaveLength(60);
    expect(data[0]).toMatchObject({ address: "192.0.2.1", reason: "BEARER_MISMATCH" });
    const counts = app.db.raw.query("select reason, count from delivery_counts").all();
    expect(counts).toEqual([{ reason: "TOO_MANY_FAILURES", count: 5 }]);
  });

  test("failures take nothing from the sender's minute", async () => {
    const app = await createTestApp();
    const { id: agentId } = await bearerAgent(app);
    const from = { agentId, address: "192.0.2.1" };
    await failTimes(app, { ...from, times: 60 });
    const good = await deliverFrom(app, { ...from, secret: SECRET });
    expect(good.headers.get("x-ratelimit-remaining")).toBe("99");
  });
});
