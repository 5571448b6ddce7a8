// Requests of one key enter one after the other, in their order; those of other keys are not held up.

import { expect, test } from "bun:test";
import { createAttempts } from "../../src/auth/attempts";
import { isSettled } from "../support/turns";

test("those of one name enter one at a time, in their order", async () => {
  const attempts = createAttempts();
  const entered: number[] = [];
  const under = async (number: number): Promise<() => void> => {
    const leave = await attempts.enter("a");
    entered.push(number);
    return leave;
  };
  const waiting = [1, 2, 3].map(under);
  for (const count of [1, 2, 3]) {
    const leave = await waiting[count - 1];
    const next = waiting[count];
    if (next !== undefined) expect(await isSettled(next)).toBe(false);
    expect(entered).toHaveLength(count);
    leave?.();
  }
  expect(entered).toEqual([1, 2, 3]);
});

test("those of other names do not wait", async () => {
  const attempts = createAttempts();
  await attempts.enter("a");
  expect(await isSettled(attempts.enter("b"))).toBe(true);
  expect(await isSettled(attempts.enter("a"))).toBe(false);
});

test("one that enters after all have left does not wait", async () => {
  const attempts = createAttempts();
  (await attempts.enter("a"))();
  expect(await isSettled(attempts.enter("a"))).toBe(true);
});
