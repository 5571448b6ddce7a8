// One execution as it is read: by its state, by what a slot knows before the disk does, by a token.

import { describe, expect, test } from "bun:test";
import type { ViewDeps } from "../../src/executions/view";
import { viewExecution, viewResult } from "../../src/executions/view";
import { createReadTokens } from "../../src/auth/read-token";
import { rejection } from "../support/rejection";
import {
  addAgent,
  addDelivery,
  addExecution,
  agentIdOf,
  executionIdOf,
  uidOf,
} from "../support/rows";
import type { Slots } from "../support/slots";
import { createSlots, heldPipeline, twoCallPipeline, waitingRow } from "../support/slots";

const readTokens = createReadTokens("server-key");
const viewDepsOf = (slots: Slots): ViewDeps => ({
  ...slots.deps,
  pool: slots.pool,
  readTokens,
  readLinks: true,
});

const view = (slots: Slots, seq: number) =>
  viewExecution(viewDepsOf(slots), {
    agentId: agentIdOf(slots.row(seq).agent),
    id: executionIdOf(seq),
  });

const START = "2026-01-01T00:00:00.000Z";

describe("an execution", () => {
  test("that has no slot is running and waiting, without a start", () => {
    const slots = createSlots();
    addExecution(slots.db, { seq: 1, agent: addAgent(slots.db), input: { a: 1 } });
    expect(view(slots, 1)).toMatchObject({
      id: executionIdOf(1),
      agentId: agentIdOf(1),
      agentVersion: 1,
      trigger: "manual",
      status: "running",
      waiting: true,
      startedAt: null,
      finishedAt: null,
      durationMs: null,
      attempt: 0,
      input: { a: 1 },
      output: null,
      steps: [],
      error: null,
      usage: null,
      cost: null,
      deliveryId: null,
      replayOf: null,
      calledBy: null,
    });
  });

  test("in a slot shows its start and its steps as they are, recorded or not", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()), "hello");
    await slots.models.untilCalls(1);
    await slots.models.echo(0);
    await slots.models.untilCalls(2);
    const seen = view(slots, seq);
    expect(seen).toMatchObject({ status: "running", waiting: false, startedAt: START, attempt: 1 });
    expect(seen.steps.map((step) => [step.nodeId, step.status, step.output])).toEqual([
      ["in", "completed", "hello"],
      ["one", "completed", "hello"],
      ["two", "running", null],
    ]);
    expect(seen.steps[2]).toMatchObject({ startedAt: START, finishedAt: null });
    await slots.models.echo(1);
    await slots.pool.finished(seq);
  });
});

describe("an execution", () => {
  test("that has ended shows output, tokens, times and steps", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()), "hello");
    const [held] = await slots.models.untilCalls(1);
    slots.clock.advance(1_500);
    held?.answer("the answer");
    await slots.pool.finished(seq);
    const seen = view(slots, seq);
    expect(seen).toMatchObject({
      status: "completed",
      waiting: false,
      startedAt: START,
      finishedAt: "2026-01-01T00:00:01.500Z",
      durationMs: 1_500,
      output: "the answer",
      usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
      error: null,
    });
    expect(seen.steps.map((step) => step.nodeId)).toEqual(["in", "llm", "out"]);
    expect(seen.steps[1]?.model?.provider).toBe("openai-compatible");
  });

  test("that failed shows why and where, its steps, and no output", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    (await slots.models.untilCalls(1))[0]?.fail(new Error("hidden"));
    await slots.pool.finished(seq);
    const seen = view(slots, seq);
    expect(seen).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "EXECUTION_FAILED", nodeId: "llm" },
    });
    expect(seen.steps.map((step) => step.status)).toEqual(["completed", "failed"]);
    expect(JSON.stringify(seen)).not.toContain("hidden");
  });

  test("that was given up before it started again waits for nothing", () => {
    const slots = createSlots();
    addExecution(slots.db, { seq: 1, agent: addAgent(slots.db) });
    slots.db.raw.run(
      "update executions set state = 'failed', finished_at = 9, error_code = 'CRASH_LOOP', error_message = 'x'",
    );
    expect(view(slots, 1)).toMatchObject({
      status: "failed",
      waiting: false,
      startedAt: null,
      durationMs: null,
      error: { code: "CRASH_LOOP", message: "x", nodeId: null },
    });
  });
});

