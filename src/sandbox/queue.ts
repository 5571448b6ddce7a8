// Who is next: agents in turn, so that none keeps the others from running, and of one agent the
// oldest first.

/** Children that one agent may hold, so that there is always one for another. */
const MAX_HELD = 3;

export class Queue<T extends { agent: number }> {
  /** By agent, in the order of their turns; of each, in the order of asking. */
  readonly #byAgent = new Map<number, Set<T>>();
  readonly #held = new Map<number, number>();
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether an agent may have one more wait, of `limit` that it shares with the others that wait:
   * whoever fills the queue keeps no other agent out of it.
   */
  hasRoom(agent: number, limit: number): boolean {
    const own = this.#byAgent.get(agent)?.size ?? 0;
    const agents = this.#byAgent.size + (own === 0 ? 1 : 0);
    return own < limit / agents;
  }

  add(one: T): void {
    const own = this.#byAgent.get(one.agent) ?? new Set();
    this.#byAgent.set(one.agent, own.add(one));
    this.#size += 1;
  }

  /** Takes one out that waits no longer. */
  remove(one: T): void {
    const own = this.#byAgent.get(one.agent);
    if (own?.delete(one) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#byAgent.delete(one.agent);
  }

  /** Whether somebody may start. */
  hasNext(): boolean {
    return this.#findAgent() !== null;
  }

  /**
   * Takes out the one whose turn it is, whose agent holds one child more from now on; null where
   * nobody may start. An agent has a second child only while no agent without one is waiting.
   */
  take(): T | null {
    const agent = this.#findAgent();
    const own = agent === null ? undefined : this.#byAgent.get(agent);
    const [next] = own ?? [];
    if (agent === null || own === undefined || next === undefined) return null;
    this.remove(next);
    this.#held.set(agent, (this.#held.get(agent) ?? 0) + 1);
    if (this.#byAgent.delete(agent)) this.#byAgent.set(agent, own);
    return next;
  }

  /** An agent holds one child less. */
  release(agent: number): void {
    const left = (this.#held.get(agent) ?? 1) - 1;
    if (left === 0) this.#held.delete(agent);
    else this.#held.set(agent, left);
  }

  /** All that wait, by turns. */
  *[Symbol.iterator](): Generator<T> {
    for (const own of this.#byAgent.values()) yield* own;
  }

  /** The first of those that hold the fewest children. */
  #findAgent(): number | null {
    let found: number | null = null;
    let fewest = MAX_HELD;
    for (const agent of this.#byAgent.keys()) {
      const held = this.#held.get(agent) ?? 0;
      if (held >= fewest) continue;
      found = agent;
      fewest = held;
      if (held === 0) break;
    }
    return found;
  }
}
