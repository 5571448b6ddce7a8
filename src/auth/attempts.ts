// Which requests with an Idempotency-Key are under way, so that a second one waits for the first.

/** Requests with a key that are under way: of the same key one at a time. */
export interface Attempts {
  /** Waits for those ahead; what it resolves with lets the next one in. */
  enter(name: string): Promise<() => void>;
}

/** None under way. */
export function createAttempts(): Attempts {
  const lasts = new Map<string, Promise<void>>();
  return {
    async enter(name) {
      const ahead = lasts.get(name);
      const { promise: left, resolve: leave } = Promise.withResolvers<void>();
      lasts.set(name, left);
      // For the last of them alone: if all waited for the first, each end would wake all the others.
      await ahead;
      return () => {
        if (lasts.get(name) === left) lasts.delete(name);
        leave();
      };
    },
  };
}
