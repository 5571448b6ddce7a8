// Executions as they are polled: while they wait, while they run, and after they have ended.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";
import { HELD_ANSWER, HELD_USAGE } from "../../support/held-outbound";

const NOT_FOUND = { status: 404, code: "NOT_FOUND" };

describe("an execution", () => {
  test("is running for its caller while it waits for a slot, and says that it waits", async () => {
    const { app, held, deliver, poll } = await createHeldApp();
    await deliver();
    const id = await deliver();
    await held.started(1);
    app.clock.advance(5000);
    const waiting = await poll(id);
    expect(waiting.data).toMatchObject({
      status: "running",
      waiting: true,
      createdAt: "2026-01-01T00:00:00.000Z",
      startedAt: null,
      finishedAt: null,
      durationMs: null,
      attempt: 0,
      output: null,
      error: null,
      steps: [],
    });
    expect(waiting.headers.get("retry-after")).toBe("1");
    held.stopHolding();
    await app.pool.idle();
  });

  test("shows its steps so far while it runs", async () => {
    const { app, held, deliver, poll } = await createHeldApp();
    app.clock.advance(1500);
    const id = await deliver('{"a":1}');
    await held.started(1);
    const running = await poll(id);
    expect(running.data).toMatchObject({
      status: "running",
      waiting: false,
      startedAt: "2026-01-01T00:00:01.500Z",
      finishedAt: null,
      attempt: 1,
      input: { a: 1 },
    });
    expect(running.data.steps).toMatchObject([
      { nodeId: "input", status: "completed", output: { a: 1 } },
      { nodeId: "llm", status: "running", output: null },
    ]);
    expect(running.headers.get("retry-after")).toBe("1");
    held.stopHolding();
    await app.pool.idle();
  });
});

describe("an execution that has ended", () => {
  test("has output, steps, tokens and times", async () => {
    const { app, held, agent, deliver, poll } = await createHeldApp();
    const id = await deliver('{"a":1}');
    await held.started(1);
    app.clock.advance(2500);
    held.stopHolding();
    await app.pool.idle();
    const ended = await poll(id);
    expect(ended.data).toMatchObject({
      id,
      agentId: agent.id,
      agentVersion: 1,
      trigger: "webhook",
      status: "completed",
      waiting: false,
      output: HELD_ANSWER,
      error: null,
      usage: HELD_USAGE,
      cost: null,
      startedAt: "2026-01-01T00:00:00.000Z",
      finishedAt: "2026-01-01T00:00:02.500Z",
      durationMs: 2500,
      attempt: 1,
      deliveryId: id.replace("exec_", "dlv_"),
      replayOf: null,
      calledBy: null,
    });
    expect(ended.data.steps).toMatchObject([
      { nodeId: "input", status: "completed", usage: null },
      {
        nodeId: "llm",
        status: "completed",
        usage: HELD_USAGE,
        model: { provider: "openai-compatible" },
      },
      { nodeId: "output", status: "completed", output: HELD_ANSWER },
    ]);
    expect(ended.headers.get("retry-after")).toBeNull();
  });

  test("that failed names code, sentence and node", async () => {
    const { app, held, deliver, poll } = await createHeldApp();
    const id = await deliver();
    await held.started(1);
    held.fail();
    await app.pool.idle();
    const { data } = await poll(id);
    expect(data).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "PROVIDER_UNREACHABLE", nodeId: "llm" },
    });
    expect(data.steps).toMatchObject([
      { nodeId: "input", status: "completed" },
      { nodeId: "llm", status: "failed", error: { code: "PROVIDER_UNREACHABLE" } },
    ]);
  });
});

describe("404 is the answer to a poll for", () => {
  test("an id of nobody, of no form, or of another kind", async () => {
    const { app, agent, held, deliver, poll } = await createHeldApp();
    const id = await deliver();
    held.stopHolding();
    await app.pool.idle();
    for (const wrong of [
      "exec_unknown",
      "x",
      id.replace("exec_", "dlv_"),
      id.toUpperCase(),
      `${id}0`,
      agent.id,
    ]) {
      expectAnswer(await poll(wrong), NOT_FOUND);
    }
  });

  test("an execution of another agent", async () => {
    const app = await createTestApp();
    const [one, two] = [await app.agent(), await app.agent()];
    const { data } = await app.deliver(one.id, '"private"');
    const foreign = await app.api(`GET /agents/${two.id}/executions/${data.executionId}`);
    expectAnswer(foreign, { ...NOT_FOUND, hides: ["private"] });
    expectAnswer(await app.api(`GET /agents/agt_x/executions/${data.executionId}`), NOT_FOUND);
  });
});
