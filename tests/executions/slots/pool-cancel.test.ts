// Cancelling: what waits never starts, what runs is aborted, and of two ends exactly one is written.

import { describe, expect, test } from "bun:test";
import { createWriter } from "../../../src/db/writer";
import { createFreshInputs } from "../../../src/executions/input";
import { readJournal } from "../../../src/executions/journal/journal.store";
import { createManualClock } from "../../../src/lib/clock";
import { silentLog } from "../../../src/lib/log";
import { createTestDb } from "../../support/app";
import { createGatedWriter } from "../../support/gated-writer";
import { rejection } from "../../support/rejection";
import { addAgent, uidOf } from "../../support/rows";
import type { SlotOptions, Slots } from "../../support/slots";
import { createSlots, heldPipeline } from "../../support/slots";
import { isSettled, passTurns } from "../../support/turns";

/** Slots whose writes the test may hold back, and an agent whose model is held. */
function createGated(options: SlotOptions = {}) {
  const db = createTestDb();
  const writer = createGatedWriter(
    createWriter({ db, clock: createManualClock(), log: silentLog }),
  );
  const slots = createSlots({ db, writer, slots: 1, ...options });
  return { slots, writer, agent: addAgent(db, heldPipeline()) };
}

const cancel = (slots: Slots, seq: number): Promise<void> =>
  slots.pool.cancel({ seq, uid: uidOf(seq) });

describe("an execution that waits", () => {
  test("is cancelled at once, never starts, and the next one takes its turn", async () => {
    const { slots, agent } = createGated();
    const [running, waiting, next] = [1, 2, 3].map(() => slots.addDelivered(agent));
    await slots.models.untilCalls(1);
    await cancel(slots, waiting ?? 0);
    expect(slots.row(waiting ?? 0)).toMatchObject({
      state: "cancelled",
      startedAt: null,
      finishedAt: slots.clock.now(),
      attempt: 0,
      errorCode: null,
    });
    expect(slots.released).toEqual([agent]);
    await slots.models.echo(0);
    await slots.models.echo(1);
    await slots.pool.idle();
    expect([running, next].map((seq) => slots.row(seq ?? 0).state)).toEqual([
      "completed",
      "completed",
    ]);
    expect(slots.models.calls).toHaveLength(2);
    expect(slots.released).toEqual([agent, agent, agent]);
  });

  test("lets go of its input, and tells whoever waits for its end", async () => {
    const freshInputs = createFreshInputs();
    const { slots, agent } = createGated({ freshInputs });
    slots.add(agent);
    const seq = slots.add(agent);
    const trigger = {
      type: "manual",
      headers: {},
      query: {},
      event: null,
      deliveryId: null,
    } as const;
    freshInputs.keep({ seq, size: 1, value: { input: 1, trigger } });
    const finished = slots.pool.finished(seq);
    expect(await isSettled(finished)).toBe(false);
    await cancel(slots, seq);
    expect(await isSettled(finished)).toBe(true);
    expect(freshInputs.take(seq)).toBeUndefined();
  });

  test("still waits, and runs, where that cannot be stored", async () => {
    const { slots, writer, agent } = createGated();
    slots.add(agent);
    const seq = slots.add(agent);
    await slots.models.untilCalls(1);
    writer.refuse();
    expect(await rejection(cancel(slots, seq))).toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    writer.open();
    await slots.models.echo(0);
    await slots.models.echo(1);
    await slots.pool.idle();
    expect(slots.row(seq).state).toBe("completed");
  });

  test("frees no place where it came by hand", async () => {
    const { slots, agent } = createGated();
    slots.add(agent);
    await cancel(slots, slots.add(agent));
    expect(slots.released).toEqual([]);
  });
});

