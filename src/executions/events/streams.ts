// Streams of an execution's events (HTML Living Standard, 9.2): one look at a time and no more than the
// reader takes, so that a slow one holds nothing in memory. An execution that nobody watches pays nothing.

import { AppError } from "../../errors";
import { listEvents, type ExecutionEvent } from "./list-events";
import type { ViewDeps } from "../view";

/** Streams that are open at once. */
const MAX_STREAMS = 100;
/** Milliseconds between two looks at an execution that runs. */
const LOOK_MS = 250;
/** Milliseconds after which a silent stream says that it lives. */
const HEARTBEAT_MS = 15_000;
/** What a reader waits before it comes again. */
const RETRY_MS = 2_000;

export interface EventStreams {
  /**
   * The events of an execution after `lastEventId`, up to its end; with that it ends. Throws
   * OVERLOADED where 100 streams are open.
   */
  open(data: { seq: number; uid: Uint8Array; lastEventId: string | null }): ReadableStream;
  /** Ends all streams; their readers come again with the last id they have. */
  stop(): void;
}

const encoder = new TextEncoder();

const write = ({ id, name, data }: ExecutionEvent): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Resolves when the execution has ended, after so long, or when `signal` is aborted. */
async function waitFor(
  deps: ViewDeps,
  data: { seq: number; ms: number; signal: AbortSignal },
): Promise<void> {
  const wait = new AbortController();
  const giveUp = (): void => wait.abort();
  const timer = setTimeout(giveUp, data.ms);
  data.signal.addEventListener("abort", giveUp, { once: true });
  if (data.signal.aborted) giveUp();
  await deps.pool.finished(data.seq, wait.signal);
  clearTimeout(timer);
  data.signal.removeEventListener("abort", giveUp);
}

/** One reader's place in an execution. */
class Reader {
  readonly #deps: ViewDeps;
  readonly #data: { seq: number; uid: Uint8Array; lastEventId: string | null };
  readonly #signal: AbortSignal;
  readonly #sent = new Set<string>();

  constructor(
    deps: ViewDeps,
    data: { seq: number; uid: Uint8Array; lastEventId: string | null; signal: AbortSignal },
  ) {
    this.#deps = deps;
    this.#data = data;
    this.#signal = data.signal;
  }

  /** The text of what is new, a sign of life after a while; null at the end. */
  async next(): Promise<string | null> {
    const silentUntil = this.#deps.clock.monotonic() + HEARTBEAT_MS;
    while (!this.#signal.aborted) {
      const { text, isFinished } = this.#look();
      if (text !== "") return text;
      if (isFinished) return null;
      if (this.#deps.clock.monotonic() >= silentUntil) return ": waiting\n\n";
      await waitFor(this.#deps, { seq: this.#data.seq, ms: LOOK_MS, signal: this.#signal });
    }
    return null;
  }

  /** What of this millisecond is to come would sort before what was sent: it waits for the next. */
  #look(): { text: string; isFinished: boolean } {
    const { lastEventId, uid } = this.#data;
    const now = String(this.#deps.clock.now()).padStart(13, "0");
    const { events, isFinished } = listEvents(this.#deps, uid);
    const due = events.filter(
      ({ id }) =>
        !this.#sent.has(id) &&
        (lastEventId === null || id > lastEventId) &&
        (isFinished || id.slice(0, 13) < now),
    );
    for (const { id } of due) this.#sent.add(id);
    return { text: due.map(write).join(""), isFinished };
  }
}

/** No stream is open yet. */
export function createEventStreams(deps: ViewDeps): EventStreams {
  const open = new Set<AbortController>();
  return {
    open(data) {
      if (open.size >= MAX_STREAMS) {
        throw new AppError("OVERLOADED", { headers: { "Retry-After": "5" } });
      }
      const controller = new AbortController();
      open.add(controller);
      const reader = new Reader(deps, { ...data, signal: controller.signal });
      return new ReadableStream<Uint8Array>({
        start: (stream) => stream.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`)),
        async pull(stream) {
          const text = await reader.next();
          if (text !== null) return stream.enqueue(encoder.encode(text));
          open.delete(controller);
          stream.close();
        },
        cancel() {
          open.delete(controller);
          controller.abort();
        },
      });
    },
    stop() {
      for (const controller of open) controller.abort();
    },
  };
}
