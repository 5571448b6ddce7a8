// The slots: takes waiting executions from the table, agents in turn, and runs each in a slot; of a
// webhook's own no more at once than it may have.
// A slot hands its result to the writer and takes the next execution without waiting for the commit.

import { describeError } from "../../lib/log";
import type { StepRecord } from "../../pipelines/record";
import type { CallAgentDeps } from "./call-agent";
import { callAgent } from "./call-agent";
import type { Run } from "./execute";
import { execute, recordCancelled } from "./execute";
import type { WaitingRow } from "../executions.store";
import { isOpen } from "../executions.store";
import { Stopped } from "../persist";
import type { Turns } from "./turns";
import { createTurns } from "./turns";

/** What can be seen of an execution in a slot. */
export interface LiveExecution {
  startedAt: number;
  attempt: number;
  steps: readonly StepRecord[];
}

export interface Pool {
  /** Takes up an execution that has just been committed; called in the order of the commits. */
  offer(row: WaitingRow): void;
  /** As `offer`, for one that had ended and waits again. */
  offerAgain(row: WaitingRow): void;
  /** Fills free slots with what waits. */
  wake(): void;
  /** The execution in a slot, or undefined. */
  liveOf(seq: number): LiveExecution | undefined;
  /** Executions in slots. */
  size(): number;
  /**
   * Resolves when that execution's end is on disk, at once where it ended before; or when `giveUp`
   * is aborted.
   */
  finished(seq: number, giveUp?: AbortSignal): Promise<void>;
  /**
   * Ends that execution as cancelled, unless its own end comes first; resolves when either is on
   * disk. In a slot it is aborted at once. Rejects with STORAGE_UNAVAILABLE where it waited and that
   * could not be stored.
   */
  cancel(execution: { seq: number; uid: Uint8Array }): Promise<void>;
  /** Resolves when no slot is taken and no result waits for its commit. */
  idle(): Promise<void>;
  /** Takes no more work, lets what runs finish for `graceMs`, then cuts it for the next start. */
  stop(graceMs: number): Promise<void>;
}

export type PoolDeps = Omit<CallAgentDeps, "callAgent" | "enter"> & {
  slots: number;
  /** The last `seq` of earlier processes: up to it, a start is on disk before it runs. */
  bootSeq: number;
  /** How many executions of its deliveries an agent may have in slots; asked at each start. */
  maxConcurrentOf(agent: number): number;
};

/** Bounds the results that wait for a commit, and how long one turn of the loop can last. */
const MAX_UNSETTLED = 256;

/** A pool whose slots are empty until `wake`. */
export const createPool = (deps: PoolDeps): Pool => new SlotPool(deps);

function addTo(counts: Map<number, number>, data: { agent: number; change: 1 | -1 }): void {
  const count = (counts.get(data.agent) ?? 0) + data.change;
  if (count === 0) counts.delete(data.agent);
  else counts.set(data.agent, count);
}

