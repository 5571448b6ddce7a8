// One execution from its start to the commit of its end: results, failures, time limits, places.

import { afterEach, describe, expect, jest, test } from "bun:test";
import { AppError, ERRORS } from "../../../src/errors";
import { loadRecorded } from "../../../src/executions/journal/journal";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { ProviderError } from "../../../src/providers/model";
import { addAgent, addDelivery, addExecution, executionIdOf, uidOf } from "../../support/rows";
import { createSlots, heldPipeline, twoCallPipeline, waitingRow } from "../../support/slots";
import { passTurns } from "../../support/turns";

afterEach(() => void jest.useRealTimers());

/** Steps on disk as `node status`. */
const stepsOf = (slots: ReturnType<typeof createSlots>, seq: number): string[] =>
  readJournal({ db: slots.db }, seq)
    .entries.filter((entry) => entry.kind === "steps")
    .flatMap((entry) => entry.record as { nodeId: string; status?: string }[])
    .map(({ nodeId, status = "completed" }) => `${nodeId} ${status}`);

describe("an execution", () => {
  test("ends completed with times, tokens and its steps", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()), "hello");
    await slots.models.untilCalls(1);
    slots.clock.advance(1_000);
    await slots.models.echo(0);
    const [, second] = await slots.models.untilCalls(2);
    expect(second?.call.prompt).toBe("hello!");
    slots.clock.advance(500);
    await slots.models.echo(1);
    await slots.pool.finished(seq);
    const startedAt = slots.clock.now() - 1_500;
    expect(slots.row(seq)).toMatchObject({
      state: "completed",
      startedAt,
      finishedAt: startedAt + 1_500,
      attempt: 1,
      errorCode: null,
      inputTokens: 6,
      outputTokens: 4,
      cachedTokens: 2,
    });
    expect(stepsOf(slots, seq)).toEqual([
      "in completed",
      "one completed",
      "two completed",
      "out completed",
    ]);
    expect(slots.ends).toEqual([{ agent: 1, durationMs: 1_500 }]);
  });

  test("ends failed with the code, the sentence and the node of a model's failure", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    const [held] = await slots.models.untilCalls(1);
    held?.fail(new ProviderError("PROVIDER_STREAM_CUT", { partialText: "half of" }));
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({
      state: "failed",
      errorCode: "PROVIDER_STREAM_CUT",
      errorMessage: ERRORS.PROVIDER_STREAM_CUT.message,
      errorNode: "llm",
    });
    expect(stepsOf(slots, seq)).toEqual(["in completed", "llm failed"]);
    const { recorded } = loadRecorded({ db: slots.db }, { execution: seq, input: "hello" });
    expect(recorded.effects.get("llm//0")?.error?.code).toBe("PROVIDER_STREAM_CUT");
  });
});

describe("an execution", () => {
  test("never ends before it started, although the machine's clock was set back", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    slots.clock.jumpWall(-3_600_000);
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    const { startedAt, finishedAt } = slots.row(seq);
    expect(finishedAt).toBe(startedAt);
    expect(slots.ends).toEqual([{ agent: 1, durationMs: 0 }]);
  });

  test("carries its id, node and call number to the model as idempotency key", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, twoCallPipeline()));
    await slots.models.echo(0);
    await slots.models.echo(1);
    await slots.pool.finished(seq);
    expect(slots.models.calls.map(({ call }) => call.idempotencyKey)).toEqual([
      `${executionIdOf(seq)}/one//0`,
      `${executionIdOf(seq)}/two//0`,
    ]);
  });
});

