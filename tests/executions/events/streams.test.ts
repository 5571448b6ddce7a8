// Streams of events: what they tell, where they go on, and what they hold.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { createEventStreams } from "../../../src/executions/events/streams";
import type { ViewDeps } from "../../../src/executions/view";
import { condition, pipelineOf, transform } from "../../pipelines/fixtures";
import type { ReceivedEvent } from "../../support/events";
import { collectEvents, readEvents } from "../../support/events";
import { addAgent, uidOf } from "../../support/rows";
import { restart } from "../../support/restart";
import type { Slots } from "../../support/slots";
import { createSlots, heldPipeline, twoCallPipeline } from "../../support/slots";

const viewOf = (slots: Slots): ViewDeps => ({
  ...slots.deps,
  pool: slots.pool,
  readTokens: { make: () => "", check: () => false },
  readLinks: false,
});

function openAt(slots: Slots, data: { seq: number; lastEventId?: string }) {
  const { seq, lastEventId = null } = data;
  return createEventStreams(viewOf(slots)).open({ seq, uid: uidOf(seq), lastEventId });
}

const names = (events: { name: string; data: { nodeId?: string } }[]): string[] =>
  events.map(({ name, data }) =>
    [name, data.nodeId].filter((part) => part !== undefined).join(" "),
  );

/** An execution of two model calls, a second between its steps, that has ended. */
async function ended() {
  const slots = createSlots();
  const seq = slots.add(addAgent(slots.db, twoCallPipeline()), "hello");
  for (const call of [0, 1]) {
    await slots.models.untilCalls(call + 1);
    slots.clock.advance(1_000);
    await slots.models.echo(call);
  }
  await slots.pool.finished(seq);
  return { slots, seq };
}

const TWO_CALLS = [
  "execution.started",
  "step.started in",
  "step.started one",
  "step.completed in",
  "step.completed one",
  "step.started two",
  "step.completed two",
  "step.started out",
  "step.completed out",
  "execution.finished",
];

describe("an execution that has ended", () => {
  test("is told from its start to its end, and that is all", async () => {
    const { slots, seq } = await ended();
    const events = await collectEvents(openAt(slots, { seq }));
    expect(names(events)).toEqual(TWO_CALLS);
    expect(events[0]?.data).toMatchObject({ status: "running", finishedAt: null, usage: null });
    expect(events.at(-1)?.data).toMatchObject({ status: "completed", usage: { inputTokens: 6 } });
    expect(JSON.stringify(events)).not.toContain("hello");
  });

  test("is told from any event on, each of the later ones once", async () => {
    const { slots, seq } = await ended();
    const events = await collectEvents(openAt(slots, { seq }));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    for (const [index, { id }] of events.entries()) {
      const later = await collectEvents(openAt(slots, { seq, lastEventId: id }));
      expect(later).toEqual(events.slice(index + 1));
    }
  });

  test("is told the same after a restart", async () => {
    const { slots, seq } = await ended();
    const before = await collectEvents(openAt(slots, { seq }));
    const after = await restart(slots);
    expect(await collectEvents(openAt(after, { seq }))).toEqual(before);
  });

  test("has its failed and skipped steps told as such", async () => {
    const slots = createSlots();
    const pipeline = pipelineOf({
      nodes: [
        condition("if", "false"),
        transform("yes", "return 1"),
        transform("no", "if (input !== 1) throw new Error('x'); return 1"),
      ],
      edges: ["in>if", "if>yes:true", "if>no:false", "yes>out", "no>out"],
    });
    const seq = slots.add(addAgent(slots.db, pipeline));
    await slots.pool.finished(seq);
    const told = names(await collectEvents(openAt(slots, { seq })));
    expect(told).toContain("step.skipped yes");
    expect(told).toContain("step.failed no");
    expect(told.at(-1)).toBe("execution.finished");
  });
});

describe("an execution that runs", () => {
  test("is told as it goes, and the stream ends with it", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()), "hello");
    await slots.models.untilCalls(1);
    const events = readEvents(openAt(slots, { seq }));
    // Of a millisecond that is not over, more may come.
    slots.clock.advance(5);
    const first = [await events.next(), await events.next(), await events.next()];
    expect(first.map(({ value }) => value?.name)).toEqual([
      "execution.started",
      "step.started",
      "step.started",
    ]);
    await slots.models.echo(0);
    const rest: ReceivedEvent[] = [];
    for await (const event of events) rest.push(event);
    expect(names(rest)).toEqual([
      "step.completed in",
      "step.completed llm",
      "step.started out",
      "step.completed out",
      "execution.finished",
    ]);
  });

  test("is told of its end to all its readers", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    const both = [collectEvents(openAt(slots, { seq })), collectEvents(openAt(slots, { seq }))];
    await slots.models.echo(0);
    const [one, other] = await Promise.all(both);
    expect(one?.at(-1)?.name).toBe("execution.finished");
    expect(other).toEqual(one ?? []);
  });
});

describe("streams", () => {
  test("are at most 100 at once, and those that were left count no more", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    const streams = createEventStreams(viewOf(slots));
    const open = () => streams.open({ seq, uid: uidOf(seq), lastEventId: null });
    const all = Array.from({ length: 100 }, open);
    expect(open).toThrow(AppError);
    await all[0]?.cancel();
    await all[1]?.cancel();
    expect([open(), open()]).toHaveLength(2);
    expect(open).toThrow(AppError);
    streams.stop();
  });

  test("end when the server stops", async () => {
    const slots = createSlots();
    const seq = slots.add(addAgent(slots.db, heldPipeline()));
    await slots.models.untilCalls(1);
    const streams = createEventStreams(viewOf(slots));
    const events = collectEvents(streams.open({ seq, uid: uidOf(seq), lastEventId: null }));
    streams.stop();
    expect((await events).map(({ name }) => name)).not.toContain("execution.finished");
  });
});