class SlotPool implements Pool {
  readonly #deps: PoolDeps;
  /** In a slot. */
  readonly #running = new Set<Run>();
  /** In a slot, or with an end that is not on disk yet. */
  readonly #unsettled = new Map<number, Run>();
  readonly #byAgent = new Map<number, number>();
  /** Of those in a slot, the ones that came from a delivery. */
  readonly #delivered = new Map<number, number>();
  /** What those in a slot have called, and what that has. */
  readonly #called = new Map<number, Run>();
  readonly #executing: CallAgentDeps;
  readonly #turns: Turns;
  readonly #waiters = new Map<number, Set<() => void>>();
  readonly #cut = new AbortController();
  #idle: (() => void)[] = [];
  #stopped = false;
  #waking = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    const { db } = deps;
    this.#executing = {
      ...deps,
      callAgent: (data) => callAgent(this.#executing, data),
      enter: (run) => this.#enter(run),
    };
    this.#turns = createTurns({ db, hasPlace: (agent) => this.#hasPlace(agent) });
  }

  offer(row: WaitingRow): void {
    this.#turns.add(row);
    this.wake();
  }

  offerAgain(row: WaitingRow): void {
    this.#turns.addAgain(row);
    this.wake();
  }

  wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    queueMicrotask(() => this.#fill());
  }

  #fill(): void {
    this.#waking = false;
    while (!this.#stopped && this.#hasRoom()) {
      const row = this.#turns.take((agent) => this.#mayStart(agent));
      if (row === null) break;
      this.#start(row);
    }
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  liveOf(seq: number): LiveExecution | undefined {
    const run = this.#find(seq);
    if (run === undefined) return undefined;
    return { startedAt: run.startedAt, attempt: run.attempt, steps: [...run.steps.values()] };
  }

  size(): number {
    return this.#running.size;
  }

  finished(seq: number, giveUp?: AbortSignal): Promise<void> {
    if (giveUp?.aborted === true || !isOpen(this.#deps, seq)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(seq) ?? new Set();
      this.#waiters.set(seq, waiters.add(resolve));
      const leave = (): void => {
        waiters.delete(resolve);
        if (waiters.size === 0 && this.#waiters.get(seq) === waiters) this.#waiters.delete(seq);
        resolve();
      };
      giveUp?.addEventListener("abort", leave, { once: true });
    });
  }

  async cancel({ seq, uid }: { seq: number; uid: Uint8Array }): Promise<void> {
    while (isOpen(this.#deps, seq)) {
      const run = this.#find(seq);
      run?.abort.abort("cancelled");
      // A stop may cut it first: then it waits again.
      if (run === undefined) await this.#cancelWaiting(seq, uid);
      else await this.finished(seq);
    }
  }

  /** Decided inside the write: until its commit no slot can take the execution. */
  async #cancelWaiting(seq: number, uid: Uint8Array): Promise<void> {
    const { writer, freshInputs } = this.#deps;
    await writer.write(
      () => (this.#find(seq) === undefined ? recordCancelled(this.#deps, uid) : null),
      (row) => {
        if (row === null) return;
        this.#turns.drop(row);
        freshInputs.take(seq);
        this.#tell(seq);
      },
    );
  }

  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    const cut = setTimeout(() => {
      this.#cut.abort();
      for (const run of this.#running) run.abort.abort("stopping");
    }, graceMs);
    await this.idle();
    clearTimeout(cut);
  }

  #hasRoom(): boolean {
    return (
      this.#running.size < this.#deps.slots &&
      this.#unsettled.size < MAX_UNSETTLED + this.#deps.slots
    );
  }

  #isIdle(): boolean {
    return this.#unsettled.size === 0 && this.#called.size === 0 && !this.#waking;
  }

  /** No agent holds the last slot while another waits; with one slot there is nothing to share. */
  #mayStart(agent: number): boolean {
    const { slots } = this.#deps;
    return slots === 1 || (this.#byAgent.get(agent) ?? 0) < slots - 1;
  }

  #hasPlace(agent: number): boolean {
    return (this.#delivered.get(agent) ?? 0) < this.#deps.maxConcurrentOf(agent);
  }

  #count(row: WaitingRow, change: 1 | -1): void {
    addTo(this.#byAgent, { agent: row.agent, change });
    if (row.delivery !== null) addTo(this.#delivered, { agent: row.agent, change });
  }

  #start(row: WaitingRow): void {
    this.#count(row, 1);
    const run: Run = {
      row,
      startedAt: this.#deps.clock.now(),
      attempt: row.attempt + 1,
      // Of both there are steps on disk that are not to be run.
      strict: row.seq <= this.#deps.bootSeq || row.attempt > 0 || row.trigger === "replay",
      steps: new Map(),
      abort: new AbortController(),
      hasEnded: false,
      lineage: [{ seq: row.seq, agent: row.agent }],
    };
    this.#running.add(run);
    this.#unsettled.set(row.seq, run);
    execute(this.#executing, { run, stopping: this.#cut.signal, release: () => this.#release(run) })
      .catch((error: unknown) => {
        if (error instanceof Stopped) return;
        this.#deps.log.error("execution.unsaved", { seq: row.seq, ...describeError(error) });
      })
      .finally(() => this.#settle(run));
  }

  #find(seq: number): Run | undefined {
    return this.#unsettled.get(seq) ?? this.#called.get(seq);
  }

  #enter(run: Run): () => void {
    const { seq } = run.row;
    this.#called.set(seq, run);
    return () => {
      this.#called.delete(seq);
      this.#tell(seq);
      this.wake();
    };
  }

  #release(run: Run): void {
    if (!this.#running.delete(run)) return;
    this.#count(run.row, -1);
    this.wake();
  }

  #settle(run: Run): void {
    this.#release(run);
    this.#unsettled.delete(run.row.seq);
    this.#tell(run.row.seq);
    this.wake();
  }

  #tell(seq: number): void {
    const waiters = this.#waiters.get(seq);
    this.#waiters.delete(seq);
    for (const resolve of waiters ?? []) resolve();
  }
}
