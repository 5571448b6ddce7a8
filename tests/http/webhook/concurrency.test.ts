// 10 at once: the unfinished executions that came from a webhook's deliveries, exactly.

import { describe, expect, test } from "bun:test";
import { agentOnProvider } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import type { HeldOutbound } from "../../support/held-outbound";
import { createHeldOutbound } from "../../support/held-outbound";

const LIMITED = { status: 429, code: "CONCURRENCY_LIMITED" };

/** An app whose model calls are held, and an agent that makes one. */
async function heldApp(limits: Record<string, unknown> = {}, config = {}) {
  const held = createHeldOutbound();
  const app = await createTestApp({ outbound: held.outbound, config });
  const { id } = await agentOnProvider(app, { webhook: { limits } });
  return { app, held, id };
}

const deliverAll = (app: TestApp, data: { id: string; times: number }): Promise<ApiAnswer[]> =>
  Promise.all(Array.from({ length: data.times }, () => app.deliver(data.id, "1")));

const accepted = (answers: ApiAnswer[]): number =>
  answers.filter((answer) => answer.status === 200).length;

/** Ends everything, so that nothing runs on behind the test. */
async function finish(data: { app: TestApp; held: HeldOutbound }): Promise<void> {
  data.held.stopHolding();
  await data.app.pool.idle();
}

describe("with the default cap", () => {
  test("exactly 10 of 200 in parallel are accepted and started, and the window gave 10", async () => {
    const { app, held, id } = await heldApp();
    const answers = await deliverAll(app, { id, times: 200 });
    expect(accepted(answers)).toBe(10);
    await held.started(10);
    expect(held.held()).toBe(10);
    const refused = answers.filter((answer) => answer.status !== 200);
    for (const answer of refused) expectAnswer(answer, LIMITED);
    expect(refused.at(-1)?.headers.get("x-ratelimit-remaining")).toBe("90");
    await finish({ app, held });
  });

  test("an end frees one place, and only one", async () => {
    const { app, held, id } = await heldApp();
    await deliverAll(app, { id, times: 10 });
    await held.started(10);
    expectAnswer(await app.deliver(id, "1"), LIMITED);
    held.release(1);
    await finishedCount(app, { id, count: 1 });
    expect(accepted(await deliverAll(app, { id, times: 5 }))).toBe(1);
    await held.started(11);
    await finish({ app, held });
  });

  test("everything that ends frees its place: 30 pass through in three rounds", async () => {
    const { app, held, id } = await heldApp();
    for (let round = 1; round <= 3; round += 1) {
      expect(accepted(await deliverAll(app, { id, times: 12 }))).toBe(10);
      await held.started(round * 10);
      held.release();
      await app.pool.idle();
    }
    const row = app.db.raw.query("select count, unfinished from windows").get();
    expect(row).toEqual({ count: 30, unfinished: 0 });
  });
});

/** Waits until so many executions have ended, by the pool's own word. */
async function finishedCount(app: TestApp, data: { id: string; count: number }): Promise<void> {
  const path = `GET /agents/${data.id}/executions?status=completed,failed,timed_out`;
  for (;;) {
    await app.writer.drained();
    await new Promise(setImmediate);
    if ((await app.api(path)).data.length >= data.count) return;
  }
}

describe("a place is freed by", () => {
  test("a failure as by a success", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 1 });
    await app.deliver(id, "1");
    await held.started(1);
    expectAnswer(await app.deliver(id, "1"), LIMITED);
    held.fail();
    await app.pool.idle();
    expect((await app.deliver(id, "1")).status).toBe(200);
    await held.started(2);
    await finish({ app, held });
  });

  test("a timeout", async () => {
    const { app, id } = await heldApp({ maxConcurrent: 1 }, { executionTimeout: 5 });
    const { data } = await app.deliver(id, "1");
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data).toMatchObject({ status: "timed_out", error: { code: "EXECUTION_TIMEOUT" } });
    expect((await app.deliver(id, "1")).status).toBe(200);
    await app.pool.idle();
  });
});

