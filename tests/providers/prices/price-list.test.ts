// Which price holds for a call.

import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../../src/lib/clock";
import { ID_CURSOR_PATTERN } from "../../../src/lib/wire";
import { BUILT_IN_PRICES } from "../../../src/providers/prices/built-in";
import type { Price } from "../../../src/providers/prices/price";
import { createPriceList, type PricedCall } from "../../../src/providers/prices/price-list";

const DAY_MS = 86_400_000;
const TODAY = Date.parse("2027-03-01");

const price = (id: string, fields: Partial<Price> = {}): Price => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  validFrom: 0,
  input: 1,
  cachedInput: null,
  output: 1,
  maxInputTokens: null,
  ...fields,
});

function createScene(own: Price[] = []) {
  const clock = createManualClock(TODAY);
  const list = createPriceList({ clock, readOwn: () => own });
  const find = (call: Partial<PricedCall> = {}): string | null =>
    list.find({ providerId: "prv_1", type: "openai", models: ["gpt-4o"], ...call })?.id ?? null;
  return { clock, list, find, own };
}

const BUILT_IN = "openai_gpt-4o_20261127";

describe("a model's name finds", () => {
  test.each([
    ["itself", "gpt-4o", BUILT_IN],
    ["the name before the day of a snapshot", "gpt-4o-2024-08-06", BUILT_IN],
    ["a snapshot that is listed itself", "gpt-4o-2024-05-13", "openai_gpt-4o-2024-05-13_20261127"],
    ["no shorter name", "gpt-4o-audio-preview", null],
    ["no name before a number that is no day", "gpt-4o-0613", null],
    ["nothing where it is unknown", "gpt-none", null],
  ])("%s", (_name, model, id) => {
    expect(createScene().find({ models: [model] })).toBe(id);
  });

  test("the name before a day in one word", () => {
    const { find } = createScene();
    const models = ["claude-haiku-4-5-20251001"];
    expect(find({ type: "anthropic", models })).toBe("anthropic_claude-haiku-4-5_20261127");
    expect(find({ type: "openai", models })).toBeNull();
  });

  test("what was asked for, where the answer's name is unknown", () => {
    expect(createScene().find({ models: ["deployment-7", "gpt-4o"] })).toBe(BUILT_IN);
  });
});

test("openai-compatible providers have no price that comes with the program", () => {
  expect(createScene().find({ type: "openai-compatible" })).toBeNull();
});

describe("own prices", () => {
  test("go before built-in ones, those of the provider before those of its type", () => {
    const own = [price("of-type"), price("of-provider", { provider: "prv_1" })];
    const { find } = createScene(own);
    expect(find()).toBe("of-provider");
    expect(find({ providerId: "prv_2" })).toBe("of-type");
    expect(find({ providerId: "prv_2", type: "google" })).toBeNull();
  });

  test("go before built-in ones also where those say more of the name", () => {
    const { find } = createScene([price("own")]);
    expect(find({ models: ["gpt-4o-2024-05-13"] })).toBe("own");
    expect(
      createScene([price("own", { model: "mine" })]).find({ models: ["gpt-4o", "mine"] }),
    ).toBe("own");
  });

  test("hold from their first moment on, the newest before the others", () => {
    const own = [
      price("old", { validFrom: TODAY - DAY_MS }),
      price("new", { validFrom: TODAY + DAY_MS }),
    ];
    const { find, clock } = createScene(own);
    expect(find()).toBe("old");
    clock.advance(DAY_MS - 1);
    expect(find()).toBe("old");
    clock.advance(1);
    expect(find()).toBe("new");
  });

  test("that are still to come leave the built-in one", () => {
    expect(createScene([price("new", { validFrom: TODAY + 1 })]).find()).toBe(BUILT_IN);
  });

  test("are asked for once, and again after a change alone", () => {
    const { find, list, own } = createScene();
    own.push(price("own"));
    expect(find()).toBe(BUILT_IN);
    list.renew();
    expect(find()).toBe("own");
    own.length = 0;
    expect(find()).toBe("own");
    list.renew();
    expect(find()).toBe(BUILT_IN);
  });
});

describe("the prices that come with the program", () => {
  test("are in the order of their ids, before own ones, and each fits a cursor", () => {
    const ids = BUILT_IN_PRICES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids.filter((id) => id >= "prc_" || !new RegExp(ID_CURSOR_PATTERN).test(id))).toEqual([]);
  });

  test("are of a day, name their source, and ask no more for cached tokens than for others", () => {
    const wrong = BUILT_IN_PRICES.filter(
      ({ validFrom, source, input, cachedInput, output }) =>
        validFrom % DAY_MS !== 0 ||
        !source.startsWith("https://") ||
        ![input, cachedInput ?? 0, output].every((amount) => Number.isInteger(amount)) ||
        input <= 0 ||
        (cachedInput ?? 0) > input ||
        output < input,
    );
    expect(wrong).toEqual([]);
  });

  test("do not hold before the day on which they were read", () => {
    const clock = createManualClock(Date.parse("2026-11-26"));
    const list = createPriceList({ clock, readOwn: () => [] });
    const call = { providerId: "prv_1", type: "openai", models: ["gpt-4o"] } as const;
    expect(list.find(call)).toBeNull();
    clock.advance(DAY_MS);
    expect(list.find(call)?.input).toBe(2_500_000);
  });
});
