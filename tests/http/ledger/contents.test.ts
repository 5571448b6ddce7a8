// What a ledger row keeps of a request: headers without credentials, the query, the bytes.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const KIB = 1024;

async function lastRow(app: TestApp) {
  await app.ledger.flush();
  const { data } = await app.api("GET /deliveries?limit=1");
  return (await app.api(`GET /deliveries/${data[0].id}`)).data;
}

const rawOf = async (app: TestApp, id: string): Promise<Response> =>
  app.request(`/deliveries/${id}/raw`, { headers: bearerHeaders(ADMIN_TOKEN) });

/** All byte values, which are no UTF-8, as often as it takes. */
const bytesOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => at & 255);

describe("credentials", () => {
  const SENT = {
    Authorization: `Bearer ${SECRET}`,
    Cookie: "session=cookie-value",
    "Set-Cookie": "a=cookie-value",
    "Proxy-Authorization": "Basic proxy-value",
  };
  const CASES: [name: string, body: string][] = [
    ["an accepted delivery", "1"],
    ["a refused one", "{"],
  ];
  test.each(CASES)("are masked in the row of %s", async (_name, body) => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    await app.deliver(id, body, { headers: { ...SENT, "X-Custom": "Kept as It is" } });
    const row = await lastRow(app);
    expect(row.headers).toMatchObject({
      authorization: "***",
      cookie: "***",
      "proxy-authorization": "***",
      "x-custom": "Kept as It is",
      "content-type": "application/json",
    });
    expect(JSON.stringify(row)).not.toContain(SECRET);
    for (const text of [SECRET, "cookie-value", "proxy-value"]) {
      expect(Buffer.from(app.db.raw.serialize()).includes(text)).toBe(false);
    }
  });

  test.each([
    "X-Gitlab-Token",
    "X-Api-Key",
    "Apikey",
    "X-Auth-Token",
    "CF-Access-Client-Secret",
    "Cf-Access-Jwt-Assertion",
    "X-Goog-Iap-Jwt-Assertion",
    "X-Amz-Security-Token",
    "X-Webhook-Password",
    "X-Credential",
  ])("in %s, which other senders and proxies use, are masked too", async (name) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, "1", { headers: { [name]: "another-credential" } });
    expect((await lastRow(app)).headers[name.toLowerCase()]).toBe("***");
    expect(Buffer.from(app.db.raw.serialize()).includes("another-credential")).toBe(false);
  });

  test("of a wrong kind are masked as well", async () => {
    const app = await createTestApp();
    await app.deliver("agt_unknown", "1", { headers: { Authorization: "almost-a-secret" } });
    expect((await lastRow(app)).headers.authorization).toBe("***");
  });

  test("reach no pipeline by the trigger's headers", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    await app.deliver(id, "1", { headers: SENT });
    await app.pool.idle();
    expect((await app.api(`GET /agents/${id}/executions`)).text).not.toContain(SECRET);
  });
});

describe("the query", () => {
  test("is kept as it was sent", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const path = `/agents/${id}/webhook?a=1&a=2&%C3%BC=%20&empty=`;
    const headers = { "Content-Type": "application/json" };
    await app.request(path, { method: "POST", body: "{", headers });
    expect((await lastRow(app)).query).toBe("a=1&a=2&%C3%BC=%20&empty=");
  });
});

describe("the raw body", () => {
  const SIZES = [1, 100, 4 * KIB, 64 * KIB, 300 * KIB];
  test.each(SIZES)(
    "of a verified refusal comes back whole and unchanged: %i bytes",
    async (size) => {
      const app = await createTestApp();
      const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
      const body = bytesOf(size);
      expect((await app.deliver(id, body, { headers: bearerHeaders(SECRET) })).status).toBe(400);
      const row = await lastRow(app);
      expect(row).toMatchObject({ size, storedBytes: size });
      expect(Buffer.from(await (await rawOf(app, row.id)).arrayBuffer()).equals(body)).toBe(true);
    },
  );

  test.each(SIZES)("of an accepted delivery does, too: %i bytes of JSON", async (size) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const body = ` ${JSON.stringify("ü".repeat(size))}\r\n`;
    expect((await app.deliver(id, body)).status).toBe(200);
    const row = await lastRow(app);
    expect(await (await rawOf(app, row.id)).text()).toBe(body);
  });
});

describe("the raw body that nobody vouches for", () => {
  test("of an unverified delivery is cut at 64 KiB, and the row says so", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const body = bytesOf(64 * KIB + 1);
    await app.deliver(id, body);
    const row = await lastRow(app);
    expect(row).toMatchObject({ size: 64 * KIB + 1, storedBytes: 64 * KIB, verified: false });
    const stored = Buffer.from(await (await rawOf(app, row.id)).arrayBuffer());
    expect(stored.equals(body.slice(0, 64 * KIB))).toBe(true);
  });

  test("of a refusal by an open webhook is cut as well", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, "x".repeat(64 * KIB + 1));
    expect(await lastRow(app)).toMatchObject({ storedBytes: 64 * KIB, verified: false });
  });

  test("is 404 where there is none", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, "");
    const row = await lastRow(app);
    expect(row.storedBytes).toBe(0);
    expectAnswer(await app.api(`GET /deliveries/${row.id}/raw`), {
      status: 404,
      code: "NOT_FOUND",
      shows: ["The body is not stored."],
    });
  });

  test("is handed out to be saved, never to be rendered", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, '"<script>alert(1)</script>"', {
      headers: { "Content-Type": "application/json" },
    });
    const { headers } = await rawOf(app, (await lastRow(app)).id);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": 'attachment; filename="body"',
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });
});

describe("404 is the answer for", () => {
  test("a delivery of nobody, of another agent, or by another id", async () => {
    const app = await createTestApp();
    const [one, two] = [await app.agent(), await app.agent()];
    const { data } = await app.deliver(one.id, "1");
    const own = data.executionId.replace("exec_", "dlv_");
    expect((await app.api(`GET /agents/${one.id}/deliveries/${own}`)).status).toBe(200);
    const wrong = [
      `/agents/${two.id}/deliveries/${own}`,
      `/agents/${two.id}/deliveries/${own}/raw`,
      `/agents/agt_x/deliveries/${own}`,
      `/deliveries/${data.executionId}`,
      "/deliveries/dlv_unknown",
      "/deliveries/x/raw",
    ];
    for (const path of wrong) {
      expectAnswer(await app.api(`GET ${path}`), { status: 404, code: "NOT_FOUND" });
    }
  });
});
