// Sharing the event loop: who may go on in this turn, who waits, and in which order.

import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../src/lib/clock";
import { createLoopTurn } from "../../src/lib/loop-turn";
import { isSettled, nextTurn, passTurns } from "../support/turns";

/** How long one turn may be held, in milliseconds. */
const TURN_MS = 4;

describe("a turn", () => {
  test("may be gone on with while it is young", () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    expect(turn.pause()).toBeUndefined();
    clock.advance(TURN_MS - 1);
    expect(turn.pause()).toBeUndefined();
  });

  test("that was held for 4 ms is over for whoever asks, until a later one", async () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    void turn.pause();
    clock.advance(TURN_MS);
    const waiting = turn.pause();
    expect(waiting).toBeInstanceOf(Promise);
    let ran = false;
    void waiting?.then(() => (ran = true));
    await Promise.resolve();
    await Promise.resolve();
    expect(ran).toBe(false);
    await waiting;
    expect(ran).toBe(true);
  });

  test("starts anew where nothing held the last one for long", async () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    void turn.pause();
    clock.advance(TURN_MS - 1);
    await passTurns(2);
    clock.advance(TURN_MS - 1);
    expect(turn.pause()).toBeUndefined();
    clock.advance(TURN_MS - 1);
    expect(turn.pause()).toBeUndefined();
  });
});

describe("those that wait", () => {
  test("go on in the order in which they asked, as many as one turn holds", async () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    void turn.pause();
    clock.advance(TURN_MS);
    const order: number[] = [];
    const done = [1, 2, 3, 4].map(async (number) => {
      await turn.pause();
      order.push(number);
      clock.advance(TURN_MS / 2);
    });
    await nextTurn();
    expect(order).toEqual([1, 2]);
    await Promise.all(done);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test("come before those who ask later, although the turn is young again", async () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    void turn.pause();
    clock.advance(TURN_MS);
    const first = turn.pause();
    const second = turn.pause();
    const order: string[] = [];
    void first?.then(() => {
      order.push("first");
      const third = turn.pause();
      expect(third).toBeInstanceOf(Promise);
      return third?.then(() => order.push("third"));
    });
    await second?.then(() => order.push("second"));
    await passTurns(3);
    expect(order).toEqual(["first", "second", "third"]);
  });

  test("all go on in the end, and nothing stays scheduled", async () => {
    const clock = createManualClock();
    const turn = createLoopTurn({ clock });
    const waits = Array.from({ length: 100 }, async () => {
      for (let step = 0; step < 5; step += 1) {
        await turn.pause();
        clock.advance(1);
      }
    });
    expect(await isSettled(Promise.all(waits))).toBe(false);
    await Promise.all(waits);
    await passTurns(3);
    expect(turn.pause()).toBeUndefined();
  });
});
