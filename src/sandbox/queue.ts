// Who is next: no agent keeps the others from running, and of one agent the oldest goes first.

/** Children that one agent may hold, so that there is always one for another. */
const MAX_HELD = 3;

/**
 * The oldest of those whose agents hold the fewest children, or null where nobody may start:
 * an agent has a second child only while no agent without one is waiting.
 */
export function findNext<T extends { agent: number }>(
  waiting: Iterable<T>,
  held: ReadonlyMap<number, number>,
): T | null {
  let next: T | null = null;
  let fewest = MAX_HELD;
  for (const one of waiting) {
    const count = held.get(one.agent) ?? 0;
    if (count >= fewest) continue;
    next = one;
    fewest = count;
    if (count === 0) break;
  }
  return next;
}
