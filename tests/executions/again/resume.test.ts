// What becomes of an execution that a crash interrupted during a call that must not be made twice.

import { describe, expect, test } from "bun:test";
import { readJournal } from "../../../src/executions/journal/journal.store";
import type { Resume, ResumeDeps } from "../../../src/executions/again/resume";
import { resumeExecution } from "../../../src/executions/again/resume";
import type { ToolCall } from "../../../src/pipelines/record";
import { llm, node, pipelineOf } from "../../pipelines/fixtures";
import { addAgent, agentIdOf, executionIdOf } from "../../support/rows";
import { restart } from "../../support/restart";
import { createSlots } from "../../support/slots";
import type { Slots } from "../../support/slots";

/** input → a model → a tool → output. */
const sending = pipelineOf({
  nodes: [
    llm("llm", { providerId: "paid" }),
    node({
      id: "send",
      type: "tool_call",
      data: { toolId: "tool_post", parameterMapping: { text: "{{nodes.llm.output}}" } },
    }),
  ],
  edges: ["in>llm", "llm>send", "send>out"],
  mapping: "{{nodes.send.output}}",
});

/** Slots after a restart that found the tool's call under way, and the calls made since. */
async function interrupted(options: { delivered?: boolean; tightened?: boolean } = {}) {
  const begun = Promise.withResolvers<void>();
  const before = createSlots({
    callTool: () => {
      begun.resolve();
      return new Promise(() => undefined);
    },
  });
  const agent = addAgent(before.db, sending);
  const seq = options.delivered === true ? before.addDelivered(agent) : before.add(agent, "hello");
  await before.models.echo(0);
  await begun.promise;
  const calls: ToolCall[] = [];
  const released: number[] = [];
  const prepared = await restart(before, {
    callTool: async (call) => {
      calls.push(call);
      return { output: "sent", status: 200 };
    },
    releasePlace: (place) => void released.push(place),
    ...(options.tightened === true
      ? { allowedCallsOf: () => ({ toolIds: [], agentIds: [] }) }
      : {}),
  });
  await prepared.pool.finished(seq);
  const held: number[] = [];
  const deps: ResumeDeps = {
    ...prepared.deps,
    pool: prepared.pool,
    readTokens: { make: () => "", check: () => false },
    readLinks: false,
    holdPlace: (place) => void held.push(place),
  };
  const resume = (more: Partial<Resume>) =>
    resumeExecution(deps, {
      agentId: agentIdOf(agent),
      id: executionIdOf(seq),
      call: "again",
      result: null,
      ...more,
    });
  return { slots: prepared, seq, calls, held, released, resume };
}

const outputOf = (slots: Slots, seq: number) =>
  slots.steps(seq).findLast((step) => step.nodeId === "send")?.output;

test("a list that has grown tighter meanwhile changes nothing about a call that may have been made", async () => {
  const { slots, seq, calls, resume } = await interrupted({ delivered: true, tightened: true });
  expect(slots.row(seq)).toMatchObject({ state: "interrupted", errorCode: "EFFECT_UNKNOWN" });
  await resume({ call: "done", result: "arrived" });
  await slots.pool.finished(seq);
  expect(slots.row(seq).state).toBe("completed");
  expect(outputOf(slots, seq)).toBe("arrived");
  expect(calls).toEqual([]);
});

test("such a call leaves the execution interrupted, and is not made again", async () => {
  const { slots, seq, calls } = await interrupted();
  expect(slots.row(seq)).toMatchObject({
    state: "interrupted",
    errorCode: "EFFECT_UNKNOWN",
    errorNode: "send",
  });
  expect(calls).toEqual([]);
});

describe("resumed", () => {
  test("with again it makes the call under the same key, and nothing before it", async () => {
    const { slots, seq, calls, resume } = await interrupted();
    expect(await resume({})).toMatchObject({ status: "running", error: null });
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "completed", attempt: 3, errorCode: null });
    expect(calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      `${executionIdOf(seq)}/send//0`,
    ]);
    expect(outputOf(slots, seq)).toBe("sent");
    expect(slots.models.calls).toEqual([]);
  });

  test("with done it goes on with the result that is given, and calls nothing", async () => {
    const { slots, seq, calls, resume } = await interrupted();
    await resume({ call: "done", result: { id: 7 } });
    await slots.pool.finished(seq);
    expect(slots.row(seq).state).toBe("completed");
    expect(calls).toEqual([]);
    expect(outputOf(slots, seq)).toEqual({ id: 7 });
  });

  test("with discard it ends as cancelled", async () => {
    const { slots, seq, calls, resume } = await interrupted();
    expect(await resume({ call: "discard" })).toMatchObject({ status: "cancelled" });
    expect(slots.row(seq).finishedAt).not.toBeNull();
    await slots.pool.idle();
    expect(calls).toEqual([]);
  });

  test("holds its webhook's place again until it ends", async () => {
    const { slots, seq, held, released, resume } = await interrupted({ delivered: true });
    expect(released).toEqual([1]);
    await resume({});
    expect(held).toEqual([1]);
    await slots.pool.finished(seq);
    expect(released).toEqual([1, 1]);
  });

  test("twice, only the first counts", async () => {
    const { resume } = await interrupted();
    const settled = await Promise.allSettled([resume({ call: "discard" }), resume({})]);
    expect(settled.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(settled[1]).toMatchObject({ reason: { code: "EXECUTION_NOT_INTERRUPTED" } });
  });
});

test("an execution that has ended otherwise is not resumed", async () => {
  const { slots, seq, resume } = await interrupted();
  await resume({ call: "discard" });
  const entries = readJournal({ db: slots.db }, seq).entries.length;
  expect(resume({})).rejects.toMatchObject({ code: "EXECUTION_NOT_INTERRUPTED" });
  expect(readJournal({ db: slots.db }, seq).entries).toHaveLength(entries);
});
