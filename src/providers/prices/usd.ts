// Dollars without the dust of binary fractions: counted in whole pico-dollars, a millionth of a
// dollar for a million tokens being one for each token. Exact up to about 2,000 dollars.

const PICOS = 1e12;

/** Pico-dollars as the decimal number of dollars that comes closest. */
export const toUsd = (picos: number): number => picos / PICOS;

/** The sum of two amounts in dollars. */
export const addUsd = (one: number, other: number): number =>
  toUsd(Math.round(one * PICOS) + Math.round(other * PICOS));
