// `overflow: "queue"`: so many of a webhook's executions started, so many more waiting, then 429.

import { describe, expect, test } from "bun:test";
import { agentOnProvider } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import type { HeldOutbound } from "../../support/held-outbound";
import { createHeldOutbound } from "../../support/held-outbound";
import { githubHeaders } from "../../support/server-calls";
import { passTurns } from "../../support/turns";

const LIMITED = { status: 429, code: "CONCURRENCY_LIMITED" };

/** An app with room in its slots, and a webhook that starts 2 and queues 3 unless told otherwise. */
async function queueApp(limits: Record<string, unknown> = {}) {
  const held = createHeldOutbound();
  const app = await createTestApp({ outbound: held.outbound, config: { slots: 20 } });
  const { id } = await agentOnProvider(app, {
    webhook: { limits: { maxConcurrent: 2, overflow: "queue", maxQueued: 3, ...limits } },
  });
  return { app, held, id };
}

const deliverAll = (app: TestApp, data: { id: string; times: number }): Promise<ApiAnswer[]> =>
  Promise.all(Array.from({ length: data.times }, () => app.deliver(data.id, "1")));

const accepted = (answers: ApiAnswer[]): number =>
  answers.filter((answer) => answer.status === 200).length;

const setLimits = (app: TestApp, data: { id: string; limits: Record<string, unknown> }) =>
  app.api(`PATCH /agents/${data.id}`, { webhook: { limits: data.limits } });

/** How many of an agent's executions have a slot, and how many wait for one. */
async function countOpen(app: TestApp, id: string): Promise<{ started: number; waiting: number }> {
  const { data } = await app.api(`GET /agents/${id}/executions?status=running&limit=200`);
  const waiting = data.filter((execution: { waiting: boolean }) => execution.waiting).length;
  return { started: data.length - waiting, waiting };
}

/** Lets one end, and what follows from it happen. */
async function endOne(data: { app: TestApp; held: HeldOutbound }): Promise<void> {
  data.held.release(1);
  await passTurns(20);
}

/** Ends everything; every place must be free then. */
async function finish(data: { app: TestApp; held: HeldOutbound }): Promise<void> {
  data.held.stopHolding();
  await data.app.pool.idle();
  const row = data.app.db.raw.query("select sum(unfinished) as unfinished from windows").get();
  expect(row).toEqual({ unfinished: 0 });
}

