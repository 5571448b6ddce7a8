// Bounds of the ledger: beyond them deliveries are counted by reason, and old rows go.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp, restart } from "../../support/app";
import { bearerHeaders } from "../../support/signing";

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;
const GOOD = { headers: bearerHeaders(SECRET) };

interface Many {
  id: string;
  times: number;
  init?: RequestInit;
}

/** That many deliveries of broken JSON, and the ledger on disk. */
async function sendBroken(app: TestApp, { id, times, init = {} }: Many): Promise<void> {
  for (let count = 0; count < times; count += 1) await app.deliver(id, "{", init);
  await app.ledger.flush();
}

const rowsIn = (app: TestApp, where = "1 = 1"): number =>
  app.db.raw
    .query<{ count: number }, []>(`select count(*) as count from deliveries where ${where}`)
    .get()?.count ?? -1;

const countsIn = (app: TestApp) =>
  app.db.raw.query("select agent, hour, reason, count from delivery_counts order by hour").all();

const hourOf = (app: TestApp): number => Math.floor(app.clock.now() / HOUR_MS);

const verifying = (app: TestApp, patch: Record<string, unknown> = {}) =>
  agentWithSecret(app, { auth: { type: "bearer" }, patch });

describe("verified refusals of one webhook", () => {
  test("are kept whole up to 1,000, then counted, also after a restart", async () => {
    const app = await createTestApp();
    const { id } = await verifying(app);
    await sendBroken(app, { id, times: 1003, init: GOOD });
    expect(rowsIn(app)).toBe(1000);
    const count = { agent: 1, hour: hourOf(app), reason: "INVALID_JSON", count: 3 };
    expect(countsIn(app)).toEqual([count]);

    const next = await restart(app);
    await sendBroken(next, { id, times: 2, init: GOOD });
    expect(rowsIn(next)).toBe(1000);
    expect(countsIn(next)).toEqual([{ ...count, count: 5 }]);
  });

  test("are kept up to 64 MiB of bodies", async () => {
    const app = await createTestApp();
    const { id } = await verifying(app, { webhook: { limits: { maxBodyBytes: 25 * MIB } } });
    const sizes = [25, 25, 15, 14, 1].map((mib) => mib * MIB);
    for (const size of sizes) {
      await app.deliver(id, "x".repeat(size), GOOD);
      await app.ledger.flush();
    }
    const kept = app.db.raw.query("select size from deliveries order by seq").all();
    expect(kept).toEqual([{ size: 25 * MIB }, { size: 25 * MIB }, { size: 14 * MIB }]);
    expect(countsIn(app)).toMatchObject([{ reason: "INVALID_JSON", count: 2 }]);
  });

  test("use nothing of another webhook's room", async () => {
    const app = await createTestApp();
    const [one, two] = [await verifying(app), await verifying(app)];
    await sendBroken(app, { id: one.id, times: 1001, init: GOOD });
    await sendBroken(app, { id: two.id, times: 1, init: GOOD });
    expect(rowsIn(app, "agent = 2")).toBe(1);
  });
});

describe("other rows of one agent", () => {
  test("are kept up to 500 an hour, then counted until the next hour", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const hour = hourOf(app);
    await sendBroken(app, { id, times: 502 });
    app.clock.advance(HOUR_MS - 1);
    await sendBroken(app, { id, times: 1 });
    expect(rowsIn(app)).toBe(500);
    expect(countsIn(app)).toEqual([{ agent: 1, hour, reason: "INVALID_JSON", count: 3 }]);
    app.clock.advance(1);
    await sendBroken(app, { id, times: 501 });
    expect(rowsIn(app)).toBe(1000);
    expect(countsIn(app)[1]).toEqual({
      agent: 1,
      hour: hour + 1,
      reason: "INVALID_JSON",
      count: 1,
    });
  });

  test("stay within their 500 across a restart", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await sendBroken(app, { id, times: 499 });
    const next = await restart(app);
    await sendBroken(next, { id, times: 3 });
    expect(rowsIn(next)).toBe(500);
  });

  test("stay within them although verified refusals came in between", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await sendBroken(app, { id, times: 500 });
    const closed = await app.api(`PATCH /agents/${id}`, { webhook: { auth: { type: "bearer" } } });
    const init = { headers: bearerHeaders(closed.data.webhookSecret) };
    await sendBroken(app, { id, times: 500, init });
    await app.api(`PATCH /agents/${id}`, { webhook: { auth: null } });
    const next = await restart(app);
    await sendBroken(next, { id, times: 3 });
    expect(rowsIn(next, "verified = 0")).toBe(500);
  });

  test("of accepted deliveries know no such bound", async () => {
    const app = await createTestApp();
    const limits = { perMinute: 1000, maxConcurrent: 1000 };
    const { id } = await app.agent({ webhook: { limits } });
    for (let count = 0; count < 510; count += 1) await app.deliver(id, "1");
    expect(rowsIn(app, "verdict = 'accepted'")).toBe(510);
    expect(countsIn(app)).toEqual([]);
    await app.pool.idle();
  });
});

describe("deliveries to unknown agents", () => {
  test("are kept up to 2,000 an hour together, then counted", async () => {
    const app = await createTestApp();
    for (let count = 0; count < 2002; count += 1) await app.deliver(`agt_${count}`, "1");
    await app.ledger.flush();
    expect(rowsIn(app, "agent is null")).toBe(2000);
    expect(countsIn(app)).toEqual([
      { agent: 0, hour: hourOf(app), reason: "UNKNOWN_AGENT", count: 2 },
    ]);
  });
});

describe("after 24 hours", () => {
  test("the sweep takes what is neither accepted nor a verified refusal, body included", async () => {
    const app = await createTestApp();
    const { id } = await verifying(app);
    await sendBroken(app, { id, times: 1 });
    await sendBroken(app, { id, times: 1, init: GOOD });
    await app.deliver(id, "1", GOOD);
    await app.deliver("agt_unknown", "1");
    await app.ledger.flush();
    await app.pool.idle();
    app.clock.advance(24 * HOUR_MS);
    await app.ledger.sweep();
    expect(rowsIn(app)).toBe(4);
    app.clock.advance(1);
    await app.ledger.sweep();
    const left = app.db.raw.query("select verdict, verified from deliveries order by seq").all();
    expect(left).toEqual([
      { verdict: "refused", verified: 1 },
      { verdict: "accepted", verified: 1 },
    ]);
    const orphans = app.db.raw
      .query("select seq from payloads where seq not in (select seq from deliveries)")
      .all();
    expect(orphans).toEqual([]);
  });

  test("the sweep takes all of them, however many there are", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await sendBroken(app, { id, times: 250 });
    app.clock.advance(12 * HOUR_MS);
    await sendBroken(app, { id, times: 5 });
    app.clock.advance(12 * HOUR_MS + 1);
    await app.ledger.sweep();
    expect(rowsIn(app)).toBe(5);
  });
});

describe("the ledger never slows or stops an answer:", () => {
  test("a refusal is answered although its row cannot be written", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    app.db.raw.run("pragma query_only = on");
    expect((await app.deliver(id, "{")).status).toBe(400);
    await app.ledger.flush();
    app.db.raw.run("pragma query_only = off");
    expect((await app.deliver(id, "1")).status).toBe(200);
    await app.pool.idle();
  });
});
