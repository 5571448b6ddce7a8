// Agents that call agents: rows, cancelling, caps, and what is left by a process that ended meanwhile.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { formatId } from "../../../src/lib/ids";
import type { Node, Pipeline } from "../../../src/pipelines/pipelines.schema";
import type { ExecutionState } from "../../../src/vocabulary";
import { CAPS, llm, loop, node, parallel, pipelineOf } from "../../pipelines/fixtures";
import { addAgent, agentIdOf, uidOf } from "../../support/rows";
import { restart } from "../../support/restart";
import type { Slots } from "../../support/slots";
import { createSlots, heldPipeline } from "../../support/slots";
import { passTurns } from "../../support/turns";

const calling = (agent: number, data: Node["data"] = {}): Node =>
  node({
    id: "sub",
    type: "sub_agent",
    data: { agentId: agentIdOf(agent), inputMapping: { asked: "{{input}}" }, ...data },
  });

/** input → another agent → output. */
const caller = (agent: number, data: Node["data"] = {}): Pipeline =>
  pipelineOf({
    nodes: [calling(agent, data)],
    edges: ["in>sub", "sub>out"],
    mapping: "{{nodes.sub.output}}",
  });

const called = (): Pipeline =>
  pipelineOf({
    nodes: [llm("llm", { providerId: "paid", userPromptTemplate: "{{input.asked}}?" })],
    edges: ["in>llm", "llm>out"],
    mapping: { said: "{{nodes.llm.output}}" },
  });

interface CalledRow {
  seq: number;
  agent: number;
  trigger: string;
  state: ExecutionState;
  attempt: number;
  error_code: string | null;
  caller: number;
}

/** Executions that others called, oldest first. */
const calledRows = ({ db }: Slots): CalledRow[] =>
  db.raw
    .query<CalledRow, []>(
      "select seq, agent, trigger, state, attempt, error_code, caller from executions where caller is not null order by seq",
    )
    .all();

const uidOfCalled = ({ db }: Slots): Uint8Array =>
  db.raw.query<{ uid: Uint8Array }, []>("select uid from executions where caller is not null").get()
    ?.uid ?? uidOf(0);

/** A slot with an agent that calls another, whose model is held. */
function createCalling(data: Node["data"] = {}) {
  const slots = createSlots({ slots: 1 });
  const inner = addAgent(slots.db, called());
  return { slots, inner, outer: addAgent(slots.db, caller(inner, data)) };
}

