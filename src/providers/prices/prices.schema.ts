// Wire shapes of prices: dollars for a million tokens, as a decimal number.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, EXAMPLE, named, orNull, Time } from "../../lib/wire";

/** Dollars for a million tokens. */
export const MAX_USD = 10_000;

const amount = (description: string) => Type.Number({ minimum: 0, maximum: MAX_USD, description });

const input = amount("USD for 1,000,000 tokens of input, at most six decimals.");
const cachedInput = orNull(
  amount("USD for 1,000,000 tokens of input that the provider had cached; null is unknown."),
);
const output = amount("USD for 1,000,000 tokens of output, those of its reasoning included.");
const provider = Type.String({
  minLength: 1,
  maxLength: 64,
  description:
    "A provider's id, or a type: `openai`, `anthropic`, `google` or `openai-compatible` stand for all providers of it.",
});
const model = Type.String({
  minLength: 1,
  maxLength: 200,
  description:
    "The model's name. It is for snapshots too, whose names go on with a day such as `-2024-08-06`, unless they have a price of their own.",
});
const validFrom = Type.String({
  format: "date",
  description: "The day in UTC from which on answers cost this; earlier ones keep their cost.",
});

const EXAMPLE_PRICE = {
  provider: "openai-compatible",
  model: "llama3.2",
  validFrom: "2026-01-31",
  input: 0.2,
  cachedInput: 0.05,
  output: 0.6,
};

export const PriceSchema = named(
  "Price",
  closed({
    id: Type.String(),
    provider,
    model,
    validFrom,
    input,
    cachedInput,
    output,
    maxInputTokens: orNull(
      Type.Integer({
        description:
          "Input tokens of one call up to which the price is known; null for any number.",
      }),
    ),
    builtIn: Type.Boolean({ description: "Whether it comes with the program." }),
    current: Type.Boolean({
      description: "Whether answers of this provider and model cost this now.",
    }),
    source: orNull(
      Type.String({ description: "Where the figures of a built-in price were read." }),
    ),
    createdAt: orNull(Time),
    updatedAt: orNull(Time),
  }),
  {
    id: EXAMPLE.priceId,
    ...EXAMPLE_PRICE,
    maxInputTokens: null,
    builtIn: false,
    current: true,
    source: null,
    createdAt: EXAMPLE.time,
    updatedAt: EXAMPLE.time,
  },
);
export type PriceShape = Static<typeof PriceSchema>;

export const PriceCreateSchema = named(
  "PriceCreate",
  closed({
    provider,
    model,
    validFrom: Type.Optional(
      Type.String({ format: "date", description: "A day in UTC; today without it." }),
    ),
    input,
    cachedInput: Type.Optional(cachedInput),
    output,
  }),
  EXAMPLE_PRICE,
);
export type PriceCreate = Static<typeof PriceCreateSchema>;

export const PricePatchSchema = named(
  "PricePatch",
  closed({
    validFrom: Type.Optional(validFrom),
    input: Type.Optional(input),
    cachedInput: Type.Optional(cachedInput),
    output: Type.Optional(output),
  }),
  { input: 0.15, output: 0.45 },
);
export type PricePatch = Static<typeof PricePatchSchema>;
