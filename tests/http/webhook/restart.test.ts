// What a restart keeps: counts, places, keys, secrets, and every accepted execution.

import { describe, expect, test } from "bun:test";
import { agentOnProvider, agentWithSecret, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound, HELD_ANSWER } from "../../support/held-outbound";
import { bearerHeaders } from "../../support/signing";

const deliverAll = (app: TestApp, data: { id: string; times: number }): Promise<ApiAnswer[]> =>
  Promise.all(Array.from({ length: data.times }, () => app.deliver(data.id, "1")));

const accepted = (answers: ApiAnswer[]): number =>
  answers.filter((answer) => answer.status === 200).length;

describe("the window", () => {
  test("goes on: 40 before and 60 after make 100", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { limits: { maxConcurrent: 1000 } } });
    expect(accepted(await deliverAll(app, { id, times: 40 }))).toBe(40);
    await app.pool.idle();
    app.clock.advance(20_000);
    const next = await restart(app);
    expect(accepted(await deliverAll(next, { id, times: 100 }))).toBe(60);
    expect((await next.deliver(id, "1")).headers.get("retry-after")).toBe("40");
    next.clock.advance(40_000);
    expect((await next.deliver(id, "1")).status).toBe(200);
    await next.pool.idle();
  });

  test("starts anew where the clock was set back before the start, and does not block", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { limits: { perMinute: 1 } } });
    await app.deliver(id, "1");
    await app.pool.idle();
    app.clock.jumpWall(-3_600_000);
    const next = await restart(app);
    expect((await next.deliver(id, "1")).status).toBe(200);
    expect((await next.deliver(id, "1")).headers.get("retry-after")).toBe("60");
    await next.pool.idle();
  });
});

/** An agent on a held model, with so many deliveries under way when the process ends. */
async function interrupted(data: { times: number; slots?: number }) {
  const held = createHeldOutbound();
  const slots = data.slots ?? 10;
  const app = await createTestApp({ outbound: held.outbound, config: { slots } });
  const agent = await agentOnProvider(app);
  const answers = await deliverAll(app, { id: agent.id, times: data.times });
  await held.started(Math.min(data.times, slots));
  const ids = answers.map((answer): string => answer.data.executionId);
  return { app, agent, ids };
}

/** Another start, with a model that is held anew. */
async function startAgain(app: TestApp, config = {}) {
  const held = createHeldOutbound();
  return { held, next: await restart(app, { outbound: held.outbound, config }) };
}

const read = async (app: TestApp, data: { agentId: string; id: string }) =>
  (await app.api(`GET /agents/${data.agentId}/executions/${data.id}`)).data;

describe("executions", () => {
  test("that were under way run to their end, as a second attempt", async () => {
    const { app, agent, ids } = await interrupted({ times: 3 });
    const { held, next } = await startAgain(app);
    await held.started(3);
    held.stopHolding();
    await next.pool.idle();
    for (const id of ids) {
      const found = await read(next, { agentId: agent.id, id });
      expect(found).toMatchObject({ status: "completed", output: HELD_ANSWER, attempt: 2 });
    }
  });

  test("that waited for a slot run as their first attempt", async () => {
    const { app, agent, ids } = await interrupted({ times: 2, slots: 1 });
    const { held, next } = await startAgain(app, { slots: 1 });
    held.stopHolding();
    await next.pool.idle();
    const attempts = [];
    for (const id of ids) {
      const found = await read(next, { agentId: agent.id, id });
      expect(found.status).toBe("completed");
      attempts.push(found.attempt);
    }
    expect(attempts).toEqual([2, 1]);
  });

  test("hold their places until they end", async () => {
    const { app, agent } = await interrupted({ times: 10 });
    const { held, next } = await startAgain(app);
    await held.started(10);
    const refused = await next.deliver(agent.id, "1");
    expectAnswer(refused, { status: 429, code: "CONCURRENCY_LIMITED" });
    held.release();
    await next.pool.idle();
    expect(accepted(await deliverAll(next, { id: agent.id, times: 12 }))).toBe(10);
    held.stopHolding();
    await next.pool.idle();
  });

  test("that never got on end as CRASH_LOOP after three more starts, and free their place", async () => {
    const { app, agent, ids } = await interrupted({ times: 1 });
    let last = app;
    for (let start = 0; start < 3; start += 1) {
      const { held, next } = await startAgain(last);
      await held.started(1);
      last = next;
    }
    const { next } = await startAgain(last);
    await next.pool.idle();
    const found = await read(next, { agentId: agent.id, id: ids[0] ?? "" });
    expect(found).toMatchObject({ status: "failed", error: { code: "CRASH_LOOP" } });
    const row = next.db.raw.query("select unfinished from windows").get();
    expect(row).toEqual({ unfinished: 0 });
  });
});

describe("deliveries that repeat one of before", () => {
  test("find it by its key, also while it still runs", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound });
    const { id } = await agentOnProvider(app);
    const init = { headers: { "Idempotency-Key": "k" } };
    const first = await app.deliver(id, "1", init);
    await held.started(1);
    const { held: again, next } = await startAgain(app);
    const repeat = await next.deliver(id, "1", init);
    expect(repeat.headers.get("idempotent-replayed")).toBe("true");
    expect(repeat.text).toBe(first.text);
    again.stopHolding();
    await next.pool.idle();
  });
});

describe("credentials", () => {
  test("still verify, and are still counted", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const next = await restart(app);
    const good = await next.deliver(id, "1", { headers: bearerHeaders(SECRET) });
    const bad = await next.deliver(id, "1", { headers: bearerHeaders("other") });
    expect([good.status, bad.status]).toEqual([200, 401]);
    await next.secretUses.flush();
    const { data } = await next.api(`GET /agents/${id}`);
    expect(data.webhook.secrets[0].uses).toBe(1);
  });

  test("sealed with another encryption key are refused until that key is back", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const headers = bearerHeaders(SECRET);
    const other = await restart(app, { masterKey: Buffer.alloc(32, 8) });
    const refused = await other.deliver(id, "1", { headers });
    expect([refused.status, refused.error?.code]).toEqual([503, "SECRET_UNREADABLE"]);
    const back = await restart(other);
    expect((await back.deliver(id, "1", { headers })).status).toBe(200);
  });
});

describe("a live version", () => {
  test("runs on under settings that it would be too large for now, and is refused on activation", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const next = await restart(app, { config: { pipelineMaxNodes: 2 } });
    const { status, data } = await next.deliver(id, '"x"');
    expect(status).toBe(200);
    await next.pool.idle();
    const read = await next.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data).toMatchObject({ status: "completed", output: "x" });
    expectAnswer(await next.api(`POST /agents/${id}/activate`), {
      status: 422,
      code: "VALIDATION_ERROR",
      shows: ["PIPELINE_TOO_LARGE"],
    });
  });
});
