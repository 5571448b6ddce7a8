// Figures from samples.

const sorted = (samples: readonly number[]): number[] => samples.toSorted((a, b) => a - b);

/** The sample that a share of all does not exceed (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * samples.length));
  return sorted(samples)[rank - 1] ?? Number.NaN;
}

/** The middle sample; of an even number the lower one of the two. */
export const median = (samples: readonly number[]): number => percentile(samples, 0.5);