describe("a webhook with a queue", () => {
  test("starts maxConcurrent, keeps maxQueued waiting and refuses the rest", async () => {
    const { app, held, id } = await queueApp();
    const answers = await deliverAll(app, { id, times: 20 });
    expect(accepted(answers)).toBe(5);
    await held.started(2);
    await passTurns(5);
    expect(held.held()).toBe(2);
    expect(await countOpen(app, id)).toEqual({ started: 2, waiting: 3 });
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectAnswer(answer, LIMITED);
      expect(answer.headers.get("retry-after")).toBe("5");
    }
    await finish({ app, held });
  });

  test("answers the queued as the started", async () => {
    const { app, held, id } = await queueApp({ maxConcurrent: 1 });
    const [first, second] = await deliverAll(app, { id, times: 2 });
    expect(second?.data).toEqual({ executionId: expect.any(String), status: "running" });
    expect(Object.keys(second?.data)).toEqual(Object.keys(first?.data));
    await finish({ app, held });
  });

  test("starts exactly one for each that ends, oldest first", async () => {
    const { app, held, id } = await queueApp({ maxQueued: 8 });
    const ids = (await deliverAll(app, { id, times: 10 })).map(({ data }) => data.executionId);
    await held.started(2);
    for (let ended = 1; ended <= 8; ended += 1) {
      await endOne({ app, held });
      expect(held.held()).toBe(2);
      const { data } = await app.api(`GET /agents/${id}/executions?status=running`);
      const open = data.filter((execution: { waiting: boolean }) => !execution.waiting);
      expect(open.map((execution: { id: string }) => execution.id).toReversed()).toEqual(
        ids.slice(ended, ended + 2),
      );
    }
    await finish({ app, held });
  });

  test("tells the ledger how many there may be and how many there were", async () => {
    const { app, held, id } = await queueApp();
    await deliverAll(app, { id, times: 6 });
    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${id}/deliveries?reason=CONCURRENCY_LIMITED`);
    const delivery = (await app.api(`GET /deliveries/${data[0].id}`)).data;
    const stopped = delivery.ladder.find((gate: { state: string }) => gate.state === "stopped");
    expect(stopped).toMatchObject({ gate: "concurrency", compared: { limit: 5, used: 5 } });
    await finish({ app, held });
  });

  test("takes nothing of the minute for what it refuses", async () => {
    const { app, held, id } = await queueApp();
    const answers = await deliverAll(app, { id, times: 20 });
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("x-ratelimit-remaining")).toBe("95");
    await finish({ app, held });
  });
});

describe("what a webhook has queued", () => {
  test("holds up neither manual executions of its agent nor other agents", async () => {
    const { app, held, id } = await queueApp();
    const other = await agentOnProvider(app);
    await deliverAll(app, { id, times: 5 });
    await held.started(2);
    await app.api(`POST /agents/${id}/invoke`, { input: 1 });
    await held.started(3);
    await app.deliver(other.id, "1");
    await held.started(4);
    expect(await countOpen(app, id)).toEqual({ started: 3, waiting: 3 });
    await finish({ app, held });
  });

  test("takes no place from manual executions, nor they from it", async () => {
    const { app, held, id } = await queueApp();
    for (let count = 0; count < 4; count += 1) {
      await app.api(`POST /agents/${id}/invoke`, { input: 1 });
    }
    await held.started(4);
    expect(accepted(await deliverAll(app, { id, times: 9 }))).toBe(5);
    await held.started(6);
    expect(await countOpen(app, id)).toEqual({ started: 6, waiting: 3 });
    await finish({ app, held });
  });

  test("waits on over a restart, and starts as many as before", async () => {
    const { app, held: before, id } = await queueApp();
    expect(accepted(await deliverAll(app, { id, times: 5 }))).toBe(5);
    await before.started(2);
    const held = createHeldOutbound();
    const next = await restart(app, { outbound: held.outbound, config: { slots: 20 } });
    await held.started(2);
    await passTurns(5);
    expect(await countOpen(next, id)).toEqual({ started: 2, waiting: 3 });
    expectAnswer(await next.deliver(id, "1"), LIMITED);
    await endOne({ app: next, held });
    expect((await next.deliver(id, "1")).status).toBe(200);
    await finish({ app: next, held });
  });
});

describe("a change of the webhook holds from the next start:", () => {
  test("a raised maxConcurrent starts more of what waits, at once", async () => {
    const { app, held, id } = await queueApp();
    await deliverAll(app, { id, times: 5 });
    await held.started(2);
    await setLimits(app, { id, limits: { maxConcurrent: 4 } });
    await held.started(4);
    expect(await countOpen(app, id)).toEqual({ started: 4, waiting: 1 });
    await finish({ app, held });
  });

  test("a lowered maxConcurrent starts none until fewer run", async () => {
    const { app, held, id } = await queueApp({ maxConcurrent: 3 });
    await deliverAll(app, { id, times: 6 });
    await held.started(3);
    await setLimits(app, { id, limits: { maxConcurrent: 1 } });
    await endOne({ app, held });
    await endOne({ app, held });
    expect(await countOpen(app, id)).toEqual({ started: 1, waiting: 3 });
    await endOne({ app, held });
    expect(await countOpen(app, id)).toEqual({ started: 1, waiting: 2 });
    await finish({ app, held });
  });

  test("a raised maxQueued takes more", async () => {
    const { app, held, id } = await queueApp();
    expect(accepted(await deliverAll(app, { id, times: 8 }))).toBe(5);
    await setLimits(app, { id, limits: { maxQueued: 5 } });
    expect(accepted(await deliverAll(app, { id, times: 8 }))).toBe(2);
    await finish({ app, held });
  });

  test("a switch to reject takes no more, and what is queued still runs", async () => {
    const { app, held, id } = await queueApp();
    await deliverAll(app, { id, times: 5 });
    await held.started(2);
    await setLimits(app, { id, limits: { overflow: "reject" } });
    for (let ended = 1; ended <= 3; ended += 1) {
      expectAnswer(await app.deliver(id, "1"), LIMITED);
      await endOne({ app, held });
      expect(held.held()).toBe(2);
    }
    await endOne({ app, held });
    expect((await app.deliver(id, "1")).status).toBe(200);
    await finish({ app, held });
  });

  test("what is queued runs on where the webhook is switched off, or its agent deleted", async () => {
    const { app, held, id } = await queueApp();
    await deliverAll(app, { id, times: 5 });
    await held.started(2);
    await app.api(`DELETE /agents/${id}`);
    await endOne({ app, held });
    expect(held.held()).toBe(2);
    await finish({ app, held });
    const rows = app.db.raw.query(
      "select count(*) as ended from executions where state = 'completed'",
    );
    expect(rows.get()).toEqual({ ended: 5 });
  });
});

describe("a webhook of GitHub", () => {
  test("queues, as GitHub never sends again what was refused", async () => {
    const { app, held, id } = await queueApp({ overflow: null, maxQueued: null });
    const auth = { type: "hmac", preset: "github" };
    const { data } = await app.api(`PATCH /agents/${id}`, { webhook: { auth } });
    const secret: string = data.webhookSecret;
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, number) => {
        const headers = githubHeaders({ secret, body: "1", event: "push", delivery: `${number}` });
        return app.deliver(id, "1", { headers });
      }),
    );
    expect(accepted(answers)).toBe(12);
    await held.started(2);
    expect(await countOpen(app, id)).toEqual({ started: 2, waiting: 10 });
    await finish({ app, held });
  });
});
