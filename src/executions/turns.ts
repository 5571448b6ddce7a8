// Which waiting execution is next: oldest first within an agent, agents in turn. Holds a part of
// the table's waiting rows in memory; what does not fit stays in the table until there is room.

import type { StoreDeps, WaitingRow } from "./executions.store";
import { listWaitingAgents, listWaitingOf } from "./executions.store";

export interface Turns {
  /** A row that has just been committed. */
  add(row: WaitingRow): void;
  /** The next row whose agent `mayStart`, else the first that waits at all; null where none does. */
  take(mayStart: (agent: number) => boolean): WaitingRow | null;
}

interface AgentTurn {
  rows: WaitingRow[];
  /** The table holds waiting rows above the last one seen. */
  behind: boolean;
}

/** Rows in memory, of all agents together. */
const MAX_ROWS = 10_000;
const ROWS_A_READ = 100;

/** Starts with what waits in the table. */
export const createTurns = (deps: StoreDeps): Turns => new MemoryTurns(deps);

class MemoryTurns implements Turns {
  readonly #deps: StoreDeps;
  /** In the order of their turns: an agent that was served goes to the end. */
  readonly #agents = new Map<number, AgentTurn>();
  /** By agent, the highest `seq` that was ever in memory: a row read from the table is added later. */
  readonly #seen = new Map<number, number>();
  #rows = 0;

  constructor(deps: StoreDeps) {
    this.#deps = deps;
    for (const agent of listWaitingAgents(deps)) {
      this.#agents.set(agent, { rows: [], behind: true });
    }
  }

  add(row: WaitingRow): void {
    if (row.seq <= (this.#seen.get(row.agent) ?? 0)) return;
    const turn = this.#agents.get(row.agent) ?? { rows: [], behind: false };
    this.#agents.set(row.agent, turn);
    if (turn.behind || this.#rows >= MAX_ROWS) {
      turn.behind = true;
      return;
    }
    turn.rows.push(row);
    this.#seen.set(row.agent, row.seq);
    this.#rows += 1;
  }

  take(mayStart: (agent: number) => boolean): WaitingRow | null {
    let spare: number | null = null;
    for (const [agent, turn] of this.#agents) {
      if (!this.#hasRow(agent, turn)) continue;
      if (mayStart(agent)) return this.#serve(agent, turn);
      spare ??= agent;
    }
    const turn = spare === null ? undefined : this.#agents.get(spare);
    return spare === null || turn === undefined ? null : this.#serve(spare, turn);
  }

  /** Whether the agent has a row in memory, after a look into the table where that may hold more. */
  #hasRow(agent: number, turn: AgentTurn): boolean {
    if (turn.rows.length > 0) return true;
    if (turn.behind) this.#read(agent, turn);
    return turn.rows.length > 0;
  }

  #read(agent: number, turn: AgentTurn): void {
    const after = this.#seen.get(agent) ?? 0;
    const rows = listWaitingOf(this.#deps, { agent, after, limit: ROWS_A_READ });
    turn.rows = rows;
    turn.behind = rows.length === ROWS_A_READ;
    this.#seen.set(agent, rows.at(-1)?.seq ?? after);
    this.#rows += rows.length;
  }

  #serve(agent: number, turn: AgentTurn): WaitingRow | null {
    const row = turn.rows.shift() ?? null;
    if (row !== null) this.#rows -= 1;
    this.#agents.delete(agent);
    if (turn.rows.length > 0 || turn.behind) this.#agents.set(agent, turn);
    return row;
  }
}
