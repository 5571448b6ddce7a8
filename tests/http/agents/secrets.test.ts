// Secrets of a webhook: made or taken, shown once, counted, kept when the method changes.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, BASIC_SECRET, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { basicHeaders, bearerHeaders, hmacHeaders } from "../../support/signing";

const MADE = /^whsec_[A-Za-z0-9_-]{43}$/;

const addSecret = (app: TestApp, data: { id: string; body: unknown }) =>
  app.api(`POST /agents/${data.id}/webhook/secrets`, data.body);

const secretsOf = async (app: TestApp, id: string) =>
  (await app.api(`GET /agents/${id}`)).data.webhook.secrets;

describe("a secret is made", () => {
  const METHODS = [{ type: "bearer" }, { type: "hmac" }, { type: "hmac", preset: "github" }];
  test.each(METHODS)(
    "when %o is chosen without one, and shown in that answer only",
    async (auth) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const changed = await app.api(`PATCH /agents/${id}`, { webhook: { auth } });
      const secret = changed.data.webhookSecret;
      expect(secret).toMatch(MADE);
      expect(changed.text.split(secret)).toHaveLength(2);
      const paths = [
        `/agents/${id}`,
        "/agents",
        `/agents/${id}/versions`,
        "/deliveries",
        "/providers",
      ];
      for (const path of paths)
        expectAnswer(await app.api(`GET ${path}`), { status: 200, hides: [secret] });
      const again = await app.api(`PATCH /agents/${id}`, { webhook: { auth } });
      expectAnswer(again, { status: 200, hides: [secret, "webhookSecret"] });
    },
  );

  test("with the agent, and opens the webhook at once", async () => {
    const app = await createTestApp();
    const agent = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const init = { headers: bearerHeaders(agent.webhookSecret) };
    expect((await app.deliver(agent.id, "1", init)).status).toBe(200);
  });

  test("on request, other than the one before", async () => {
    const app = await createTestApp();
    const agent = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const made = await addSecret(app, { id: agent.id, body: {} });
    expect(made.status).toBe(201);
    expect(made.data.secret).toMatch(MADE);
    expect(made.data.secret).not.toBe(agent.webhookSecret);
    const headers = bearerHeaders(made.data.secret);
    expect((await app.deliver(agent.id, "1", { headers })).status).toBe(200);
  });
});

describe("a secret is taken", () => {
  test("and not shown, not even to who gave it", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const taken = await addSecret(app, { id, body: { secret: SECRET } });
    expectAnswer(taken, { status: 201, hides: [SECRET] });
    expect(taken.data.secret).toBeUndefined();
    expect((await app.deliver(id, "1", { headers: bearerHeaders(SECRET) })).status).toBe(200);
  });

  test.each([
    ["with a space before it", " abcdefghijklmnopqrst"],
    ["with a newline behind it", "abcdefghijklmnopqrst\n"],
    ["with a tab inside", "abcdefgh\tijklmnopqrst"],
    ["with a no-break space before it", "\u00a0abcdefghijklmnopqrst"],
    ["with a control character", "abcdefgh\u0000ijklmnopqrst"],
    ["of white space alone", "   "],
  ])("but not %s", async (_name, secret) => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const refused = await addSecret(app, { id, body: { secret } });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: ["abcdefgh"] });
    expect(refused.error.details).toMatchObject([{ path: "/secret", code: "SECRET_MALFORMED" }]);
    expect(await secretsOf(app, id)).toHaveLength(1);
  });

  test.each([
    ["empty", ""],
    ["of 1,025 characters", "x".repeat(1025)],
  ])("but not %s", async (_name, secret) => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const refused = await addSecret(app, { id, body: { secret } });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details[0].path).toBe("/secret");
  });

  test("with a warning where it is short", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    const short = await addSecret(app, { id, body: { secret: "fifteen-letters" } });
    expect(short.data.warnings).toMatchObject([{ code: "SECRET_SHORT" }]);
    const long = await addSecret(app, { id, body: { secret: "sixteen-letters-" } });
    expect(long.data.warnings).toBeUndefined();
  });
});

describe("what is shown of a secret", () => {
  test("is its end where it is long, and nothing of a short one", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
    await addSecret(app, { id, body: { secret: "fifteen-letters", graceSeconds: 0 } });
    expect((await secretsOf(app, id))[0].fingerprint).toBe("…");
    await addSecret(app, { id, body: { secret: "a-secret-that-ends-in-wxyz", graceSeconds: 0 } });
    expect((await secretsOf(app, id))[0].fingerprint).toBe("…wxyz");
  });

  test("are facts about it, never the secret", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    expect(await secretsOf(app, id)).toEqual([
      {
        id: expect.stringMatching(/^whs_/),
        fingerprint: "…ests",
        createdAt: "2026-01-01T00:00:00.000Z",
        expiresAt: null,
        lastUsedAt: null,
        uses: 0,
      },
    ]);
  });

  test("counts the deliveries that it verified, and the last of them", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const good = { headers: bearerHeaders(SECRET) };
    await app.deliver(id, "1", good);
    app.clock.advance(5_000);
    await app.deliver(id, "{", good);
    app.clock.advance(5_000);
    await app.deliver(id, "1", { headers: bearerHeaders("wrong") });
    await app.secretUses.flush();
    const [secret] = await secretsOf(app, id);
    expect(secret).toMatchObject({ uses: 2, lastUsedAt: "2026-01-01T00:00:05.000Z" });
  });
});