describe("maxConcurrent", () => {
  test("is what the webhook says, from the next delivery on", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 2 });
    expect(accepted(await deliverAll(app, { id, times: 5 }))).toBe(2);
    await app.api(`PATCH /agents/${id}`, { webhook: { limits: { maxConcurrent: 3 } } });
    expect(accepted(await deliverAll(app, { id, times: 5 }))).toBe(1);
    await app.api(`PATCH /agents/${id}`, { webhook: { limits: { maxConcurrent: 1 } } });
    expectAnswer(await app.deliver(id, "1"), LIMITED);
    await finish({ app, held });
  });

  test("is else that of the instance", async () => {
    const { app, held, id } = await heldApp({}, { webhookMaxConcurrent: 4 });
    expect(accepted(await deliverAll(app, { id, times: 6 }))).toBe(4);
    await finish({ app, held });
  });

  test("counts executions that wait for a slot as well", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 3 }, { slots: 1 });
    expect(accepted(await deliverAll(app, { id, times: 5 }))).toBe(3);
    await held.started(1);
    expect(held.held()).toBe(1);
    await finish({ app, held });
  });

  test("is each webhook's own", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 1 }, { slots: 20 });
    const other = await agentOnProvider(app, { webhook: { limits: { maxConcurrent: 1 } } });
    await app.deliver(id, "1");
    expect((await app.deliver(other.id, "1")).status).toBe(200);
    expectAnswer(await app.deliver(id, "1"), LIMITED);
    await finish({ app, held });
  });

  test("does not count manual executions, nor does it hold them back", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 1 });
    const invoke = () => app.api(`POST /agents/${id}/invoke`, { input: 1 });
    expect((await invoke()).status).toBe(200);
    expect((await app.deliver(id, "1")).status).toBe(200);
    expectAnswer(await app.deliver(id, "1"), LIMITED);
    expect((await invoke()).status).toBe(200);
    await finish({ app, held });
    const row = app.db.raw.query("select unfinished from windows").get();
    expect(row).toEqual({ unfinished: 0 });
  });
});

test("the end of a manual execution frees no place of a delivery", async () => {
  const { app, held, id } = await heldApp({ maxConcurrent: 1 });
  await app.api(`POST /agents/${id}/invoke`, { input: 1 });
  await held.started(1);
  await app.deliver(id, "1");
  await held.started(2);
  held.release(1);
  await finishedCount(app, { id, count: 1 });
  expectAnswer(await app.deliver(id, "1"), LIMITED);
  await finish({ app, held });
});

/** Runs one execution for that long, by the hand clock. */
async function runFor(data: Awaited<ReturnType<typeof heldApp>>, ms: number): Promise<void> {
  const { app, held, id } = data;
  await app.deliver(id, "1");
  await held.started(1);
  app.clock.advance(ms);
  held.release();
  await app.pool.idle();
}

describe("Retry-After of the cap is", () => {
  const ROWS: [ms: number, seconds: string][] = [
    [0, "1"],
    [10_000, "1"],
    [10_001, "2"],
    [73_000, "8"],
    [600_000, "59"],
  ];
  test.each(ROWS)("a tenth of an execution of %i ms: %s s", async (ms, seconds) => {
    const data = await heldApp({ maxConcurrent: 1 });
    await runFor(data, ms);
    const { app, held, id } = data;
    await app.deliver(id, "1");
    const refused = await app.deliver(id, "1");
    expectAnswer(refused, LIMITED);
    expect(refused.headers.get("retry-after")).toBe(seconds);
    await held.started(2);
    await finish({ app, held });
  });

  test("5 s where nothing has ended yet", async () => {
    const { app, held, id } = await heldApp({ maxConcurrent: 1 });
    await app.deliver(id, "1");
    expect((await app.deliver(id, "1")).headers.get("retry-after")).toBe("5");
    await held.started(1);
    await finish({ app, held });
  });
});
