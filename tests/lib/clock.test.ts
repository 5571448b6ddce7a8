// The machine's clock, the one that tests move, and how times are written.

import { describe, expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import {
  createManualClock,
  systemClock,
  systemWait,
  toIso,
  toIsoOrNull,
} from "../../src/lib/clock";
import { rejection } from "../support/rejection";

describe("the manual clock", () => {
  test("stands until it is told to move", () => {
    const clock = createManualClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
  });

  test("moves both readings together", () => {
    const clock = createManualClock(1_000);
    clock.advance(250);
    clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_500, 500]);
  });

  test("jumps the wall time alone, ahead and back", () => {
    const clock = createManualClock(1_000);
    clock.jumpWall(3_600_000);
    expect([clock.now(), clock.monotonic()]).toEqual([3_601_000, 0]);
    clock.jumpWall(-3_600_500);
    expect([clock.now(), clock.monotonic()]).toEqual([500, 0]);
  });

  test("starts on the first day of 2026", () => {
    expect(toIso(createManualClock().now())).toBe("2026-01-01T00:00:00.000Z");
  });
});

test("the machine's clock reads epoch milliseconds, and durations that never run back", () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
  const readings = Array.from({ length: 1_000 }, () => systemClock.monotonic());
  expect(readings).toEqual(readings.toSorted((a, b) => a - b));
});

test("times are written in UTC with milliseconds, and a time that is not there as null", () => {
  expect(toIso(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(toIso(Date.UTC(2038, 0, 19, 3, 14, 8, 7))).toBe("2038-01-19T03:14:08.007Z");
  expect(toIsoOrNull(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(toIsoOrNull(null)).toBeNull();
});

describe("waiting", () => {
  test("ends after its milliseconds, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    const startedAt = systemClock.monotonic();
    await systemWait(20, signal);
    expect(systemClock.monotonic() - startedAt).toBeGreaterThanOrEqual(19);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("is broken off by the signal, with its reason", async () => {
    const reason = new Error("cancelled by the user");
    const controller = new AbortController();
    const waited = systemWait(60_000, controller.signal);
    controller.abort(reason);
    expect(await rejection(waited)).toBe(reason);
    expect(await rejection(systemWait(60_000, controller.signal))).toBe(reason);
  }, 1000);
});