describe("the method changes and the secret stays", () => {
  test("from bearer over none to hmac", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    for (const type of ["none", "hmac"]) {
      const changed = await app.api(`PATCH /agents/${id}`, { webhook: { auth: { type } } });
      expect(changed.data.webhookSecret).toBeUndefined();
    }
    const headers = hmacHeaders({ secret: SECRET, body: "1" });
    expect((await app.deliver(id, "1", { headers })).status).toBe(200);
  });
});

describe("basic's secret is user and password:", () => {
  const BASIC = { webhook: { auth: { type: "basic" } } };
  const MADE_FOR_BASIC = /^hookline:[A-Za-z0-9_-]{43}$/;

  test("one is made when basic is chosen, and another on request", async () => {
    const app = await createTestApp();
    const agent = await app.agent(BASIC);
    expect(agent.webhook.auth).toEqual({ type: "basic", preset: "basic" });
    const made = await addSecret(app, { id: agent.id, body: {} });
    for (const secret of [agent.webhookSecret, made.data.secret]) {
      expect(secret).toMatch(MADE_FOR_BASIC);
      const init = { headers: basicHeaders(secret) };
      expect((await app.deliver(agent.id, "1", init)).status).toBe(200);
    }
  });

  test("one without a colon is not taken, and the one before stays", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "basic" } });
    const refused = await addSecret(app, { id, body: { secret: SECRET, graceSeconds: 0 } });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", hides: [SECRET] });
    expect(refused.error.details).toMatchObject([{ path: "/secret", code: "SECRET_NEEDS_COLON" }]);
    const init = { headers: basicHeaders(BASIC_SECRET) };
    expect((await app.deliver(id, "1", init)).status).toBe(200);
  });

  test("one without a colon is replaced when basic is chosen, and the owner is told", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const { data } = await app.api(`PATCH /agents/${id}`, BASIC);
    expect(data.webhookSecret).toMatch(MADE_FOR_BASIC);
    expect(data.warnings).toMatchObject([{ code: "SECRET_REPLACED" }]);
    expect(data.webhook.secrets).toMatchObject([
      { expiresAt: "2026-01-02T00:00:00.000Z" },
      { expiresAt: null },
    ]);
    const init = { headers: basicHeaders(data.webhookSecret) };
    expect((await app.deliver(id, "1", init)).status).toBe(200);
    const again = await app.api(`PATCH /agents/${id}`, BASIC);
    expect([again.data.webhookSecret, again.data.warnings]).toEqual([undefined, undefined]);
  });

  test("one with a colon stays when basic is chosen", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    await addSecret(app, { id, body: { secret: BASIC_SECRET, graceSeconds: 0 } });
    const { data } = await app.api(`PATCH /agents/${id}`, BASIC);
    expect([data.webhookSecret, data.warnings]).toEqual([undefined, undefined]);
    const init = { headers: basicHeaders(BASIC_SECRET) };
    expect((await app.deliver(id, "1", init)).status).toBe(200);
  });

  test("one that cannot be decrypted is not replaced, as its key may come back", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    app.db.raw.run("update secrets set key_id = 'ffffffff' where purpose = 'webhook'");
    const { data } = await app.api(`PATCH /agents/${id}`, BASIC);
    expect(data.webhookSecret).toBeUndefined();
    expect(await secretsOf(app, id)).toHaveLength(1);
  });
});

describe("a secret that cannot be decrypted", () => {
  /** As a database under another encryption key: the row names a key that is not ours. */
  async function unreadable() {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    app.db.raw.run("update secrets set key_id = 'ffffffff' where purpose = 'webhook'");
    app.deps.directory.forget(id);
    return { app, id };
  }

  test("closes its webhook with 503, whatever credential is sent", async () => {
    const { app, id } = await unreadable();
    for (const headers of [bearerHeaders(SECRET), bearerHeaders(""), {}]) {
      const refused = await app.deliver(id, "1", { headers });
      expectAnswer(refused, { status: 503, code: "SECRET_UNREADABLE", hides: [SECRET] });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${id}/deliveries`);
    expect(data[0]).toMatchObject({ gate: "credential", reason: "SECRET_UNREADABLE", status: 503 });
  });

  test("is one whose bytes were altered as well", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    app.db.raw.run("update secrets set sealed = zeroblob(60) where purpose = 'webhook'");
    app.deps.directory.forget(id);
    expect((await app.deliver(id, "1", { headers: bearerHeaders(SECRET) })).status).toBe(503);
  });

  test("is one that was copied from another webhook's row as well", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const other = await agentWithSecret(app, { auth: { type: "bearer" } });
    app.db.raw.run(
      "update secrets set sealed = (select sealed from secrets where owner_id = ? limit 1) where owner_id = ?",
      [other.id, id],
    );
    app.deps.directory.forget(id);
    expect((await app.deliver(id, "1", { headers: bearerHeaders(SECRET) })).status).toBe(503);
  });

  test("can be replaced, and the webhook is open again", async () => {
    const { app, id } = await unreadable();
    const made = await addSecret(app, { id, body: { graceSeconds: 0 } });
    const headers = bearerHeaders(made.data.secret);
    expect((await app.deliver(id, "1", { headers })).status).toBe(200);
  });
});
