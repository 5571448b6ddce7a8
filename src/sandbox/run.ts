// One run in a child: what it has logged, its deadline, its memory, and how it ends exactly once.

import type { AppError } from "../errors";
import { CodeError } from "./code";
import type { ChildProcess } from "./child-process";
import type { RunEnd } from "./messages";
import { LOG_CUT, MAX_LOG_BYTES } from "./messages";

/** A request as it waits for a child. */
export interface Task {
  agent: number;
  frames: Uint8Array[];
  deadlineMs: number;
  /** Aborting it ends the task at once; null where nobody does. */
  signal: AbortSignal | null;
}

/** What a child gave for a task. */
export interface TaskEnd {
  end: RunEnd;
  logs: string[];
}

/** How often a run's memory is looked at; WebAssembly's own limit holds at any time. */
const LOOK_MS = 50;
/**
 * A child takes 16 to 40 MiB before a run; what it runs has 64 MiB more, and values up to 24 on their
 * way in. The most that was seen is 75 MiB.
 */
const MAX_OWN_BYTES = 128 * 1024 * 1024;
/** Bytes of a child's lines beyond which it is no child of ours. */
const MAX_HEARD_BYTES = MAX_LOG_BYTES + Buffer.byteLength(LOG_CUT) + 1;

export class Run {
  readonly task: Task;
  readonly logs: string[] = [];
  readonly #deadline: ReturnType<typeof setTimeout>;
  readonly #looking: ReturnType<typeof setInterval>;
  readonly #onAbort: () => void;
  #heard = 0;
  #ended = false;

  /** `onKill` is told why the child is to be killed, once at most. */
  constructor(data: { task: Task; child: ChildProcess; onKill(reason: unknown): void }) {
    const { task, child } = data;
    this.task = task;
    const kill = (reason: unknown): void => {
      if (!this.#ended) data.onKill(reason);
    };
    // A loop that was held up may find the answer unread: the pipes are read before that.
    const late = (): void => void setImmediate(() => kill(this.failure("CODE_TIMEOUT")));
    this.#deadline = setTimeout(late, task.deadlineMs);
    this.#looking = setInterval(() => {
      const isLarge = (child.ownBytes() ?? 0) > MAX_OWN_BYTES;
      if (isLarge) kill(this.failure("CODE_OUT_OF_MEMORY"));
    }, LOOK_MS);
    this.#onAbort = () => kill(task.signal?.reason);
    task.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Keeps a line; false where a child of ours would have stopped before. */
  hear(line: string): boolean {
    this.#heard += Buffer.byteLength(line) + 1;
    this.logs.push(line);
    return this.#heard <= MAX_HEARD_BYTES;
  }

  failure(code: AppError["code"]): CodeError {
    return new CodeError(code, { logs: this.logs });
  }

  /** It has ended, in whatever way. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#looking);
    this.task.signal?.removeEventListener("abort", this.#onAbort);
  }
}
