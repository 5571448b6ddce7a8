// Cancelling over HTTP: what waits, what runs, what has ended; and the place in the webhook's limit.

import { describe, expect, test } from "bun:test";
import { restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";
import { isSettled } from "../../support/turns";

/** An agent on a held model, and its executions cancelled by id. */
async function createCancelling(slots = 1, limits: Record<string, unknown> = {}) {
  const parts = await createHeldApp(slots, { webhook: { limits } });
  const { app, agent } = parts;
  const cancel = (id: string) => app.api(`POST /agents/${agent.id}/executions/${id}/cancel`);
  return { ...parts, cancel };
}

describe("an execution that waits", () => {
  test("is cancelled at once and never starts", async () => {
    const { app, held, deliver, cancel, poll } = await createCancelling();
    await deliver();
    const id = await deliver();
    await held.started(1);
    const answer = await cancel(id);
    expect(answer.status).toBe(200);
    expect(answer.data).toMatchObject({
      id,
      status: "cancelled",
      waiting: false,
      error: null,
      startedAt: null,
      finishedAt: "2026-01-01T00:00:00.000Z",
      durationMs: null,
    });
    held.release();
    await app.pool.idle();
    expect(held.held()).toBe(0);
    expect((await poll(id)).data).toMatchObject({ status: "cancelled", steps: [] });
  });

  test("gives its place back to the webhook", async () => {
    const { app, agent, held, deliver, cancel } = await createCancelling(1, { maxConcurrent: 2 });
    await deliver();
    const id = await deliver();
    expectAnswer(await app.deliver(agent.id, "1"), { status: 429, code: "CONCURRENCY_LIMITED" });
    await cancel(id);
    expect((await app.deliver(agent.id, "1")).status).toBe(200);
    expectAnswer(await app.deliver(agent.id, "1"), { status: 429, code: "CONCURRENCY_LIMITED" });
    held.stopHolding();
    await app.pool.idle();
  });

  test("stays cancelled over a restart", async () => {
    const { app, agent, held, deliver, cancel } = await createCancelling();
    await deliver();
    const id = await deliver();
    await held.started(1);
    await cancel(id);
    const next = await restart(app, { outbound: held.outbound });
    held.stopHolding();
    await next.pool.idle();
    const read = await next.api(`GET /agents/${agent.id}/executions/${id}`);
    expect(read.data.status).toBe("cancelled");
    const row = next.db.raw.query("select unfinished from windows").get();
    expect(row).toEqual({ unfinished: 0 });
  });
});

describe("an execution that runs", () => {
  test("is aborted: its step is cancelled, its slot goes to the next", async () => {
    const { app, held, deliver, cancel, poll } = await createCancelling();
    const [id, next] = [await deliver('{"a":1}'), await deliver()];
    await held.started(1);
    app.clock.advance(1500);
    const answer = await cancel(id);
    expect(answer.status).toBe(200);
    expect(answer.data).toMatchObject({ status: "cancelled", error: null, durationMs: 1500 });
    expect(answer.data.steps).toBeUndefined();
    expect((await poll(id)).data).toMatchObject({
      status: "cancelled",
      output: null,
      steps: [
        { nodeId: "input", status: "completed", output: { a: 1 } },
        { nodeId: "llm", status: "cancelled", output: null },
      ],
    });
    await held.started(2);
    held.stopHolding();
    await app.pool.idle();
    expect((await poll(next)).data.status).toBe("completed");
  });

  test("gives its place back to the webhook, once", async () => {
    const { app, agent, held, deliver, cancel } = await createCancelling(9, { maxConcurrent: 2 });
    const [id] = [await deliver(), await deliver()];
    await held.started(2);
    const answers = await Promise.all([cancel(id), cancel(id)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await app.deliver(agent.id, "1")).status).toBe(200);
    expectAnswer(await app.deliver(agent.id, "1"), { status: 429, code: "CONCURRENCY_LIMITED" });
    held.stopHolding();
    await app.pool.idle();
    expect(app.db.raw.query("select unfinished from windows").get()).toEqual({ unfinished: 0 });
  });

  test("lets the queue go on with its oldest", async () => {
    const limits = { maxConcurrent: 1, overflow: "queue" };
    const { app, held, deliver, cancel, poll } = await createCancelling(9, limits);
    const [first, second, third] = [await deliver(), await deliver(), await deliver()];
    await held.started(1);
    await cancel(second);
    await cancel(first);
    await held.started(2);
    expect((await poll(third)).data).toMatchObject({ status: "running", waiting: false });
    held.stopHolding();
    await app.pool.idle();
    expect((await poll(second)).data.status).toBe("cancelled");
  });
});

describe("an execution that has ended", () => {
  test("by cancelling is answered as such again", async () => {
    const { app, held, deliver, cancel } = await createCancelling();
    const id = await deliver();
    await held.started(1);
    const first = await cancel(id);
    app.clock.advance(1000);
    const again = await cancel(id);
    expect([again.status, again.data]).toEqual([200, first.data]);
  });

  test("in any other way is left as it is, and the answer says how it stands", async () => {
    const { app, held, deliver, cancel, poll } = await createCancelling();
    const [completed, failed] = [await deliver(), await deliver()];
    await held.started(1);
    held.release();
    await held.started(2);
    held.fail();
    await app.pool.idle();
    for (const [id, status] of [
      [completed, "completed"],
      [failed, "failed"],
    ] as const) {
      const before = (await poll(id)).data;
      const refused = await cancel(id);
      expectAnswer(refused, { status: 409, code: "EXECUTION_FINAL" });
      expect(refused.error.hint).toContain(status);
      expect((await poll(id)).data).toEqual(before);
    }
  });
});

describe("404 is the answer to cancelling", () => {
  test("what is not there, or another agent's", async () => {
    const { app, held, deliver, cancel } = await createCancelling();
    const id = await deliver();
    await held.started(1);
    for (const wrong of ["exec_unknown", "x", id.replace("exec_", "dlv_")]) {
      expectAnswer(await cancel(wrong), { status: 404, code: "NOT_FOUND" });
    }
    const other = await app.agent();
    const foreign = await app.api(`POST /agents/${other.id}/executions/${id}/cancel`);
    expectAnswer(foreign, { status: 404, code: "NOT_FOUND" });
    expect(await isSettled(app.pool.idle())).toBe(false);
    held.stopHolding();
    await app.pool.idle();
  });
});