describe("an execution", () => {
  test("of a delivery names it and reads its input from the delivery's body", () => {
    const slots = createSlots();
    const agent = addAgent(slots.db);
    addDelivery(slots.db, {
      seq: 4,
      agent,
      verdict: "accepted",
      gate: null,
      reason: null,
      decoding: "payload",
    });
    const body = Buffer.from(`payload=${encodeURIComponent('{"zen":"é"}')}`);
    slots.db.raw.query("insert into payloads values (4, 0, ?)").run(body);
    addExecution(slots.db, { seq: 4, agent, trigger: "webhook", delivery: 4 });
    expect(view(slots, 4)).toMatchObject({
      deliveryId: executionIdOf(4).replace("exec", "dlv"),
      trigger: "webhook",
      input: { zen: "é" },
    });
  });

  test.each([
    ["another agent's", agentIdOf(2), executionIdOf(1)],
    ["of no such number", agentIdOf(1), executionIdOf(2)],
    ["of a malformed id", agentIdOf(1), "exec_1"],
    ["by a delivery's id", agentIdOf(1), executionIdOf(1).replace("exec", "dlv")],
  ])("%s is not found", async (_name, agentId, id) => {
    const slots = createSlots();
    addExecution(slots.db, { seq: 1, agent: addAgent(slots.db) });
    addAgent(slots.db);
    const seen = Promise.try(() => viewExecution(viewDepsOf(slots), { agentId, id }));
    expect(await rejection(seen)).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("the result for the token of a Location", () => {
  const createEnded = async (): Promise<Slots> => {
    const slots = createSlots();
    const agent = addAgent(slots.db, heldPipeline());
    addExecution(slots.db, { seq: 1, agent, input: "the secret input" });
    slots.pool.offer({ ...waitingRow(1, agent), uid: uidOf(1) });
    (await slots.models.untilCalls(1))[0]?.answer("the answer");
    await slots.pool.finished(1);
    return slots;
  };

  test("is id, status, output and the error's code, nothing of input and steps", async () => {
    const slots = await createEnded();
    const token = readTokens.make(executionIdOf(1), slots.clock.now());
    const ids = { agentId: agentIdOf(1), id: executionIdOf(1) };
    expect(viewResult(viewDepsOf(slots), { ...ids, token })).toEqual({
      id: executionIdOf(1),
      status: "completed",
      output: "the answer",
      error: null,
    });
    slots.db.raw.run(
      "update executions set state = 'failed', error_code = 'PROVIDER_ERROR', error_message = 'at 10.0.0.1'",
    );
    expect(viewResult(viewDepsOf(slots), { ...ids, token })).toEqual({
      id: executionIdOf(1),
      status: "failed",
      output: null,
      error: { code: "PROVIDER_ERROR" },
    });
  });

  test("is null for another's token, a made-up one, one that is over, and where links are off", async () => {
    const slots = await createEnded();
    const ids = { agentId: agentIdOf(1), id: executionIdOf(1) };
    const mine = readTokens.make(ids.id, slots.clock.now());
    const theirs = readTokens.make(executionIdOf(2), slots.clock.now());
    for (const token of [theirs, "a.b", ""]) {
      expect(viewResult(viewDepsOf(slots), { ...ids, token })).toBeNull();
    }
    expect(
      viewResult({ ...viewDepsOf(slots), readLinks: false }, { ...ids, token: mine }),
    ).toBeNull();
    slots.clock.advance(24 * 3_600_000);
    expect(viewResult(viewDepsOf(slots), { ...ids, token: mine })).toBeNull();
  });
});
