// What tokens of a model cost, and what an answer comes to by that.
// Which price holds is for `price-list.ts`.

import { toUsd } from "./usd";
import type { ModelAnswer, Usage } from "../model";

/** Amounts in millionths of a dollar for a million tokens, which are pico-dollars for one. */
export interface Price {
  id: string;
  /** A type of providers, or the id of one. */
  provider: string;
  model: string;
  /** Epoch milliseconds of the first moment of a day in UTC. */
  validFrom: number;
  input: number;
  /** Of input that the provider had in its cache; null is unknown. */
  cachedInput: number | null;
  output: number;
  /** Input tokens of one call up to which the amounts hold; null for any number. */
  maxInputTokens: number | null;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Whether the tokens can be those of the answer: a server may report less than it has used. */
function isWhole(usage: Usage, answer: ModelAnswer): boolean {
  const { inputTokens, outputTokens, cachedTokens } = usage;
  const saysSomething = answer.text !== "" || (answer.toolCalls?.length ?? 0) > 0;
  return (
    [inputTokens, outputTokens, cachedTokens].every(isCount) &&
    inputTokens > 0 &&
    cachedTokens <= inputTokens &&
    (outputTokens > 0 || !saysSomething)
  );
}

/**
 * USD of one answer; null is unknown: no price, no usage that can be right, cached tokens without a
 * price, or more input than the price is for. All formats count cached tokens among the input.
 */
export function costOf(price: Price | null, answer: ModelAnswer): number | null {
  const { usage } = answer;
  if (price === null || usage === null || !isWhole(usage, answer)) return null;
  const { inputTokens, outputTokens, cachedTokens } = usage;
  if (price.maxInputTokens !== null && inputTokens > price.maxInputTokens) return null;
  if (cachedTokens > 0 && price.cachedInput === null) return null;
  const picos =
    (inputTokens - cachedTokens) * price.input +
    cachedTokens * (price.cachedInput ?? 0) +
    outputTokens * price.output;
  return toUsd(picos);
}
