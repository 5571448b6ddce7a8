// The children and the tasks that wait for them: up to four at once, two kept, agents in turn.
// What a child says wrong, or not at all, costs that child and its task, and nothing else.

import type { Log } from "../lib/log";
import type { ChildProcess } from "./child-process";
import { startChild } from "./child-process";
import { CodeError } from "./code";
import type { Answer } from "./messages";
import { Queue } from "./queue";
import type { Task, TaskEnd } from "./run";
import { Run } from "./run";

export interface ChildrenDeps {
  /** What starts a child. */
  command: readonly string[];
  log: Log;
  /** Longest wait for a child, instead of 5 s. */
  waitMs?: number;
  /** For how long more children than are kept may be idle, instead of 10 s. */
  idleMs?: number;
}

const MAX_CHILDREN = 4;
const MAX_KEPT = 2;
/** Of one agent that waits alone. */
const MAX_WAITING = 1_000;
const WAIT_MS = 5_000;
const IDLE_MS = 10_000;
/** A child takes about 60 ms to start, and some after a run that took much memory. */
const READY_MS = 4_000;
/** A ready child that holds more keeps memory of an earlier run, and leaves too little for the next. */
const MAX_RESTING_BYTES = 40 * 1024 * 1024;

interface Waiting {
  agent: number;
  task: Task;
  resolve(end: TaskEnd): void;
  reject(reason: unknown): void;
  /** It waits no longer. */
  leave(): void;
}

interface Seat {
  child: ChildProcess;
  /** What it is asked; null while it starts or is idle. */
  run: Run | null;
  settle: Pick<Waiting, "resolve" | "reject"> | null;
  /** Runs until it is ready, after its start and after each run. */
  preparing: ReturnType<typeof setTimeout> | null;
  /** It has not been ready yet. */
  isNew: boolean;
}

