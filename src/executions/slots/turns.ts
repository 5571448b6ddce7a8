// Which waiting execution is next: oldest first within an agent, agents in turn. What a full webhook
// holds back stands apart, so that nothing behind it waits for it. Holds a part of the table's
// waiting rows in memory; what does not fit stays in the table until there is room.

import type { StoreDeps, WaitingRow } from "../executions.store";
import type { WaitingKind, WaitingWork } from "./waiting.store";
import { listWaitingOf, listWaitingWork } from "./waiting.store";

export interface Turns {
  /** A row that has just been committed. */
  add(row: WaitingRow): void;
  /** A row that had ended and waits again. */
  addAgain(row: WaitingRow): void;
  /**
   * The next row that may start, of an agent that `mayStart`, else of the first that has one at all;
   * null where there is none.
   */
  take(mayStart: (agent: number) => boolean): WaitingRow | null;
  /** Takes a row out that does not wait any more on disk. */
  drop(row: { seq: number; agent: number }): void;
}

export type TurnsDeps = StoreDeps & {
  /** Whether one more execution of the agent's deliveries may be in a slot. */
  hasPlace(agent: number): boolean;
};

/** Rows of one kind in memory, of all agents together. */
const MAX_ROWS = 10_000;
const ROWS_A_READ = 100;

/** Starts with what waits in the table. */
export const createTurns = (deps: TurnsDeps): Turns => new MemoryTurns(deps);

/** One agent's rows of one kind, by `seq`. */
interface Lane {
  rows: WaitingRow[];
  /** The table holds waiting rows above the last one seen. */
  behind: boolean;
  /** The highest `seq` that was ever in memory: a row read from the table is added later. */
  seen: number;
}

/** The waiting rows of one kind. */
class Lanes {
  readonly #deps: StoreDeps;
  readonly #kind: WaitingKind;
  readonly #byAgent = new Map<number, Lane>();
  #rows = 0;

  constructor(deps: StoreDeps, data: { kind: WaitingKind; work: WaitingWork[] }) {
    this.#deps = deps;
    this.#kind = data.kind;
    for (const { agent, kind, first } of data.work) {
      if (kind === data.kind) this.#byAgent.set(agent, { rows: [], behind: true, seen: first - 1 });
    }
  }

  add(row: WaitingRow): void {
    const lane = this.#byAgent.get(row.agent) ?? { rows: [], behind: false, seen: 0 };
    this.#byAgent.set(row.agent, lane);
    if (row.seq <= lane.seen) return;
    if (lane.behind || this.#rows >= MAX_ROWS) {
      lane.behind = true;
      return;
    }
    lane.rows.push(row);
    lane.seen = row.seq;
    this.#rows += 1;
  }

  addAgain(row: WaitingRow): void {
    const lane = this.#byAgent.get(row.agent);
    // Above what was seen it is found where any other is.
    if (lane === undefined || row.seq > lane.seen) return this.add(row);
    const at = lane.rows.findIndex(({ seq }) => seq > row.seq);
    lane.rows.splice(at === -1 ? lane.rows.length : at, 0, row);
    this.#rows += 1;
  }

  /** The agent's oldest row, after a look into the table where that may hold more. */
  first(agent: number): WaitingRow | null {
    const lane = this.#byAgent.get(agent);
    if (lane === undefined) return null;
    if (lane.rows.length === 0 && lane.behind) this.#read(agent, lane);
    return lane.rows[0] ?? null;
  }

  isEmpty(agent: number): boolean {
    const lane = this.#byAgent.get(agent);
    return lane === undefined || (lane.rows.length === 0 && !lane.behind);
  }

  /** Takes a row out, the oldest or any other. */
  remove(row: { seq: number; agent: number }): void {
    const lane = this.#byAgent.get(row.agent);
    const at = lane?.rows.findIndex(({ seq }) => seq === row.seq) ?? -1;
    if (lane === undefined || at === -1) return;
    if (at === 0) lane.rows.shift();
    else lane.rows.splice(at, 1);
    this.#rows -= 1;
  }

  #read(agent: number, lane: Lane): void {
    const kind = this.#kind;
    lane.rows = listWaitingOf(this.#deps, { agent, kind, after: lane.seen, limit: ROWS_A_READ });
    lane.behind = lane.rows.length === ROWS_A_READ;
    lane.seen = lane.rows.at(-1)?.seq ?? lane.seen;
    this.#rows += lane.rows.length;
  }
}

class MemoryTurns implements Turns {
  readonly #deps: TurnsDeps;
  /** With work that waits, in the order of their turns: an agent that was served goes to the end. */
  readonly #agents: Set<number>;
  readonly #delivered: Lanes;
  /** All others: no webhook's limit holds them back. */
  readonly #own: Lanes;

  constructor(deps: TurnsDeps) {
    this.#deps = deps;
    const work = listWaitingWork(deps);
    this.#agents = new Set(work.map(({ agent }) => agent));
    this.#delivered = new Lanes(deps, { kind: "delivered", work });
    this.#own = new Lanes(deps, { kind: "own", work });
  }

  add(row: WaitingRow): void {
    this.#lanesOf(row).add(row);
    this.#agents.add(row.agent);
  }

  addAgain(row: WaitingRow): void {
    this.#lanesOf(row).addAgain(row);
    this.#agents.add(row.agent);
  }

  take(mayStart: (agent: number) => boolean): WaitingRow | null {
    let spare: WaitingRow | null = null;
    for (const agent of this.#agents) {
      const row = this.#next(agent);
      if (row !== null && mayStart(agent)) return this.#serve(row);
      spare ??= row;
    }
    return spare === null ? null : this.#serve(spare);
  }

  drop(row: { seq: number; agent: number }): void {
    this.#delivered.remove(row);
    this.#own.remove(row);
  }

  #lanesOf(row: WaitingRow): Lanes {
    return row.delivery === null ? this.#own : this.#delivered;
  }

  /** The agent's oldest row that may start; one that has none and waits for none leaves the turns. */
  #next(agent: number): WaitingRow | null {
    const own = this.#own.first(agent);
    const delivered = this.#deps.hasPlace(agent) ? this.#delivered.first(agent) : null;
    if (own === null && delivered === null) this.#leaveIfDone(agent);
    if (own === null || delivered === null) return own ?? delivered;
    return own.seq < delivered.seq ? own : delivered;
  }

  #leaveIfDone(agent: number): void {
    if (this.#own.isEmpty(agent) && this.#delivered.isEmpty(agent)) this.#agents.delete(agent);
  }

  #serve(row: WaitingRow): WaitingRow {
    this.#lanesOf(row).remove(row);
    this.#agents.delete(row.agent);
    this.#agents.add(row.agent);
    this.#leaveIfDone(row.agent);
    return row;
  }
}
