// A lock that another process holds: waited for without stopping the loop, refused after 2 seconds.
// The writer's retry, every 10 ms, is driven by hand; turns of the loop are real.

import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { rejection } from "../support/rejection";
import { isSettled, nextTurn, passTurns } from "../support/turns";
import type { Writing } from "../support/writing";
import { countTo, createWriting } from "../support/writing";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const REFUSED = {
  code: "STORAGE_UNAVAILABLE",
  status: 503,
  headers: { "Retry-After": "5" },
};

/** Time passes on the writer's clock, and its next try falls due. */
async function pass(writing: Writing, ms: number): Promise<void> {
  writing.clock.advance(ms);
  jest.advanceTimersByTime(10);
  await nextTurn();
}

const lock = ({ other }: Writing): void => void other.run("begin immediate");
const unlock = ({ other }: Writing): void => void other.run("rollback");

describe("a lock that another process holds", () => {
  test("is waited for without stopping the loop, and reads go on meanwhile", async () => {
    using writing = createWriting();
    lock(writing);
    const written = writing.writer.write(() => writing.insert(1));
    const started = performance.now();
    for (const _try of countTo(20)) {
      await pass(writing, 10);
      expect(writing.db.raw.query("select count(*) from t").values()).toEqual([[0]]);
    }
    // Twenty tries together take less than the patience that one may have.
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await isSettled(written)).toBe(false);
    unlock(writing);
    await pass(writing, 10);
    expect(await isSettled(written)).toBe(true);
    expect(writing.committed()).toEqual([1]);
    expect(writing.log.lines).toEqual([]);
  });

  test("is waited for up to 2 seconds, then 503; afterwards writes succeed again", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    lock(writing);
    const refused = rejection(writer.write(() => insert(1)));
    await nextTurn();
    await pass(writing, 1_999);
    expect(await isSettled(refused)).toBe(false);
    await pass(writing, 1);
    expect(await refused).toMatchObject({ ...REFUSED, cause: { code: "SQLITE_BUSY" } });
    expect(writing.log.lines).toMatchObject([{ event: "database.commit_failed" }]);
    unlock(writing);
    await writer.write(() => insert(2));
    expect(writing.committed()).toEqual([2]);
  });

  test("refuses only those that have waited 2 seconds, and keeps the order of the others", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    lock(writing);
    const early = [1, 2].map((value) => rejection(writer.write(() => insert(value))));
    await nextTurn();
    await pass(writing, 1_500);
    const late = [3, 4, 5].map((value) => writer.write(() => insert(value)));
    await pass(writing, 500);
    for (const reason of await Promise.all(early)) expect(reason).toMatchObject(REFUSED);
    expect(await isSettled(Promise.race(late))).toBe(false);
    unlock(writing);
    await pass(writing, 10);
    await Promise.all(late);
    expect(writing.committed()).toEqual([3, 4, 5]);
    expect(writing.commits()).toBe(1);
  });
});

describe("a lock that another process holds", () => {
  test("counts no time that only the wall clock says has passed", async () => {
    using writing = createWriting();
    lock(writing);
    const written = writing.writer.write(() => writing.insert(1));
    await nextTurn();
    writing.clock.jumpWall(3_600_000);
    await pass(writing, 10);
    expect(await isSettled(written)).toBe(false);
    unlock(writing);
    await pass(writing, 10);
    await written;
  });

  test("holds up drained until what waits is answered", async () => {
    using writing = createWriting();
    lock(writing);
    const refused = rejection(writing.writer.write(() => writing.insert(1)));
    const drained = writing.writer.drained();
    await passTurns(3);
    expect(await isSettled(drained)).toBe(false);
    await pass(writing, 2_000);
    await Promise.all([refused, drained]);
    unlock(writing);
  });
});
