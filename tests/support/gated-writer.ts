// A writer that keeps what it is given until the test lets it through, or refuses it as a full disk does.

import type { Writer } from "../../src/db/writer";
import { AppError } from "../../src/errors";

export interface GatedWriter extends Writer {
  /** Writes that wait. */
  held(): number;
  /** Lets through what waits and what comes. */
  open(): void;
  /** From now on writes wait again. */
  close(): void;
  /** Refuses what waits and what comes with STORAGE_UNAVAILABLE, until opened. */
  refuse(): void;
  /** Refuses the next write alone. */
  refuseNext(): void;
}

/** In front of another writer; open at first. */
export function createGatedWriter(behind: Writer): GatedWriter {
  let mode: "open" | "closed" | "refusing" | "refusing once" = "open";
  let waiting: (() => void)[] = [];
  const turn = (next: typeof mode): void => {
    mode = next;
    const all = waiting;
    waiting = [];
    for (const go of all) go();
  };
  async function write<T>(job: () => T, committed?: (value: T) => void): Promise<T> {
    while (mode === "closed") await new Promise<void>((go) => waiting.push(go));
    const refused = mode !== "open";
    if (mode === "refusing once") mode = "open";
    if (refused) throw new AppError("STORAGE_UNAVAILABLE");
    return behind.write(job, committed);
  }
  return {
    write,
    drained: () => behind.drained(),
    held: () => waiting.length,
    open: () => turn("open"),
    close: () => turn("closed"),
    refuse: () => turn("refusing"),
    refuseNext: () => turn("refusing once"),
  };
}
