// What an answer costs by a price.

import { describe, expect, test } from "bun:test";
import type { ModelAnswer, Usage } from "../../../src/providers/model";
import { costOf, type Price } from "../../../src/providers/prices/price";
import { modelAnswer } from "../../support/held-models";

/** 2 dollars, 0.5 dollars and 8 dollars. */
const PRICE: Price = {
  id: "prc_1",
  provider: "openai",
  model: "small",
  validFrom: 0,
  input: 2_000_000,
  cachedInput: 500_000,
  output: 8_000_000,
  maxInputTokens: null,
};

const used = (usage: Partial<Usage> | null, more: Partial<ModelAnswer> = {}): ModelAnswer =>
  modelAnswer("ok", {
    usage:
      usage === null ? null : { inputTokens: 1000, outputTokens: 100, cachedTokens: 0, ...usage },
    ...more,
  });

const cost = (usage: Partial<Usage> | null, price: Partial<Price> = {}): number | null =>
  costOf({ ...PRICE, ...price }, used(usage));

describe("what an answer costs", () => {
  test.each([
    ["input and output by their prices", {}, 0.002 + 0.0008],
    ["cached tokens by theirs, and only the rest as input", { cachedTokens: 400 }, 0.0022],
    ["all of the input cached", { cachedTokens: 1000 }, 0.0013],
    ["a single token", { inputTokens: 1, outputTokens: 1 }, 0.00001],
  ])("is %s", (_name, usage, usd) => {
    expect(cost(usage)).toBe(Number(usd.toFixed(12)));
  });

  test("is exact where one token costs a fraction of a nano-dollar", () => {
    const usage = { inputTokens: 1, outputTokens: 1 };
    expect(cost(usage, { input: 1, output: 2 })).toBe(0.000_000_000_003);
  });

  test("is zero where the price is, which is not the same as unknown", () => {
    expect(cost({}, { input: 0, output: 0 })).toBe(0);
  });
});

describe("the cost is unknown", () => {
  test("without a price", () => {
    expect(costOf(null, used({}))).toBeNull();
  });

  test.each([
    ["without usage", null],
    ["for no input at all", { inputTokens: 0 }],
    ["for a text of no tokens", { outputTokens: 0 }],
    ["for a negative count", { outputTokens: -5 }],
    ["for a count that is no whole number", { inputTokens: 1.5 }],
    ["for more cached tokens than input", { cachedTokens: 1001 }],
  ])("%s", (_name, usage) => {
    expect(cost(usage)).toBeNull();
  });

  test("for cached tokens without a price of theirs, and only for those", () => {
    expect(cost({ cachedTokens: 1 }, { cachedInput: null })).toBeNull();
    expect(cost({}, { cachedInput: null })).toBe(0.0028);
  });

  test("for more input than the price is for", () => {
    expect(cost({ inputTokens: 2000 }, { maxInputTokens: 2000 })).toBe(0.0048);
    expect(cost({ inputTokens: 2001 }, { maxInputTokens: 2000 })).toBeNull();
  });

  test("for tool calls of no tokens, but not for an empty answer", () => {
    const toolCalls = [{ id: "1", name: "look_up", input: {} }];
    const nothing = used({ outputTokens: 0 }, { text: "" });
    expect(costOf(PRICE, nothing)).toBe(0.002);
    expect(costOf(PRICE, { ...nothing, toolCalls })).toBeNull();
  });
});
