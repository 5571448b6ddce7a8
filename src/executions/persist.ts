// Writing what must not be lost: tried until it is on disk, or the process stops.

import type { Writer } from "../db/writer";
import { AppError } from "../errors";

const RETRY_MS = 1_000;

/** Thrown to what waits for a write when the process stops first; the next start goes on. */
export class Stopped extends Error {}

const isStorage = (error: unknown): boolean =>
  error instanceof AppError && error.code === "STORAGE_UNAVAILABLE";

/** Commits `job`, again every second while storage fails; throws `Stopped`, or the job's own error. */
export async function persist<T>(
  deps: { writer: Writer; stopping: AbortSignal },
  job: () => T,
): Promise<T> {
  for (;;) {
    try {
      return await deps.writer.write(job);
    } catch (error) {
      if (!isStorage(error)) throw error;
    }
    await waitOrStop(deps.stopping);
  }
}

function waitOrStop(stopping: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stopping.aborted) return reject(new Stopped());
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Stopped());
    };
    const timer = setTimeout(() => {
      stopping.removeEventListener("abort", stop);
      resolve();
    }, RETRY_MS);
    stopping.addEventListener("abort", stop, { once: true });
  });
}