describe("an execution that runs", () => {
  test("is aborted at once; its end follows with the step that was cut", async () => {
    const { slots, agent } = createGated();
    const seq = slots.addDelivered(agent);
    const [held] = await slots.models.untilCalls(1);
    slots.clock.advance(700);
    const cancelled = cancel(slots, seq);
    expect(held?.call.signal.aborted).toBe(true);
    await cancelled;
    expect(slots.row(seq)).toMatchObject({
      state: "cancelled",
      startedAt: slots.clock.now() - 700,
      finishedAt: slots.clock.now(),
      attempt: 1,
      errorCode: null,
    });
    const { entries } = readJournal({ db: slots.db }, seq);
    expect(entries.at(-1)).toMatchObject({
      kind: "steps",
      record: [{ nodeId: "llm", status: "cancelled" }],
    });
    expect(slots.pool.size()).toBe(0);
    expect(slots.released).toEqual([agent]);
  });

  test("gives its slot to the next", async () => {
    const { slots, agent } = createGated();
    const [first, second] = [slots.add(agent), slots.add(agent)];
    await slots.models.untilCalls(1);
    await cancel(slots, first);
    await slots.models.echo(1);
    await slots.pool.finished(second);
    expect(slots.row(second).state).toBe("completed");
  });

  test("is cancelled once by all that ask", async () => {
    const { slots, agent } = createGated();
    const seq = slots.addDelivered(agent);
    await slots.models.untilCalls(1);
    await Promise.all([cancel(slots, seq), cancel(slots, seq), cancel(slots, seq)]);
    expect(slots.row(seq).state).toBe("cancelled");
    expect(slots.released).toEqual([agent]);
  });
});

describe("of a cancellation and an end of its own", () => {
  test("the end wins that is on its way to the disk, and the cancellation waits for it", async () => {
    const { slots, writer } = createGated();
    const agent = addAgent(slots.db);
    writer.close();
    const seq = slots.addDelivered(agent);
    await passTurns(5);
    expect(slots.pool.size()).toBe(0);
    const cancelled = cancel(slots, seq);
    expect(await isSettled(cancelled)).toBe(false);
    writer.open();
    await cancelled;
    expect(slots.row(seq)).toMatchObject({ state: "completed", errorCode: null });
    expect(slots.released).toEqual([agent]);
  });

  test("the cancellation wins over an answer that is still to be recorded", async () => {
    const { slots, writer, agent } = createGated();
    const seq = slots.addDelivered(agent);
    await slots.models.untilCalls(1);
    writer.close();
    await slots.models.echo(0);
    await passTurns(3);
    const cancelled = cancel(slots, seq);
    writer.open();
    await cancelled;
    await slots.pool.idle();
    expect(slots.row(seq)).toMatchObject({ state: "cancelled" });
    expect(slots.released).toEqual([agent]);
  });

  test("exactly one is written, whenever the cancellation comes", async () => {
    const seen = new Set<string>();
    for (let turns = 0; turns < 12; turns += 1) {
      const { slots, agent } = createGated();
      const seq = slots.addDelivered(agent);
      const next = slots.addDelivered(agent);
      const ended = slots.models.echo(0);
      await passTurns(turns);
      await cancel(slots, seq);
      await ended.catch(() => undefined);
      const { state } = slots.row(seq);
      seen.add(state);
      expect(["completed", "cancelled"]).toContain(state);
      expect(slots.released).toEqual([agent]);
      await cancel(slots, next);
      await slots.pool.idle();
      expect(slots.released).toEqual([agent, agent]);
      expect(slots.pool.size()).toBe(0);
    }
    expect([...seen].toSorted((a, b) => a.localeCompare(b))).toEqual(["cancelled", "completed"]);
  });

  test("a start that comes before the cancellation is written does not escape it", async () => {
    const { slots, agent } = createGated();
    const seq = slots.addDelivered(agent);
    // It has its turn before the write has its own.
    const cancelled = cancel(slots, seq);
    await Promise.resolve();
    expect(slots.pool.size()).toBe(1);
    await cancelled;
    expect(slots.row(seq).state).toBe("cancelled");
    expect([slots.pool.size(), slots.models.open()]).toEqual([0, 0]);
    expect(slots.released).toEqual([agent]);
  });
});

describe("cancelling", () => {
  test("what has ended, or never was, changes nothing", async () => {
    const { slots, agent } = createGated();
    const seq = slots.addDelivered(agent);
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    const before = slots.row(seq);
    await cancel(slots, seq);
    await cancel(slots, 99);
    expect(slots.row(seq)).toEqual(before);
    expect(slots.released).toEqual([agent]);
  });

  test("what a stop has cut ends it all the same", async () => {
    const { slots, writer, agent } = createGated();
    const seq = slots.addDelivered(agent);
    await slots.models.untilCalls(1);
    writer.close();
    const stopped = slots.pool.stop(0);
    await passTurns(3);
    const cancelled = cancel(slots, seq);
    writer.open();
    await Promise.all([stopped, cancelled]);
    expect(slots.row(seq).state).toBe("cancelled");
    expect(slots.released).toEqual([agent]);
  });
});