describe("the time limit", () => {
  test("ends it as timed_out with EXECUTION_TIMEOUT, aborts its call and frees its slot", async () => {
    jest.useFakeTimers();
    const slots = createSlots({ slots: 1, executionTimeoutMs: 5_000 });
    const agent = addAgent(slots.db, heldPipeline());
    const [first, second] = [slots.add(agent), slots.add(agent)];
    const [held] = await slots.models.untilCalls(1);
    jest.advanceTimersByTime(4_999);
    await passTurns(3);
    expect(held?.call.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    await slots.pool.finished(first);
    expect(held?.call.signal.aborted).toBe(true);
    expect(slots.row(first)).toMatchObject({
      state: "timed_out",
      errorCode: "EXECUTION_TIMEOUT",
      errorMessage: ERRORS.EXECUTION_TIMEOUT.message,
      errorNode: null,
    });
    expect(stepsOf(slots, first)).toEqual(["in completed", "llm cancelled"]);
    await slots.models.echo(1);
    await slots.pool.finished(second);
    expect(slots.row(second).state).toBe("completed");
  });

  test("counts from the slot, not from the accept", async () => {
    jest.useFakeTimers();
    const slots = createSlots({ slots: 1, executionTimeoutMs: 5_000 });
    const agent = addAgent(slots.db, heldPipeline());
    const [, second] = [slots.add(agent), slots.add(agent)];
    await slots.models.untilCalls(1);
    jest.advanceTimersByTime(4_000);
    await slots.models.echo(0);
    await slots.models.untilCalls(2);
    jest.advanceTimersByTime(4_000);
    await slots.models.echo(1);
    await slots.pool.finished(second);
    expect(slots.row(second).state).toBe("completed");
  });

  test("counts for nothing once it has ended", async () => {
    jest.useFakeTimers();
    const slots = createSlots({ executionTimeoutMs: 5_000 });
    const seq = slots.add(addAgent(slots.db));
    await slots.pool.finished(seq);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(10_000);
    await passTurns(3);
    expect(slots.row(seq).state).toBe("completed");
  });
});

describe("an unexpected error", () => {
  test("of a model fails the execution with EXECUTION_FAILED, is logged, and shows nothing", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db, heldPipeline());
    const seq = slots.add(agent);
    (await slots.models.untilCalls(1))[0]?.fail(new TypeError("internal detail"));
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({
      state: "failed",
      errorCode: "EXECUTION_FAILED",
      errorMessage: ERRORS.EXECUTION_FAILED.message,
    });
    expect(slots.log.lines).toMatchObject([
      {
        event: "execution.broken",
        fields: { executionId: executionIdOf(seq), error: "TypeError: internal detail" },
      },
    ]);
    const next = slots.add(agent);
    await slots.models.echo(1);
    await slots.pool.finished(next);
    expect(slots.row(next).state).toBe("completed");
  });

  test("of a stored version that cannot be read fails the execution, not the server", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db);
    slots.db.raw.run("update agent_versions set pipeline = '{torn'");
    const seq = slots.add(agent);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "EXECUTION_FAILED" });
    expect(slots.log.events()).toEqual(["execution.broken"]);
  });

  test("of a stored input that cannot be read fails the execution, not the server", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db);
    const seq = addExecution(slots.db, { seq: 1, agent });
    slots.db.raw.run("update payloads set packed = 1, body = x'00112233'");
    slots.pool.offer(waitingRow(seq, agent));
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "EXECUTION_FAILED" });
    const next = addExecution(slots.db, { seq: 2, agent });
    slots.pool.offer(waitingRow(next, agent));
    await slots.pool.finished(next);
    expect(slots.row(next).state).toBe("completed");
  });

  test("of a version that is gone, or not for this program, is PIPELINE_INVALID", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db);
    slots.db.raw.run("delete from agent_versions");
    const seq = slots.add(agent);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "PIPELINE_INVALID" });
    expect(slots.ends).toHaveLength(1);
  });
});

describe("the place in the webhook's limit", () => {
  test("is freed once, with the end, by executions of deliveries alone", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db);
    const manual = slots.add(agent);
    addDelivery(slots.db, { seq: 9, agent, verdict: "accepted", gate: null, reason: null });
    slots.db.raw.query("insert into payloads values (9, 0, ?)").run(Buffer.from('{"a":1}'));
    const row = {
      ...waitingRow(9, agent),
      uid: uidOf(9),
      trigger: "webhook",
      delivery: 9,
    } as const;
    addExecution(slots.db, { seq: 9, agent, trigger: "webhook", delivery: 9 });
    slots.pool.offer(row);
    await Promise.all([slots.pool.finished(manual), slots.pool.finished(9)]);
    expect(slots.row(9).state).toBe("completed");
    expect(slots.released).toEqual([agent]);
  });

  test("is freed also where the model fails", async () => {
    const slots = createSlots();
    const agent = addAgent(slots.db, heldPipeline());
    addDelivery(slots.db, { seq: 9, agent, verdict: "accepted", gate: null, reason: null });
    addExecution(slots.db, { seq: 9, agent, trigger: "webhook", delivery: 9 });
    slots.pool.offer({ ...waitingRow(9, agent), trigger: "webhook", delivery: 9 });
    (await slots.models.untilCalls(1))[0]?.fail(new AppError("PROVIDER_UNREACHABLE"));
    await slots.pool.finished(9);
    expect(slots.row(9).state).toBe("failed");
    expect(slots.released).toEqual([agent]);
  });
});
