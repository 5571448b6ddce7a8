// Many deliveries at once, each answer recorded: a burst in which none waits for another, and a
// load on connections that stay open until the server goes away.

import { eventually } from "./process-waiting";
import type { WireAnswer } from "./server-wire";
import { Connection, toBytes } from "./server-wire";

/** The bytes of a delivery as JSON. */
export const deliveryBytes = (data: {
  agentId: string;
  body: unknown;
  headers?: Record<string, string>;
}): Buffer =>
  toBytes({
    path: `/agents/${data.agentId}/webhook`,
    headers: { "Content-Type": "application/json", ...data.headers },
    body: typeof data.body === "string" ? data.body : JSON.stringify(data.body),
  });

/** Each request on a connection of its own, all open before the first is sent. */
export async function sendAtOnce(url: string, requests: Buffer[]): Promise<(WireAnswer | null)[]> {
  const connections = await Promise.all(requests.map(() => Connection.open(url)));
  try {
    return await Promise.all(
      connections.map((connection, place) =>
        connection.exchange(requests[place] ?? Buffer.alloc(0)),
      ),
    );
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}

/** The execution's id that an answer promises. */
export function executionIdOf(answer: WireAnswer | null): string {
  const body: { data: { executionId: string } } = JSON.parse(answer?.text ?? "");
  return body.data.executionId;
}

/** How many answers there are of each status and error code, as `429 RATE_LIMITED`. */
export function tally(answers: (WireAnswer | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const code = /"code":"([A-Z_]+)"/.exec(answer?.text ?? "")?.[1];
    const key = answer === null ? "none" : [answer.status, code].filter(Boolean).join(" ");
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export interface LoadPlan {
  url: string;
  connections: number;
  /** The request with that number; numbers count from 0 and never repeat. */
  make(number: number): Buffer;
  /** The number of the first request. */
  first?: number;
  /** Ends by itself after that many requests. */
  requests?: number;
  /** Told of every answer 200. */
  note?(number: number, answer: WireAnswer): void;
}

/** Deliveries without pause. */
export class Load {
  /** Execution id by the number of its request: what the server has promised. */
  readonly acknowledged = new Map<number, string>();
  /** Answers other than 200. */
  readonly refused: WireAnswer[] = [];
  /** Answers of which only a part came. */
  cut = 0;
  /** Resolves when no connection sends any more. */
  readonly ended: Promise<unknown>;
  #next: number;
  #stopped = false;

  constructor(readonly plan: LoadPlan) {
    this.#next = plan.first ?? 0;
    this.ended = Promise.all(Array.from({ length: plan.connections }, () => this.#send()));
  }

  /** The number that no request has had yet. */
  get next(): number {
    return this.#next;
  }

  #goesOn(): boolean {
    const { first = 0, requests = Infinity } = this.plan;
    return !this.#stopped && this.#next < first + requests;
  }

  async #send(): Promise<void> {
    using connection = await Connection.open(this.plan.url);
    while (this.#goesOn()) {
      const number = this.#next++;
      const answer = await connection.exchange(this.plan.make(number));
      if (connection.cut) this.cut += 1;
      if (answer === null) return;
      if (answer.status !== 200) {
        this.refused.push(answer);
        continue;
      }
      this.acknowledged.set(number, executionIdOf(answer));
      this.plan.note?.(number, answer);
    }
  }

  /** Resolves once that many deliveries are acknowledged. */
  async until(count: number): Promise<void> {
    await eventually(`${count} acknowledgements`, () =>
      this.acknowledged.size >= count ? true : null,
    );
  }

  /** Sends no more; resolves when what is under way is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.ended;
  }
}
