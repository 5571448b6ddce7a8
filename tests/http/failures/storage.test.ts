// Storage that fails: nothing is accepted, everybody is told to come back, and reading goes on.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { fillDisk, freeDisk, largeBody } from "../../support/disk";
import { expectAnswer } from "../../support/expectations";
import { createRecordedLog } from "../../support/recorded-log";
import { bearerHeaders } from "../../support/signing";

const UNAVAILABLE = {
  status: 503,
  code: "STORAGE_UNAVAILABLE",
  hides: ["SQLITE", "readonly", "full"],
};

const forbidWrites = (app: TestApp): void => void app.db.raw.run("pragma query_only = on");
const allowWrites = (app: TestApp): void => void app.db.raw.run("pragma query_only = off");

/** Every request that writes. */
const WRITES: [call: string, body?: unknown][] = [
  ["POST /agents", { name: "a" }],
  ["PATCH /agents/ID", { name: "b" }],
  ["POST /agents/ID/duplicate", {}],
  ["POST /agents/ID/activate"],
  ["POST /agents/ID/deactivate"],
  ["POST /agents/ID/webhook/secrets", {}],
  ["POST /agents/ID/invoke", { input: 1 }],
  ["POST /agents/ID/webhook", 1],
  ["POST /providers", { type: "openai-compatible", name: "p", baseUrl: "https://x.test/v1" }],
  ["DELETE /agents/ID"],
];

describe("while nothing can be written", () => {
  test.each(WRITES.map(([call, body]) => ({ call, body })))("$call is 503", async (row) => {
    const { call, body } = row;
    const log = createRecordedLog();
    const app = await createTestApp({ log });
    const { id } = await app.agent();
    const before = Buffer.from(app.db.raw.serialize());
    forbidWrites(app);
    const refused = await app.api(call.replace("ID", id), body);
    expectAnswer(refused, UNAVAILABLE);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(Buffer.from(app.db.raw.serialize()).equals(before)).toBe(true);
    expect(log.events()).toContain("database.commit_failed");
    allowWrites(app);
    expect((await app.api(call.replace("ID", id), body)).status).toBeLessThan(300);
    await app.pool.idle();
  });

  test("everything can be read", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { data } = await app.deliver(id, "1");
    await app.pool.idle();
    forbidWrites(app);
    const paths = [
      "/agents",
      `/agents/${id}`,
      `/agents/${id}/executions/${data.executionId}`,
      "/deliveries",
      "/providers",
      "/healthz",
    ];
    for (const path of paths)
      expect([path, (await app.api(`GET ${path}`)).status]).toEqual([path, 200]);
  });

  test("the server is alive but not ready", async () => {
    const app = await createTestApp();
    forbidWrites(app);
    expect((await app.request("/healthz")).status).toBe(200);
    expect((await app.request("/readyz")).status).toBe(503);
    allowWrites(app);
    expect((await app.request("/readyz")).status).toBe(200);
  });
});

describe("a probe that fails has the one failure shape", () => {
  test("where nothing can be written", async () => {
    const app = await createTestApp();
    forbidWrites(app);
    const ready = await readAnswer(await app.request("/readyz"));
    expectAnswer(ready, { status: 503, code: "STORAGE_UNAVAILABLE" });
  });

  test("where the server is stopping", async () => {
    const app = await createTestApp();
    app.deps.health.noteStopping();
    const ready = await readAnswer(await app.request("/readyz"));
    expectAnswer(ready, { status: 503, code: "SHUTTING_DOWN" });
  });
});

describe("a delivery that could not be stored", () => {
  test("took nothing: no place, no minute, no key", async () => {
    const app = await createTestApp();
    const limits = { perMinute: 1, maxConcurrent: 1 };
    const { id } = await app.agent({ webhook: { limits } });
    const init = { headers: { "Idempotency-Key": "k" } };
    forbidWrites(app);
    for (let count = 0; count < 3; count += 1)
      expectAnswer(await app.deliver(id, "1", init), UNAVAILABLE);
    allowWrites(app);
    const good = await app.deliver(id, "2", init);
    expect([good.status, good.headers.get("idempotent-replayed")]).toEqual([200, null]);
    await app.pool.idle();
    expect((await app.api(`GET /agents/${id}/executions`)).data).toHaveLength(1);
  });

  test("tells the limits as they are, for its credential was good", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    forbidWrites(app);
    const refused = await app.deliver(id, "1");
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("100");
    expect(refused.headers.get("location")).toBeNull();
  });
});

describe("on a full disk", () => {
  test("deliveries are refused until there is room, and then accepted without a restart", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const body = largeBody();
    expect((await app.deliver(id, body)).status).toBe(200);
    await app.pool.idle();
    fillDisk(app.db);
    for (let count = 0; count < 3; count += 1)
      expectAnswer(await app.deliver(id, body), UNAVAILABLE);
    freeDisk(app.db);
    expect((await app.deliver(id, body)).status).toBe(200);
    await app.pool.idle();
    const { data } = await app.api(`GET /agents/${id}/executions`);
    expect(data.map((entry: { status: string }) => entry.status)).toEqual([
      "completed",
      "completed",
    ]);
    expect(app.db.raw.query("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  test("of two deliveries in one group both are refused, and neither is half there", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const body = largeBody();
    fillDisk(app.db);
    const sent = [app.deliver(id, body), app.deliver(id, body)];
    for (const answer of await Promise.all(sent)) expectAnswer(answer, UNAVAILABLE);
    freeDisk(app.db);
    const headers = bearerHeaders(ADMIN_TOKEN);
    const list = await readAnswer(await app.request(`/agents/${id}/executions`, { headers }));
    expect(list.data).toEqual([]);
    const windows = app.db.raw.query("select count, unfinished from windows").all();
    expect(windows).toEqual([]);
  });
});
