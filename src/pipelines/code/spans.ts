// Parts of a text by their offsets.

/** Up to, and without, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Index of the first span that ends behind `at`, of spans in order that do not overlap. */
export function findSpan(spans: readonly Span[], at: number): number {
  let low = 0;
  for (let high = spans.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.end ?? at) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
