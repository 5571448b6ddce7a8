// When the log's pages are copied into the database file, and when the log begins anew. A Worker
// copies them while commits go on: on the main thread a copy held every answer back for 8 to 12 ms.

import type { Log } from "../lib/log";
import type { CheckpointReply, CheckpointRequest } from "./checkpoint-worker";
import type { Db } from "./open";

export interface Checkpoints {
  /** To be called after a commit; never inside a transaction. */
  afterCommit(): void;
  /** Ends the Worker, and copies all that is left: from now on the file alone is the database. */
  stop(): Promise<void>;
}

/** Pages in the log, and those of them that are in the database file too. */
interface LogState {
  log: number;
  checkpointed: number;
}

const NOTHING_IN_IT: LogState = { log: 0, checkpointed: 0 };

/** Pages that are worth a copy. */
const COPY_FROM = 1_000;
/** Pages, 16 MiB, from which the log should begin anew. */
const RESTART_FROM = 4_000;
/** Pages that the main thread copies itself, for the log to begin anew: about a millisecond. */
const OWN_SHARE = 64;
/** Copies in a row that may bring it there: each leaves what was committed meanwhile. */
const MAX_ROUNDS = 5;
/** Pages, 128 MiB, from which it copies all itself, as the Worker does not keep up or has died. */
const OVERDUE = 32_000;
/** A stop waits for the Worker so long. */
const CLOSE_MS = 2_000;

/** What is used of a Worker. */
export type CheckpointWorker = Pick<
  Worker,
  "addEventListener" | "postMessage" | "terminate" | "unref"
>;

export interface CheckpointsDeps {
  db: Db;
  log: Log;
  /** Starts `checkpoint-worker.ts`. */
  startWorker(): CheckpointWorker;
}

/** The checkpoints of one connection; the Worker starts with the first. */
export const createCheckpoints = (deps: CheckpointsDeps): Checkpoints =>
  new WorkerCheckpoints(deps);

class WorkerCheckpoints implements Checkpoints {
  readonly #deps: CheckpointsDeps;
  readonly #look;
  readonly #copy;
  #worker: CheckpointWorker | null = null;
  #replied: ((reply: CheckpointReply) => void) | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;
  /** Pages left by a copy that failed: the next waits for as many more. */
  #leftByFailure = 0;

  constructor(deps: CheckpointsDeps) {
    this.#deps = deps;
    const { raw } = deps.db;
    this.#look = raw.query<LogState, []>("pragma wal_checkpoint(noop)");
    this.#copy = raw.query<LogState, []>("pragma wal_checkpoint(passive)");
  }

  afterCommit(): void {
    const left = this.#left();
    if (left >= OVERDUE) this.#copyHere();
    if (this.#running !== null || this.#stopped) return;
    if (left < COPY_FROM + this.#leftByFailure) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      // What was committed meanwhile may be worth a copy, and no commit may follow.
      this.afterCommit();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([this.#close(), late]);
    clearTimeout(timer);
    this.#worker?.terminate();
    this.#try(() => this.#deps.db.raw.run("pragma wal_checkpoint(truncate)"));
  }

  async #close(): Promise<void> {
    await this.#running;
    if (this.#worker !== null) await this.#ask("close");
  }

  /** Of a disk that cannot be read now nothing is known; the next commit looks again. */
  #state(): LogState {
    try {
      return this.#look.get() ?? NOTHING_IN_IT;
    } catch {
      return NOTHING_IN_IT;
    }
  }

  #left(): number {
    const { log, checkpointed } = this.#state();
    return log - checkpointed;
  }

  /** Lets the Worker copy, again while the log is long, and ends with what little is left then. */
  async #run(): Promise<void> {
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const { error } = await this.#ask({ path: this.#deps.db.raw.filename });
      if (error !== null) return this.#noteFailure(error);
      this.#leftByFailure = 0;
      const { log, checkpointed } = this.#state();
      if (this.#stopped || log < RESTART_FROM) return;
      if (log - checkpointed <= OWN_SHARE) break;
    }
    this.#copyHere();
  }

  /** All that is left: the next commit then begins the log anew. */
  #copyHere(): void {
    this.#try(() => void this.#copy.get());
  }

  #try(copy: () => void): void {
    try {
      copy();
    } catch (error) {
      this.#noteFailure(error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN");
    }
  }

  #noteFailure(code: string): void {
    this.#leftByFailure = this.#left();
    this.#deps.log.warn("database.checkpoint_failed", { code, pages: this.#leftByFailure });
  }

  /** One request at a time: the next is asked after the reply to the last. */
  #ask(request: CheckpointRequest): Promise<CheckpointReply> {
    const { promise, resolve } = Promise.withResolvers<CheckpointReply>();
    this.#replied = resolve;
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
    return promise;
  }

  #start(): CheckpointWorker {
    const worker = this.#deps.startWorker();
    // A server that has nothing else to do may end.
    worker.unref();
    worker.addEventListener("message", ({ data }: MessageEvent<CheckpointReply>) => {
      this.#replied?.(data);
      this.#replied = null;
    });
    worker.addEventListener("error", () => this.#forget(worker));
    worker.addEventListener("close", () => this.#forget(worker));
    return worker;
  }

  /** The next request starts another one. */
  #forget(worker: CheckpointWorker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#replied?.({ error: "WORKER_ENDED" });
    this.#replied = null;
  }
}
