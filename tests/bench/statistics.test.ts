// Figures from samples.

import { describe, expect, test } from "bun:test";
import { median, percentile } from "../../bench/statistics";

describe("a percentile", () => {
  test("is the sample that its share of all does not exceed", () => {
    const samples = Array.from({ length: 1_000 }, (_, at) => 1_000 - at);
    expect(percentile(samples, 0.5)).toBe(500);
    expect(percentile(samples, 0.99)).toBe(990);
    expect(percentile(samples, 0.999)).toBe(999);
    expect(percentile(samples, 1)).toBe(1_000);
  });

  test("of few samples is one of them, the largest for a high share", () => {
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
    expect(percentile([3, 1, 2], 0.01)).toBe(1);
  });

  test("of no samples is no number", () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

test("the median is the middle one, whatever the order, and leaves the samples as they are", () => {
  const samples = [5, 1, 4, 2, 3];
  expect(median(samples)).toBe(3);
  expect(samples).toEqual([5, 1, 4, 2, 3]);
});
