// One request again and again on a connection of its own while something else goes on, and how long
// each answer took.

import { Connection } from "./server-wire";

/** Far more often than an answer could be late unnoticed, and no load of its own. */
const PAUSE_MS = 5;

export class Probes {
  /** Milliseconds of each answer. */
  readonly times: number[] = [];
  /** Answers other than 200. */
  readonly refused: string[] = [];
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(url: string, request: Buffer) {
    this.#ended = this.#probe(url, request);
  }

  async #probe(url: string, request: Buffer): Promise<void> {
    using connection = await Connection.open(url);
    while (!this.#stopped) {
      const sentAt = performance.now();
      const answer = await connection.exchange(request);
      this.times.push(performance.now() - sentAt);
      if (answer?.status !== 200) this.refused.push(answer?.text ?? "no answer");
      if (answer === null) return;
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** Resolves when the last probe is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  get slowest(): number {
    return Math.max(...this.times);
  }

  /** Such as `300 answers: p50 0.4, p99 3.1, max 5.0 ms`. */
  describe(): string {
    const sorted = this.times.toSorted((a, b) => a - b);
    const at = (share: number): string =>
      (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
    const parts = `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${this.slowest.toFixed(1)} ms`;
    return `${sorted.length} answers: ${parts}`;
  }
}