export class Children {
  readonly #deps: ChildrenDeps;
  readonly #waiting = new Queue<Waiting>();
  readonly #seats = new Set<Seat>();
  readonly #idle: Seat[] = [];
  #trim: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  constructor(deps: ChildrenDeps) {
    this.#deps = deps;
  }

  /** Processes that live. */
  get size(): number {
    return this.#seats.size;
  }

  /**
   * Runs a task in a child. Rejects with the signal's reason, or with `CodeError`: CODE_TIMEOUT,
   * CODE_OUT_OF_MEMORY, SANDBOX_BUSY or SANDBOX_UNAVAILABLE.
   */
  run(task: Task): Promise<TaskEnd> {
    if (task.signal?.aborted === true) return Promise.reject(task.signal.reason);
    if (this.#stopped) return Promise.reject(new CodeError("SANDBOX_UNAVAILABLE"));
    if (!this.#waiting.hasRoom(task.agent, MAX_WAITING)) {
      return Promise.reject(new CodeError("SANDBOX_BUSY"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<TaskEnd>();
    const giveUp = (reason: unknown): void => {
      waiting.leave();
      reject(reason);
    };
    const onAbort = (): void => giveUp(task.signal?.reason);
    const { waitMs = WAIT_MS } = this.#deps;
    const timer = setTimeout(() => giveUp(new CodeError("SANDBOX_BUSY")), waitMs);
    task.signal?.addEventListener("abort", onAbort);
    const leave = (): void => {
      clearTimeout(timer);
      task.signal?.removeEventListener("abort", onAbort);
      this.#waiting.remove(waiting);
    };
    const waiting: Waiting = { agent: task.agent, task, resolve, reject, leave };
    this.#waiting.add(waiting);
    this.#fill();
    return promise;
  }

  /** Kills all children and refuses what waits. */
  stop(): void {
    this.#stopped = true;
    if (this.#trim !== null) clearTimeout(this.#trim);
    for (const seat of this.#seats) this.#end(seat, new CodeError("SANDBOX_UNAVAILABLE"));
    for (const waiting of this.#waiting) this.#refuse(waiting);
  }

  /** Gives idle children to those whose turn it is, and starts children for those that are left. */
  #fill(): void {
    while (this.#waiting.hasNext()) {
      const seat = this.#idle.at(-1);
      if (seat !== undefined) this.#begin(seat);
      else if (!this.#startFor(this.#waiting.size)) return;
    }
  }

  /** Starts one child more while fewer are on the way than are wanted; false where there is none. */
  #startFor(wanted: number): boolean {
    const coming = [...this.#seats].filter((seat) => seat.preparing !== null).length;
    if (coming >= wanted || this.#seats.size >= MAX_CHILDREN) return false;
    this.#start();
    return true;
  }

  #start(): void {
    try {
      const child = startChild(this.#deps, {
        onAnswer: (answer) => this.#onAnswer(seat, answer),
        onBroken: () => this.#onBroken(seat),
      });
      const seat: Seat = { child, run: null, settle: null, preparing: null, isNew: true };
      this.#awaitReady(seat);
      this.#seats.add(seat);
    } catch {
      this.#refuseOldest();
    }
  }

  /** A start that fails costs the one that has waited longest: no start is tried for ever. */
  #refuseOldest(): void {
    this.#deps.log.warn("sandbox.broken", { while: "starting" });
    const [oldest] = this.#waiting;
    if (oldest !== undefined) this.#refuse(oldest);
  }

  #awaitReady(seat: Seat): void {
    seat.preparing = setTimeout(() => this.#onBroken(seat), READY_MS);
  }

  #refuse(waiting: Waiting): void {
    waiting.leave();
    waiting.reject(new CodeError("SANDBOX_UNAVAILABLE"));
  }

  #begin(seat: Seat): void {
    const waiting = this.#waiting.take();
    if (waiting === null) return;
    const { task } = waiting;
    waiting.leave();
    this.#leaveIdle(seat);
    const onKill = (reason: unknown): void => this.#replace(seat, reason);
    seat.settle = waiting;
    seat.run = new Run({ task, child: seat.child, onKill });
    seat.child.send(task.frames);
  }

  #onAnswer(seat: Seat, answer: Answer): void {
    const { run, settle, preparing } = seat;
    if (answer.kind === "ready" && preparing !== null) {
      clearTimeout(preparing);
      seat.preparing = null;
      seat.isNew = false;
      this.#rest(seat);
    } else if (answer.kind === "ready" || run === null) {
      this.#onBroken(seat);
    } else if (answer.kind === "log") {
      if (!run.hear(answer.line)) this.#onBroken(seat);
    } else {
      this.#leaveRun(seat);
      this.#awaitReady(seat);
      settle?.resolve({ end: answer, logs: run.logs });
    }
  }

  /** It ended by itself, did not start, or said what no child says. */
  #onBroken(seat: Seat): void {
    const { run, isNew } = seat;
    this.#end(seat, run?.failure("SANDBOX_UNAVAILABLE"));
    if (isNew) this.#refuseOldest();
    else this.#deps.log.warn("sandbox.broken", { while: run === null ? "idle" : "running" });
    this.#fill();
  }

  #rest(seat: Seat): void {
    if ((seat.child.ownBytes() ?? 0) > MAX_RESTING_BYTES) return this.#replace(seat, null);
    this.#idle.push(seat);
    this.#fill();
    if (this.#idle.length > MAX_KEPT) this.#trim ??= this.#trimLater();
  }

  #trimLater(): ReturnType<typeof setTimeout> {
    const trim = (): void => {
      this.#trim = null;
      // The last used stays: it is the one that is taken next.
      for (const seat of this.#idle.slice(0, -MAX_KEPT)) this.#end(seat, null);
    };
    return setTimeout(trim, this.#deps.idleMs ?? IDLE_MS).unref();
  }

  /** Ends a child that has done its work before, and starts another where few are left. */
  #replace(seat: Seat, reason: unknown): void {
    this.#end(seat, reason);
    if (this.#seats.size < MAX_KEPT) this.#start();
    this.#fill();
  }

  #leaveRun(seat: Seat): void {
    const { run } = seat;
    if (run === null) return;
    run.close();
    this.#waiting.release(run.task.agent);
    seat.run = null;
    seat.settle = null;
  }

  #leaveIdle(seat: Seat): void {
    const place = this.#idle.indexOf(seat);
    if (place >= 0) this.#idle.splice(place, 1);
  }

  /** Kills a child; its task, if it has one, is rejected. */
  #end(seat: Seat, reason: unknown): void {
    const { settle, preparing } = seat;
    if (preparing !== null) clearTimeout(preparing);
    seat.child.kill();
    this.#seats.delete(seat);
    this.#leaveIdle(seat);
    this.#leaveRun(seat);
    settle?.reject(reason);
  }
}