describe("a call of another agent", () => {
  test("is an execution of its own, in the caller's slot, whose output is the step's", async () => {
    const { slots, inner, outer } = createCalling();
    const seq = slots.add(outer, "who");
    const [held] = await slots.models.untilCalls(1);
    expect(held?.call.prompt).toBe("who?");
    expect(slots.pool.size()).toBe(1);
    expect(calledRows(slots)).toMatchObject([
      { agent: inner, trigger: "sub_agent", state: "running", attempt: 1, caller: seq },
    ]);
    held?.answer("me");
    await slots.pool.finished(seq);
    expect(calledRows(slots)).toMatchObject([{ state: "completed", error_code: null }]);
    expect(slots.row(seq)).toMatchObject({ state: "completed", inputTokens: 3, outputTokens: 2 });
    const { input, output } = slots.steps(seq).find((step) => step.nodeId === "sub") ?? {};
    expect(output).toEqual({ said: "me" });
    const executionId = formatId("exec", uidOfCalled(slots));
    expect(input).toEqual({ agentId: agentIdOf(inner), executionId, input: { asked: "who" } });
  });

  test("takes its input as a list of keys and values as well", async () => {
    const inputMapping = [{ key: "asked", value: "{{input}} there" }];
    const { slots, outer } = createCalling({ inputMapping });
    slots.add(outer, "who");
    const [held] = await slots.models.untilCalls(1);
    expect(held?.call.prompt).toBe("who there?");
  });

  test("that fails fails the step, with the execution that tells why", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer);
    (await slots.models.untilCalls(1))[0]?.fail(new AppError("PROVIDER_TIMEOUT"));
    await slots.pool.finished(seq);
    expect(calledRows(slots)).toMatchObject([{ state: "failed", error_code: "PROVIDER_TIMEOUT" }]);
    const executionId = formatId("exec", uidOfCalled(slots));
    expect(slots.row(seq)).toMatchObject({
      state: "failed",
      errorCode: "SUB_AGENT_FAILED",
      errorMessage: `The other agent's execution ${executionId} ended as failed.`,
      errorNode: "sub",
    });
  });

  test("is cancelled with its caller, and can be cancelled alone", async () => {
    const { slots, outer } = createCalling();
    const first = slots.add(outer);
    const [held] = await slots.models.untilCalls(1);
    await slots.pool.cancel({ seq: first, uid: uidOf(first) });
    expect(held?.call.signal.aborted).toBe(true);
    await slots.pool.idle();
    expect([slots.row(first).state, calledRows(slots)[0]?.state]).toEqual([
      "cancelled",
      "cancelled",
    ]);
    const second = slots.add(outer);
    await slots.models.untilCalls(2);
    const [, row] = calledRows(slots);
    const uid = slots.db.raw
      .query<{ uid: Uint8Array }, [number]>("select uid from executions where seq = ?")
      .get(row?.seq ?? 0)?.uid;
    await slots.pool.cancel({ seq: row?.seq ?? 0, uid: uid ?? uidOf(0) });
    await slots.pool.finished(second);
    expect(slots.row(second)).toMatchObject({ state: "failed", errorCode: "SUB_AGENT_FAILED" });
    expect(calledRows(slots)[1]?.state).toBe("cancelled");
  });

  test("that was cancelled on disk before it could be aborted gives nothing", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer);
    await slots.models.untilCalls(1);
    slots.db.raw.run(
      "update executions set state = 'cancelled', finished_at = created_at where caller is not null",
    );
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "SUB_AGENT_FAILED" });
    expect(slots.row(seq).errorMessage).toEndWith("ended as cancelled.");
  });

  test("is seen while it runs", async () => {
    const { slots, outer } = createCalling();
    slots.add(outer);
    await slots.models.untilCalls(1);
    const [row] = calledRows(slots);
    const live = slots.pool.liveOf(row?.seq ?? 0);
    expect(live?.steps.map((step) => `${step.nodeId} ${step.status}`)).toEqual([
      "in completed",
      "llm running",
    ]);
  });

  test.each([
    ["is there no more", "update agents set deleted_at = 1 where seq = 1", "SUB_AGENT_UNAVAILABLE"],
    [
      "was switched off",
      "update agents set status = 'inactive' where seq = 1",
      "SUB_AGENT_UNAVAILABLE",
    ],
  ])("fails where the agent %s", async (_, sql, code) => {
    const { slots, outer } = createCalling();
    slots.db.raw.run(sql);
    const seq = slots.add(outer);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: code, errorNode: "sub" });
    expect(calledRows(slots)).toEqual([]);
  });

  test("with an input that does not fit starts nothing", async () => {
    const slots = createSlots();
    const strict = pipelineOf({ edges: ["in>out"], schema: { required: ["missing"] } });
    const seq = slots.add(addAgent(slots.db, caller(addAgent(slots.db, strict))));
    await slots.pool.finished(seq);
    expect(slots.row(seq).errorCode).toBe("SUB_AGENT_INPUT_INVALID");
    expect(calledRows(slots)).toEqual([]);
  });

  test("that leads back to an agent above it fails, though both were saved before", async () => {
    const slots = createSlots();
    // Agents 1 and 2 call each other.
    addAgent(slots.db, caller(2));
    addAgent(slots.db, caller(1));
    const seq = slots.add(1);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "SUB_AGENT_FAILED" });
    expect(calledRows(slots)).toMatchObject([{ agent: 2, error_code: "SUB_AGENT_NESTING" }]);
  });

  test("goes five calls deep and no further", async () => {
    const slots = createSlots();
    for (let agent = 1; agent <= 6; agent += 1) addAgent(slots.db, caller(agent + 1));
    addAgent(slots.db, pipelineOf({ edges: ["in>out"] }));
    const deep = slots.add(2);
    await slots.pool.finished(deep);
    expect(slots.row(deep).state).toBe("completed");
    const deeper = slots.add(1);
    await slots.pool.finished(deeper);
    expect(slots.row(deeper).state).toBe("failed");
    expect(calledRows(slots).filter((row) => row.error_code === "SUB_AGENT_NESTING")).toMatchObject(
      [{ agent: 6 }],
    );
  });

  test("counts against its caller's caps", async () => {
    const slots = createSlots({ caps: { ...CAPS, modelCalls: 2 } });
    const inner = addAgent(slots.db, called());
    const each = pipelineOf({
      nodes: [loop("each", "{{input}}"), calling(inner)],
      edges: ["in>each", "each>sub", "each>out:done"],
    });
    const seq = slots.add(addAgent(slots.db, each), [1, 2, 3]);
    await slots.models.echo(0);
    await slots.models.echo(1);
    await slots.pool.finished(seq);
    expect(slots.row(seq)).toMatchObject({ state: "failed", errorCode: "SUB_AGENT_FAILED" });
    expect(calledRows(slots).map((row) => row.error_code)).toEqual([
      null,
      null,
      "MODEL_CALL_LIMIT",
    ]);
    expect(slots.models.calls).toHaveLength(2);
  });

  test("is one for each iteration and branch, also side by side", async () => {
    const slots = createSlots();
    const inner = addAgent(slots.db, called());
    const pipeline = pipelineOf({
      nodes: [
        parallel("both", ["sub", "other"]),
        calling(inner),
        { ...calling(inner), id: "other" },
      ],
      edges: ["in>both", "both>sub", "both>other", "sub>out", "other>out"],
      mapping: "{{nodes.both.output}}",
    });
    const seq = slots.add(addAgent(slots.db, pipeline), "x");
    const calls = await slots.models.untilCalls(2);
    calls[1]?.answer("second");
    calls[0]?.answer("first");
    await slots.pool.finished(seq);
    expect(slots.steps(seq).find((step) => step.nodeId === "both")?.output).toEqual([
      { said: "first" },
      { said: "second" },
    ]);
    expect(calledRows(slots)).toHaveLength(2);
  });
});

