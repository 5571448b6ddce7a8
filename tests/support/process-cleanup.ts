// What is left of a test that never came to its end, as after its timeout, is ended with its file.

import { afterAll, setDefaultTimeout } from "bun:test";

/** Long enough for a slow machine with many starts of the binary; a wait has its own deadline. */
const TEST_MS = 60_000;

const pending = new Set<() => void>();

/** Ends something with the file, unless what is returned is called before. */
export function endWithFile(end: () => void): () => void {
  pending.add(end);
  return () => void pending.delete(end);
}

/** Ends all that is left, the newest first: a server before its disk, a disk before its folder. */
export function endAll(): void {
  for (const end of [...pending].toReversed()) {
    pending.delete(end);
    end();
  }
}

/** To be called once in every file of process tests. */
export function guardProcesses(): void {
  setDefaultTimeout(TEST_MS);
  afterAll(endAll);
}
