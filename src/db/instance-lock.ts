// One process a data directory: an exclusive SQLite lock, which the system drops when its holder
// dies, and beside it a note of who holds it.

import { Database, SQLiteError } from "bun:sqlite";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface LockHolder {
  pid: number;
  startedAt: string;
  url: string | null;
}

export interface InstanceLock {
  /** Tells later starters where the holder listens. */
  note(holder: LockHolder): void;
  release(): void;
}

/** Another process uses the data directory. */
export class DirectoryInUse extends Error {
  constructor(dataDir: string, holder: LockHolder | null) {
    const who =
      holder === null
        ? "another process"
        : `process ${holder.pid}${holder.url === null ? "" : ` at ${holder.url}`}, started ${holder.startedAt}`;
    super(`The data directory ${dataDir} is in use by ${who}. Stop it, or set HOOKLINE_DATA_DIR.`);
    this.name = "DirectoryInUse";
  }
}

function readHolder(path: string): LockHolder | null {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
  } catch {
    // The holder may be writing it just now; the lock itself is what counts.
    return null;
  }
}

/** Takes the directory or throws `DirectoryInUse`. */
export function lockDirectory(dataDir: string): InstanceLock {
  const notePath = join(dataDir, "hookline.lock.json");
  const lock = new Database(join(dataDir, "hookline.lock"), { create: true });
  try {
    lock.run("pragma busy_timeout = 0");
    lock.run("begin exclusive");
  } catch (error) {
    lock.close();
    if (error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_BUSY")) {
      throw new DirectoryInUse(dataDir, readHolder(notePath));
    }
    throw error;
  }
  return {
    note: (holder) => writeFileSync(notePath, `${JSON.stringify(holder)}\n`),
    release() {
      rmSync(notePath, { force: true });
      lock.close();
    },
  };
}