describe("a process that ended in the middle of a call", () => {
  test("leaves an execution that goes on within its caller, and calls nothing twice", async () => {
    const slots = createSlots();
    const twoCalls = pipelineOf({
      nodes: [
        llm("one", { providerId: "paid" }),
        llm("two", { providerId: "paid", userPromptTemplate: "{{nodes.one.output}}!" }),
      ],
      edges: ["in>one", "one>two", "two>out"],
      mapping: "{{nodes.two.output}}",
    });
    const inner = addAgent(slots.db, twoCalls);
    const seq = slots.add(addAgent(slots.db, caller(inner, { inputMapping: {} })));
    (await slots.models.untilCalls(1))[0]?.answer("first answer");
    const [, cut] = await slots.models.untilCalls(2);
    const after = await restart(slots);
    expect(after.found).toEqual({ resumed: 1, givenUp: 0 });
    const [only] = await after.models.untilCalls(1);
    expect(only?.call.prompt).toBe("first answer!");
    expect(only?.call.idempotencyKey).toBe(cut?.call.idempotencyKey ?? "none");
    await after.models.echo(0);
    await after.pool.finished(seq);
    expect(after.row(seq).state).toBe("completed");
    expect(calledRows(after)).toMatchObject([{ state: "completed", attempt: 2 }]);
  });

  test("counts what a called execution recorded as progress of the one in the slot", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer, "x");
    await slots.models.untilCalls(1);
    const second = await restart(slots);
    await second.models.untilCalls(1);
    expect(second.row(seq).recoveries).toBe(1);
    (await second.models.untilCalls(1))[0]?.answer("done");
    await second.pool.finished(seq);
    expect(second.row(seq)).toMatchObject({ state: "completed", recoveries: 0 });
  });

  test("may have ended between the call's end and its caller's record of it", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer, "x");
    (await slots.models.untilCalls(1))[0]?.answer("me");
    await slots.pool.finished(seq);
    // As if the caller's own record had not reached the disk.
    slots.db.raw.run("delete from journal where execution = ?", [seq]);
    slots.db.raw.run("update executions set state = 'running', finished_at = null where seq = ?", [
      seq,
    ]);
    const after = await restart(slots);
    await after.pool.finished(seq);
    expect(after.row(seq)).toMatchObject({ state: "completed", inputTokens: 3 });
    expect(after.steps(seq).find((step) => step.nodeId === "sub")?.output).toEqual({ said: "me" });
    expect(after.models.calls).toHaveLength(0);
    expect(calledRows(after)).toHaveLength(1);
  });

  test("leaves nothing open where the caller does not call again", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer, "x");
    await slots.models.untilCalls(1);
    slots.db.raw.run("update executions set recoveries = 3 where seq = ?", [seq]);
    const after = await restart(slots);
    expect(after.found).toEqual({ resumed: 0, givenUp: 1 });
    expect(calledRows(after)).toMatchObject([{ state: "cancelled" }]);
  });

  test("leaves nothing open where the caller's end alone was recorded", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer, "x");
    await slots.models.untilCalls(1);
    slots.db.raw.run(
      "update executions set state = 'cancelled', finished_at = created_at where seq = ?",
      [seq],
    );
    const after = await restart(slots);
    expect(calledRows(after)).toMatchObject([{ state: "cancelled" }]);
    expect(after.models.calls).toHaveLength(0);
  });

  test("leaves an execution that its waiting caller takes along when it is cancelled", async () => {
    const { slots, outer } = createCalling();
    const seq = slots.add(outer, "x");
    await slots.models.untilCalls(1);
    await slots.pool.stop(0);
    expect([slots.row(seq).state, calledRows(slots)[0]?.state]).toEqual(["waiting", "running"]);
    const after = createSlots({ db: slots.db });
    await after.pool.cancel({ seq, uid: uidOf(seq) });
    expect(calledRows(after)).toMatchObject([{ state: "cancelled" }]);
  });
});

test("a call does not wait for a slot, though its caller holds the only one", async () => {
  const { slots, outer } = createCalling();
  const first = slots.add(outer, "a");
  const second = slots.add(addAgent(slots.db, heldPipeline()), "b");
  await slots.models.untilCalls(1);
  await passTurns(3);
  expect(slots.models.calls).toHaveLength(1);
  await slots.models.echo(0);
  await slots.models.echo(1);
  await Promise.all([slots.pool.finished(first), slots.pool.finished(second)]);
  expect([slots.row(first).state, slots.row(second).state]).toEqual(["completed", "completed"]);
});
