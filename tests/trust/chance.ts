// Chance that can be repeated: the same seed gives the same moments.

export interface Chance {
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
}

/** A linear congruential generator (Numerical Recipes, 2nd edition, section 7.1). */
export function createChance(seed: number): Chance {
  let state = seed % 2 ** 32;
  return {
    between(least, most) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return least + Math.floor((state / 2 ** 32) * (most - least + 1));
    },
  };
}

/** Another seed every time; to be printed, so that a run can be repeated. */
export const drawSeed = (): number => 1 + Math.floor(Math.random() * (2 ** 32 - 1));
