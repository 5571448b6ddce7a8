// Group commit: writes that arrive in turns of the event loop that follow each other share one
// IMMEDIATE transaction, and each is answered only after its commit. Measured: 4 × the rate of a commit
// a request; setImmediate is the moment (a microtask makes groups of one, a timer costs 1 ms).

import { SQLiteError } from "bun:sqlite";
import { AppError } from "../errors";
import type { Clock } from "../lib/clock";
import type { Log } from "../lib/log";
import { describeError } from "../lib/log";
import type { Db } from "./open";

export interface Writer {
  /**
   * Runs `job` inside the next group's transaction and resolves with its result once that is on
   * disk. A job that throws fails alone and leaves nothing; it may be run a second time when
   * another of its group threw, so it touches only the database.
   * `committed` is called right after the commit, in the order of the calls of `write`; what awaits
   * the promise goes on later, and in any order.
   * Rejects with STORAGE_UNAVAILABLE where the group could not be committed.
   */
  write<T>(job: () => T, committed?: (value: T) => void): Promise<T>;
  /** Resolves when everything accepted so far has been committed or refused. */
  drained(): Promise<void>;
}

interface Entry {
  since: number;
  run(): void;
  resolve(): void;
  reject(error: unknown): void;
}

interface Outcome {
  entry: Entry;
  /** Null where the entry is on disk. */
  error: unknown;
}

/** Bounds how long one group holds the loop: about 25 µs a job. */
const MAX_GROUP = 512;
/** Turns of the loop that a group may gather in; a write that comes alone waits for one. */
const MAX_TURNS = 4;
/** How long another process's lock is waited for. */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_RETRY_MS = 10;

const STORAGE_FAULT =
  /^SQLITE_(FULL|IOERR|READONLY|CORRUPT|CANTOPEN|NOMEM|NOTADB|BUSY|LOCKED|PROTOCOL)/;

const isStorageFault = (error: unknown): boolean =>
  error instanceof SQLiteError && STORAGE_FAULT.test(error.code ?? "");
const isLocked = (error: unknown): boolean =>
  error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_BUSY");

/** The one writer of a connection. */
export function createWriter(deps: WriterDeps): Writer {
  return new GroupWriter(deps);
}

interface WriterDeps {
  db: Db;
  clock: Clock;
  log: Log;
  /** Called once a group is on disk and answered. */
  afterCommit?(): void;
}

class GroupWriter implements Writer {
  readonly #deps: WriterDeps;
  readonly #begin;
  readonly #commit;
  #queue: Entry[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(deps: WriterDeps) {
    this.#deps = deps;
    this.#begin = deps.db.raw.prepare("begin immediate");
    this.#commit = deps.db.raw.prepare("commit");
  }

  write<T>(job: () => T, committed?: (value: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // Answers one request only after the commit: the job's result waits in `value` until then.
      let value: T;
      this.#queue.push({
        since: this.#deps.clock.monotonic(),
        run() {
          value = job();
        },
        resolve() {
          try {
            committed?.(value);
            resolve(value);
          } catch (error) {
            reject(error);
          }
        },
        reject,
      });
      this.#schedule();
    });
  }

  drained(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#gather(MAX_TURNS);
  }

  /** Waits for as long as each turn of the loop brings more: a commit costs the same for all of them. */
  #gather(turns: number): void {
    const { length } = this.#queue;
    setImmediate(() => {
      if (turns > 1 && this.#queue.length > length) this.#gather(turns - 1);
      else this.#flush();
    });
  }

  #flush(): void {
    this.#scheduled = false;
    try {
      this.#begin.run();
    } catch (error) {
      if (isLocked(error)) return this.#waitForLock(error);
      return this.#settle(this.#refuse(this.#queue.splice(0), error));
    }
    this.#settle(this.#runGroup(this.#queue.splice(0, MAX_GROUP)));
    this.#deps.afterCommit?.();
  }

  #runGroup(group: Entry[]): Outcome[] {
    try {
      for (const entry of group) entry.run();
      this.#commit.run();
      return group.map((entry) => ({ entry, error: null }));
    } catch (first) {
      this.#rollback();
      if (isStorageFault(first)) return this.#refuse(group, first);
    }
    try {
      return this.#runApart(group);
    } catch (second) {
      this.#rollback();
      return this.#refuse(group, second);
    }
  }

  #runApart(group: Entry[]): Outcome[] {
    this.#begin.run();
    const outcomes = group.map((entry) => this.#runInSavepoint(entry));
    this.#commit.run();
    return outcomes;
  }

  #runInSavepoint(entry: Entry): Outcome {
    const { raw } = this.#deps.db;
    raw.run("savepoint job");
    try {
      entry.run();
      raw.run("release job");
      return { entry, error: null };
    } catch (error) {
      if (isStorageFault(error)) throw error;
      raw.run("rollback to job");
      raw.run("release job");
      return { entry, error };
    }
  }

  #rollback(): void {
    // After some faults SQLite has rolled back by itself.
    if (this.#deps.db.raw.inTransaction) this.#deps.db.raw.run("rollback");
  }

  #refuse(group: Entry[], cause: unknown): Outcome[] {
    this.#deps.log.error("database.commit_failed", {
      requests: group.length,
      ...describeError(cause),
    });
    const error = new AppError("STORAGE_UNAVAILABLE", { cause, headers: { "Retry-After": "5" } });
    return group.map((entry) => ({ entry, error }));
  }

  #waitForLock(cause: unknown): void {
    const oldest = this.#deps.clock.monotonic() - LOCK_PATIENCE_MS;
    const expired = this.#queue.filter((entry) => entry.since <= oldest);
    this.#queue = this.#queue.filter((entry) => entry.since > oldest);
    if (this.#queue.length > 0) {
      this.#scheduled = true;
      setTimeout(() => this.#flush(), LOCK_RETRY_MS);
    }
    if (expired.length > 0) this.#settle(this.#refuse(expired, cause));
  }

  #settle(outcomes: Outcome[]): void {
    for (const { entry, error } of outcomes) {
      if (error === null) entry.resolve();
      else entry.reject(error);
    }
    if (this.#queue.length > 0) return this.#schedule();
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
