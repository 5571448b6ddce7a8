// Sums of dollars.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { addUsd, toUsd } from "../../../src/providers/prices/usd";

test("a sum has no dust of binary fractions", () => {
  expect(0.1 + 0.2).not.toBe(0.3);
  expect(addUsd(0.1, 0.2)).toBe(0.3);
  expect(Array.from({ length: 200 }, () => 0.000_075).reduce(addUsd, 0)).toBe(0.015);
});

test("a pico-dollar is not lost, whatever it is added to", () => {
  const amount = fc.integer({ min: 0, max: 1e15 });
  fc.assert(
    fc.property(amount, amount, (one, other) => {
      expect(addUsd(toUsd(one), toUsd(other))).toBe(toUsd(one + other));
    }),
  );
});
