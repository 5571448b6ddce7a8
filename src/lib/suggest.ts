// "Did you mean": the nearest of a few known names, as the end of a fault's message.

/** Longer names are neither compared nor repeated. */
const LONGEST_NAME = 64;

/** Names that differ by more letters are not meant. */
const MAX_DISTANCE = 3;
const TOO_FAR = MAX_DISTANCE + 1;

/** What is left of two names without their common beginning and end. */
function stripCommon(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/**
 * Damerau-Levenshtein distance (neighbours swapped count as one), or `TOO_FAR`. Only the band of
 * the table that can stay within `MAX_DISTANCE` is filled: a large pipeline asks 100,000 times.
 */
function measureDistance(nameA: string, nameB: string): number {
  const [a, b] = stripCommon(nameA, nameB);
  if (Math.abs(a.length - b.length) > MAX_DISTANCE) return TOO_FAR;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current: number[] = [row];
    let least = row;
    const until = Math.min(b.length, row + MAX_DISTANCE);
    for (let column = Math.max(1, row - MAX_DISTANCE); column <= until; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const around = Math.min(last[column] ?? TOO_FAR, current[column - 1] ?? TOO_FAR) + 1;
      let best = Math.min(around, (last[column - 1] ?? TOO_FAR) + (isSame ? 0 : 1));
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwapped) best = Math.min(best, (before[column - 2] ?? TOO_FAR) + 1);
      current[column] = best;
      least = Math.min(least, best);
    }
    if (least > MAX_DISTANCE) return TOO_FAR;
    before = last;
    last = current;
  }
  return last[b.length] ?? TOO_FAR;
}

/** How far a known name is from what was written; null is too far to mean it. */
function rate(written: string, known: string): number | null {
  const [a, b] = [written.toLowerCase(), known.toLowerCase()];
  const distance = measureDistance(a, b);
  const allowed = Math.min(MAX_DISTANCE, Math.max(1, Math.floor(Math.max(a.length, b.length) / 3)));
  if (distance <= allowed) return distance;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.includes(short) ? long.length - short.length : null;
}

/** The known name that was most likely meant, or null. */
export function suggestName(written: string, known: Iterable<string>): string | null {
  if (written.length > LONGEST_NAME) return null;
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const distance = rate(written, name);
    if (distance !== null && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

/** Gives the end of a message: ` Did you mean "x"?`, or `fallback` where no known name is near. */
export type Hinter = (
  written: string,
  options: { known: Iterable<string>; fallback: string },
) => string;

export const didYouMean: Hinter = (written, { known, fallback }) => {
  const name = suggestName(written, known);
  return name === null ? ` ${fallback}` : ` Did you mean "${name}"?`;
};

/** As `didYouMean`, for so many names; later ones get the fallback: many among many take long. */
export function createHinter(count: number): Hinter {
  let left = count;
  return (written, options) => {
    left -= 1;
    return left < 0 ? ` ${options.fallback}` : didYouMean(written, options);
  };
}

/** A name in quotes, cut where it is long. */
export const quoteName = (name: string): string =>
  name.length > LONGEST_NAME ? `"${name.slice(0, LONGEST_NAME)}…"` : `"${name}"`;
