// The prices that come with the program: well-known models, with the day on which their figures were
// read and where. Left out is what no source gives, or what two of them give differently.

import type { Price } from "./price";

type Row = readonly [
  model: string,
  input: number,
  cachedInput: number | null,
  output: number,
  maxInputTokens?: number,
];

interface Source {
  type: "openai" | "anthropic" | "google";
  /** The day of reading, from which the rows hold. */
  day: string;
  source: string;
  /** USD for a million tokens. */
  rows: readonly Row[];
}

/** Providers charge more for longer prompts: beyond that the price is unknown. */
const UP_TO_272K = 272_000;
const UP_TO_200K = 200_000;

const SOURCES: readonly Source[] = [
  {
    type: "openai",
    day: "2026-11-27",
    source:
      "https://github.com/simonw/llm-prices (data/openai.json), https://github.com/anomalyco/models.dev (providers/openai)",
    rows: [
      ["gpt-4.1", 2, 0.5, 8],
      ["gpt-4.1-mini", 0.4, 0.1, 1.6],
      ["gpt-4.1-nano", 0.1, 0.025, 0.4],
      ["gpt-4o", 2.5, 1.25, 10],
      // The snapshot whose price is not that of its name.
      ["gpt-4o-2024-05-13", 5, null, 15],
      ["gpt-4o-mini", 0.15, 0.075, 0.6],
      ["gpt-5", 1.25, 0.125, 10],
      ["gpt-5-mini", 0.25, 0.025, 2],
      ["gpt-5-nano", 0.05, 0.005, 0.4],
      ["gpt-5.1", 1.25, 0.125, 10],
      ["gpt-5.2", 1.75, 0.175, 14],
      ["gpt-5.4", 2.5, 0.25, 15, UP_TO_272K],
      ["gpt-5.4-mini", 0.75, 0.075, 4.5],
      ["gpt-5.4-nano", 0.2, 0.02, 1.25],
      ["gpt-5.5", 5, 0.5, 30, UP_TO_272K],
      ["o3-mini", 1.1, 0.55, 4.4],
      ["o4-mini", 1.1, 0.275, 4.4],
    ],
  },
  {
    type: "anthropic",
    day: "2026-11-27",
    source:
      "https://platform.claude.com/docs/en/about-claude/pricing, https://github.com/simonw/llm-prices (data/anthropic.json)",
    rows: [
      ["claude-3-5-haiku", 0.8, 0.08, 4],
      ["claude-3-7-sonnet", 3, 0.3, 15],
      ["claude-fable-5", 10, 1, 50],
      ["claude-fable-5-1", 10, 0.25, 50],
      ["claude-haiku-4-5", 1, 0.1, 5],
      ["claude-opus-4", 15, 1.5, 75],
      ["claude-opus-4-1", 15, 1.5, 75],
      ["claude-opus-4-5", 5, 0.5, 25],
      ["claude-opus-4-6", 5, 0.5, 25, UP_TO_200K],
      ["claude-opus-4-7", 5, 0.5, 25],
      ["claude-opus-4-8", 5, 0.5, 25],
      ["claude-opus-5", 5, 0.5, 25],
      ["claude-opus-5-5", 4, 0.2, 20],
      ["claude-sonnet-4", 3, 0.3, 15, UP_TO_200K],
      ["claude-sonnet-4-5", 3, 0.3, 15, UP_TO_200K],
      ["claude-sonnet-4-6", 3, 0.3, 15, UP_TO_200K],
      ["claude-sonnet-5", 2, 0.2, 10],
    ],
  },
  {
    type: "google",
    day: "2026-11-27",
    source:
      "https://github.com/simonw/llm-prices (data/google.json), https://github.com/iyulab/TokenMeter (Pricing/google.json)",
    rows: [
      ["gemini-2.0-flash", 0.1, null, 0.4],
      ["gemini-2.0-flash-lite", 0.075, null, 0.3],
      ["gemini-2.5-flash", 0.3, 0.03, 2.5],
      ["gemini-2.5-flash-lite", 0.1, 0.01, 0.4],
      ["gemini-2.5-pro", 1.25, 0.125, 10, UP_TO_200K],
      ["gemini-3-flash-preview", 0.5, null, 3],
      ["gemini-3-pro-preview", 2, null, 12, UP_TO_200K],
      ["gemini-3.1-flash-lite-preview", 0.25, 0.025, 1.5],
      ["gemini-3.1-pro-preview", 2, null, 12, UP_TO_200K],
      ["gemini-3.5-flash", 1.5, 0.15, 9],
      ["gemini-3.5-flash-lite", 0.3, 0.03, 2.5],
      ["gemini-3.6-flash", 1.5, 0.15, 7.5],
    ],
  },
];

export interface BuiltInPrice extends Price {
  /** Where the figures were read. */
  source: string;
}

/** Millionths of a dollar, to the nearest whole one. */
export const toMicros = (usd: number): number => Math.round(usd * 1e6);

const toPrice = (
  { type, day, source }: Source,
  [model, input, cachedInput, output, maxInputTokens]: Row,
): BuiltInPrice => ({
  // A cursor of a list: no points.
  id: `${type}_${model.replaceAll(".", "_")}_${day.replaceAll("-", "")}`,
  provider: type,
  model,
  validFrom: Date.parse(day),
  input: toMicros(input),
  cachedInput: cachedInput === null ? null : toMicros(cachedInput),
  output: toMicros(output),
  maxInputTokens: maxInputTokens ?? null,
  source,
});

/** All of them, in the order of their ids, which come before those of own prices. */
export const BUILT_IN_PRICES: readonly BuiltInPrice[] = SOURCES.flatMap((from) =>
  from.rows.map((row) => toPrice(from, row)),
).toSorted((a, b) => (a.id < b.id ? -1 : 1));
