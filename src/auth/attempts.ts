// Which requests with an Idempotency-Key are under way, so that a second one waits for the first.

/** Requests with a key that are under way: of the same key one at a time. */
export interface Attempts {
  /** Waits for those ahead; what it resolves with lets the next one in. */
  enter(name: string): Promise<() => void>;
}

/** None under way. */
export function createAttempts(): Attempts {
  const underWay = new Map<string, Promise<void>>();
  return {
    async enter(name) {
      let ahead = underWay.get(name);
      while (ahead !== undefined) {
        await ahead;
        ahead = underWay.get(name);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      underWay.set(name, promise);
      return () => {
        underWay.delete(name);
        resolve();
      };
    },
  };
}
