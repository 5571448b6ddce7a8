// Answers that wait for an end: what ends a wait, and how many there may be.

import { describe, expect, test } from "bun:test";
import { createWaits, MAX_WAITS } from "../../src/executions/waits";
import { addAgent } from "../support/rows";
import { createSlots, heldPipeline } from "../support/slots";
import { isSettled } from "../support/turns";

const LONG_SECONDS = 60;

/** An execution that runs until its model is told to answer, and waits for its end. */
async function createWaiting() {
  const slots = createSlots();
  const seq = slots.add(addAgent(slots.db, heldPipeline()));
  await slots.models.untilCalls(1);
  const waits = createWaits(slots);
  const client = new AbortController();
  const wait = (seconds = LONG_SECONDS): Promise<void> => {
    const request = new Request("http://localhost/", { signal: client.signal });
    return waits.untilEnd({ seq, seconds, request, server: null });
  };
  return { slots, seq, waits, client, wait };
}

describe("a wait", () => {
  test("is over when the end is on disk, and not before", async () => {
    const { slots, seq, wait } = await createWaiting();
    const over = wait().then(() => slots.row(seq).state);
    expect(await isSettled(over)).toBe(false);
    await slots.models.echo(0);
    expect(await over).toBe("completed");
  });

  test("is over at once for what has ended", async () => {
    const { slots, seq, wait } = await createWaiting();
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    expect(await isSettled(wait())).toBe(true);
  });

  test("is over after its seconds, and the execution goes on", async () => {
    const { slots, seq, wait } = await createWaiting();
    await wait(0.01);
    expect(slots.row(seq).state).toBe("running");
    expect(slots.models.open()).toBe(1);
  });

  test("is over when its client goes away, and the execution goes on", async () => {
    const { slots, client, wait } = await createWaiting();
    const over = wait();
    client.abort();
    expect(await isSettled(over)).toBe(true);
    expect(await isSettled(wait())).toBe(true);
    expect(slots.models.open()).toBe(1);
  });

  test("is over when the server stops, and none begins from then on", async () => {
    const { slots, waits, wait } = await createWaiting();
    const over = [wait(), wait()];
    waits.stop();
    expect(await isSettled(Promise.all(over))).toBe(true);
    expect(await isSettled(wait())).toBe(true);
    expect(slots.models.open()).toBe(1);
  });

  test("is over when its execution is cancelled", async () => {
    const { slots, seq, wait } = await createWaiting();
    const over = wait().then(() => slots.row(seq).state);
    await slots.pool.cancel(slots.row(seq));
    expect(await over).toBe("cancelled");
  });

  test("asks the server to leave the connection open for longer than itself", async () => {
    const { slots, seq, waits } = await createWaiting();
    const asked: number[] = [];
    const request = new Request("http://localhost/");
    const server = { timeout: (_: Request, seconds: number) => void asked.push(seconds) };
    const over = waits.untilEnd({ seq, seconds: 60, request, server });
    await slots.models.echo(0);
    await over;
    expect(asked).toEqual([70]);
  });
});

describe("of many waits", () => {
  test("500 wait at once, and the next does not wait at all", async () => {
    const { slots, wait } = await createWaiting();
    const over = Promise.all(Array.from({ length: MAX_WAITS }, () => wait()));
    expect(MAX_WAITS).toBe(500);
    expect(await isSettled(wait())).toBe(true);
    expect(await isSettled(over)).toBe(false);
    await slots.models.echo(0);
    await over;
  });

  test("each that is over makes room for another", async () => {
    const { slots, client, wait } = await createWaiting();
    const gone = Promise.all(Array.from({ length: MAX_WAITS - 1 }, () => wait()));
    await wait(0.01);
    const last = wait();
    expect(await isSettled(last)).toBe(false);
    client.abort();
    await Promise.all([gone, last]);
    await slots.models.echo(0);
  });
});
