// Sixteen senders of signed deliveries, and all that they were promised over any number of crashes:
// which execution each delivery made, under which id it may come again, how much of a window is used.

import type { ModelStub } from "../support/model-stub";
import type { StoppedDatabase } from "../support/process-database";
import { modelPipeline } from "../support/process-models";
import {
  askData,
  githubHeaders,
  makeAgent,
  makeProvider,
  type Target,
} from "../support/server-calls";
import { deliveryBytes, executionIdOf, Load, tally } from "../support/server-load";
import { Connection, toBytes, type WireAnswer } from "../support/server-wire";

const SENDERS = 16;
const PER_MINUTE = 1_000_000;
const LIMITS = { perMinute: PER_MINUTE, maxConcurrent: 1_000_000, overflow: "reject" };
const SECRET = "the-secret-that-sixteen-senders-share";
/** One delivery in so many runs a pipeline that calls a model over the network. */
const MODEL_EVERY = 8;

const bodyOf = (number: number) => ({ number, text: `delivery ${number} …ß`.repeat(number % 7) });

const callsModel = (number: number): boolean => number % MODEL_EVERY === 0;

/** What its execution must have given in the end. */
const outputOf = (number: number): string =>
  callsModel(number) ? `echo:q${number}` : JSON.stringify(bodyOf(number));

/** An agent whose deliveries are signed as GitHub signs them. */
async function makeSignedAgent(
  server: Target,
  patch: Record<string, unknown> = {},
): Promise<string> {
  const webhook = { auth: { type: "hmac", preset: "github" }, limits: LIMITS };
  const { id } = await makeAgent(server, { ...patch, webhook });
  const call = `POST /agents/${id}/webhook/secrets`;
  await askData(server, { call, body: { secret: SECRET, graceSeconds: 0 } });
  return id;
}

/** The end of the window that an answer tells of, in unix seconds, and what is used of it. */
const windowOf = ({ headers }: WireAnswer): { end: number; used: number } => ({
  end: Number(headers.get("x-ratelimit-reset")),
  used: PER_MINUTE - Number(headers.get("x-ratelimit-remaining")),
});

/** What became of deliveries that were sent again. */
export interface Repetition {
  /** Answered otherwise than by the execution that was promised. */
  forgotten: number;
  /** Answers by which the window had taken fewer or more than was accepted in it. */
  miscounted: number;
}

/** The agents, their senders, and all promises. */
export class Intake {
  /** Execution id by the number of its delivery. */
  readonly promised = new Map<number, string>();
  /** Answers other than 200, by their code. */
  readonly refused: Record<string, number> = {};
  /** Promises by agent and end of the window. */
  readonly #windows = new Map<string, number>();
  /** Requests whose answer never came; they may have been accepted. */
  #unanswered = 0;
  #next = 1;
  #unrepeated = new Map<number, string>();

  private constructor(readonly agents: { echo: string; model: string }) {}

  /** Makes two agents, of which one calls the model stub. */
  static async open(data: { server: Target; stub: ModelStub }): Promise<Intake> {
    const { server, stub } = data;
    const providerId = await makeProvider(server, { baseUrl: stub.baseUrl });
    const call = { providerId, model: "slow-5", userPromptTemplate: "q{{input.number}}" };
    const model = await makeSignedAgent(server, { pipeline: modelPipeline(call) });
    return new Intake({ echo: await makeSignedAgent(server), model });
  }

  #agentOf(number: number): string {
    return callsModel(number) ? this.agents.model : this.agents.echo;
  }

  #bytesOf(number: number): Buffer {
    const body = JSON.stringify(bodyOf(number));
    const delivery = `delivery-${number}`;
    const headers = githubHeaders({ secret: SECRET, body, event: "push", delivery });
    return deliveryBytes({ agentId: this.#agentOf(number), body, headers });
  }

  /** A window's key; its end is told in whole seconds and may be rounded either way. */
  #windowKey(number: number, end: number): string {
    const keys = [end, end - 1, end + 1].map((second) => `${this.#agentOf(number)} ${second}`);
    return keys.find((key) => this.#windows.has(key)) ?? keys[0] ?? "";
  }

  #note(number: number, answer: WireAnswer): void {
    const key = this.#windowKey(number, windowOf(answer).end);
    this.#windows.set(key, (this.#windows.get(key) ?? 0) + 1);
  }

  /** Deliveries without pause until the server goes away; `take` remembers what they were answered. */
  send(url: string): Load {
    const make = (number: number): Buffer => this.#bytesOf(number);
    const note = (number: number, answer: WireAnswer): void => this.#note(number, answer);
    return new Load({ url, connections: SENDERS, make, note, first: this.#next });
  }

  /** Remembers what a load was answered, once it has ended. */
  take(load: Load): void {
    for (const [number, id] of load.acknowledged) {
      this.promised.set(number, id);
      this.#unrepeated.set(number, id);
    }
    for (const [code, count] of Object.entries(tally(load.refused))) {
      this.refused[code] = (this.refused[code] ?? 0) + count;
    }
    const sent = load.next - this.#next;
    this.#unanswered += sent - load.acknowledged.size - load.refused.length;
    this.#next = load.next;
  }

  /** Calls `visit` for every item on sixteen connections. */
  async #each<T>(
    url: string,
    data: { items: T[]; visit(item: T, connection: Connection): Promise<void> },
  ): Promise<void> {
    const left = data.items.values();
    const work = async (): Promise<void> => {
      using connection = await Connection.open(url);
      for (const item of left) await data.visit(item, connection);
    };
    await Promise.all(Array.from({ length: SENDERS }, work));
  }

  #isCounted(number: number, answer: WireAnswer): boolean {
    const { end, used } = windowOf(answer);
    const least = this.#windows.get(this.#windowKey(number, end)) ?? 0;
    return used >= least && used <= least + this.#unanswered;
  }

  /** Sends all again that was promised since the last call. */
  async repeat(url: string): Promise<Repetition> {
    const outcome = { forgotten: 0, miscounted: 0 };
    const items = [...this.#unrepeated];
    this.#unrepeated = new Map();
    const visit = async ([number, id]: [number, string], connection: Connection): Promise<void> => {
      const answer = await connection.exchange(this.#bytesOf(number));
      if (answer?.status !== 200 || executionIdOf(answer) !== id) outcome.forgotten += 1;
      else if (!this.#isCounted(number, answer)) outcome.miscounted += 1;
    };
    await this.#each(url, { items, visit });
    return outcome;
  }

  /** How many promised executions the database does not hold. */
  countLost(database: StoppedDatabase): number {
    const rows = database.rows<{ id: string }>("select lower(hex(uid)) as id from executions");
    const stored = new Set(rows.map(({ id }) => id));
    const hexOf = (id: string): string => id.replace("exec_", "").replaceAll("-", "");
    return [...this.promised.values()].filter((id) => !stored.has(hexOf(id))).length;
  }

  /** How many promised executions have not completed with the output of their own delivery. */
  async countWrong(target: Target): Promise<number> {
    let wrong = 0;
    const headers = { Authorization: `Bearer ${target.token}` };
    const visit = async ([number, id]: [number, string], connection: Connection): Promise<void> => {
      const path = `/agents/${this.#agentOf(number)}/executions/${id}`;
      const answer = await connection.exchange(toBytes({ method: "GET", path, headers }));
      const { data } = JSON.parse(answer?.text ?? "{}");
      if (data?.status !== "completed" || data.output !== outputOf(number)) wrong += 1;
    };
    await this.#each(target.url, { items: [...this.promised], visit });
    return wrong;
  }
}
