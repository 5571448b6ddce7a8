// Rotation: the old secret lives through its grace, to the millisecond, and at most two are live.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders, hmacHeaders } from "../../support/signing";

const DAY_MS = 24 * 3_600_000;
const OLD = "the-old-secret-of-the-sender";
const NEW = "the-new-secret-of-the-sender";
const NEWEST = "the-newest-secret-of-the-sender";

interface Rotation {
  secret: string;
  graceSeconds?: number;
}

const rotate = (app: TestApp, data: { id: string; to: Rotation }) =>
  app.api(`POST /agents/${data.id}/webhook/secrets`, data.to);

/** A webhook under bearer whose one secret is OLD. */
async function withOld() {
  const app = await createTestApp();
  const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
  await rotate(app, { id, to: { secret: OLD, graceSeconds: 0 } });
  return { app, id };
}

/** Which of the secrets are let in now. */
async function live(app: TestApp, id: string): Promise<string[]> {
  const found: string[] = [];
  for (const secret of [OLD, NEW, NEWEST]) {
    const { status } = await app.deliver(id, "1", { headers: bearerHeaders(secret) });
    if (status === 200) found.push(secret);
  }
  return found;
}

describe("after a rotation", () => {
  test("both secrets pass for 24 hours, then the new one alone", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW } });
    expect(await live(app, id)).toEqual([OLD, NEW]);
    app.clock.advance(DAY_MS - 1);
    expect(await live(app, id)).toEqual([OLD, NEW]);
    app.clock.advance(1);
    expect(await live(app, id)).toEqual([NEW]);
  });

  test.each([1, 60, 3600, 7 * 86_400])(
    "the old one lives exactly %i s of grace",
    async (graceSeconds) => {
      const { app, id } = await withOld();
      await rotate(app, { id, to: { secret: NEW, graceSeconds } });
      app.clock.advance(graceSeconds * 1000 - 1);
      expect(await live(app, id)).toEqual([OLD, NEW]);
      app.clock.advance(1);
      expect(await live(app, id)).toEqual([NEW]);
    },
  );

  test("without grace the old one is dead at once", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW, graceSeconds: 0 } });
    expect(await live(app, id)).toEqual([NEW]);
  });

  test("a third secret ends the oldest at once: two are live, never three", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW } });
    app.clock.advance(1000);
    await rotate(app, { id, to: { secret: NEWEST } });
    expect(await live(app, id)).toEqual([NEW, NEWEST]);
    app.clock.advance(DAY_MS);
    expect(await live(app, id)).toEqual([NEWEST]);
  });

  test("three in the same millisecond leave two live", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW } });
    await rotate(app, { id, to: { secret: NEWEST } });
    expect(await live(app, id)).toEqual([NEW, NEWEST]);
  });

  test("signatures under either secret verify", async () => {
    const { app, id } = await withOld();
    await app.api(`PATCH /agents/${id}`, { webhook: { auth: { type: "hmac" } } });
    await rotate(app, { id, to: { secret: NEW } });
    const statuses = [];
    for (const secret of [OLD, NEW, NEWEST]) {
      const headers = hmacHeaders({ secret, body: "1" });
      statuses.push((await app.deliver(id, "1", { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 401]);
  });
});

describe("the owner sees", () => {
  test("both secrets, oldest first, when the old one ends, and which is still used", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW, graceSeconds: 60 } });
    await app.deliver(id, "1", { headers: bearerHeaders(OLD) });
    await app.deliver(id, "1", { headers: bearerHeaders(OLD) });
    await app.deliver(id, "1", { headers: bearerHeaders(NEW) });
    await app.secretUses.flush();
    const { data } = await app.api(`GET /agents/${id}`);
    expect(data.webhook.secrets).toMatchObject([
      { fingerprint: "…nder", expiresAt: "2026-01-01T00:01:00.000Z", uses: 2 },
      { fingerprint: "…nder", expiresAt: null, uses: 1 },
    ]);
  });

  test("only the new one once the grace is over", async () => {
    const { app, id } = await withOld();
    await rotate(app, { id, to: { secret: NEW, graceSeconds: 60 } });
    app.clock.advance(60_000);
    const { data } = await app.api(`GET /agents/${id}`);
    expect(data.webhook.secrets).toMatchObject([{ expiresAt: null }]);
  });
});

describe("a grace that is none is refused:", () => {
  test.each([-1, 1.5, 7 * 86_400 + 1, "60", null])("%p", async (graceSeconds) => {
    const { app, id } = await withOld();
    const refused = await app.api(`POST /agents/${id}/webhook/secrets`, {
      secret: NEW,
      graceSeconds,
    });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details[0].path).toBe("/graceSeconds");
    expect(await live(app, id)).toEqual([OLD]);
  });
});

test("an unknown agent has no secrets to rotate", async () => {
  const app = await createTestApp();
  const refused = await app.api("POST /agents/agt_unknown/webhook/secrets", {});
  expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
});
