// "Did you mean": the nearest of a few known names, as the end of a fault's message.

/** Longer names are neither compared nor repeated. */
const LONGEST_NAME = 64;

/** Damerau-Levenshtein distance (neighbours swapped count as one). */
function measureDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped && row > 1 && column > 1) best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
    }
    before = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** How far a known name is from what was written; null is too far to mean it. */
function rate(written: string, known: string): number | null {
  const [a, b] = [written.toLowerCase(), known.toLowerCase()];
  const distance = measureDistance(a, b);
  if (distance <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 3))) return distance;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.includes(short) ? distance : null;
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

/** ` Did you mean "x"?` with the nearest known name, or `fallback` where none is near. */
export function didYouMean(
  written: string,
  options: { known: Iterable<string>; fallback: string },
) {
  const name = suggestName(written, options.known);
  return name === null ? ` ${options.fallback}` : ` Did you mean "${name}"?`;
}

/** A name in quotes, cut where it is long. */
export const quoteName = (name: string): string =>
  name.length > LONGEST_NAME ? `"${name.slice(0, LONGEST_NAME)}…"` : `"${name}"`;
