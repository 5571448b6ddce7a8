// Which price holds for a call: own and built-in ones, in memory, as every model call asks.
// Own ones are bounded by the table; they are read again after a change.

import type { Clock } from "../../lib/clock";
import type { ProviderType } from "../../vocabulary";
import { BUILT_IN_PRICES } from "./built-in";
import type { Price } from "./price";

/** Whose price is asked for. */
export interface PricedCall {
  providerId: string;
  type: ProviderType;
  /** The model's names, the one that says most first. */
  models: readonly string[];
}

export interface PriceList {
  /** The price of a call now; null is unknown. */
  find(call: PricedCall): Price | null;
  /** The price that a type or provider, and exactly this model, have now; null for none. */
  current(of: { provider: string; model: string }): Price | null;
  /** Reads own prices again; called when a change of them is on disk. */
  renew(): void;
}

/** By provider, then by model, the newest first. */
type Index = ReadonlyMap<string, ReadonlyMap<string, readonly Price[]>>;

function toIndex(prices: readonly Price[]): Index {
  const index = new Map<string, Map<string, Price[]>>();
  for (const price of prices.toSorted((a, b) => b.validFrom - a.validFrom)) {
    const models = index.getOrInsertComputed(price.provider, () => new Map<string, Price[]>());
    models.getOrInsertComputed(price.model, () => []).push(price);
  }
  return index;
}

const BUILT_IN = toIndex(BUILT_IN_PRICES);

/** The day at the end of a snapshot's name: `gpt-4o-2024-08-06`, `claude-haiku-4-5-20251001`. */
const DAY = /-20\d\d(?:-\d\d-\d\d|\d{4})$/;

/** The names by which a model may be listed: its own, then that without the day. */
const namesOf = (model: string): string[] => [...new Set([model, model.replace(DAY, "")])];

/** Own prices are those that `readOwn` gives, now and after each change. */
export function createPriceList(deps: { clock: Clock; readOwn(): Price[] }): PriceList {
  let own = toIndex(deps.readOwn());

  function holding(index: Index, of: { provider: string; model: string }): Price | undefined {
    const now = deps.clock.now();
    return index
      .get(of.provider)
      ?.get(of.model)
      ?.find((price) => price.validFrom <= now);
  }

  return {
    find({ providerId, type, models }) {
      const names = models.flatMap(namesOf);
      // The nearest first; within one the name that says most.
      const places: [Index, string][] = [
        [own, providerId],
        [own, type],
        [BUILT_IN, type],
      ];
      for (const [index, provider] of places) {
        for (const model of names) {
          const price = holding(index, { provider, model });
          if (price !== undefined) return price;
        }
      }
      return null;
    },
    current: (of) => holding(own, of) ?? holding(BUILT_IN, of) ?? null,
    renew() {
      own = toIndex(deps.readOwn());
    },
  };
}
