// The log of commits: copied by the Worker while they go on, begun anew, and kept within bounds
// whatever becomes of the Worker.

import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { startCheckpointWorker } from "../../src/commands/start-worker";
import type { Checkpoints } from "../../src/db/checkpoints";
import { createCheckpoints } from "../../src/db/checkpoints";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import { eventually } from "../support/process-waiting";
import { createRecordedLog, type RecordedLog } from "../support/recorded-log";
import { makeTempFolder } from "../support/temp-folder";
import { passTurns } from "../support/turns";

const PAGE_BYTES = 4096;
const PAGES_A_COMMIT = 100;

/** A Worker that does nothing until it is told to. */
class HeldWorker extends EventTarget {
  readonly requests: unknown[] = [];
  terminated = false;

  postMessage(request: unknown): void {
    this.requests.push(request);
  }
  unref(): void {
    // It keeps no process alive.
  }
  terminate(): void {
    this.terminated = true;
  }
  /** Answers the last request. */
  async reply(error: string | null): Promise<void> {
    this.dispatchEvent(new MessageEvent("message", { data: { error } }));
    await passTurns(1);
  }
  async end(how: "error" | "close"): Promise<void> {
    this.dispatchEvent(new Event(how));
    await passTurns(1);
  }
}

interface Scene extends Disposable {
  path: string;
  db: Db;
  log: RecordedLog;
  checkpoints: Checkpoints;
  /** Commits that many pages, and a few that lead to them, as the writer does. */
  commit(pages: number): void;
  /** What the log holds that the file does not. */
  left(): number;
}

function openScene(startWorker: () => HeldWorker | Worker): Scene {
  const folder = makeTempFolder();
  const path = folder.file("test.db");
  const db = openDatabase(path);
  // Every row has a page of its own.
  db.raw.run("create table pages (page integer primary key, body blob not null) strict");
  const log = createRecordedLog();
  const checkpoints = createCheckpoints({ db, log, startWorker });
  const insert = db.raw.prepare("insert into pages (body) values (zeroblob(3000))");
  const look = db.raw.prepare<{ log: number; checkpointed: number }, []>(
    "pragma wal_checkpoint(noop)",
  );
  return {
    path,
    db,
    log,
    checkpoints,
    commit(pages) {
      for (let done = 0; done < pages; done += PAGES_A_COMMIT) {
        db.raw.transaction(() => {
          for (let page = 0; page < PAGES_A_COMMIT; page += 1) insert.run();
        })();
        checkpoints.afterCommit();
      }
    },
    left() {
      const state = look.get();
      return state === null ? 0 : state.log - state.checkpointed;
    },
    [Symbol.dispose]() {
      db.raw.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("under commits without end", () => {
  test("the Worker copies the log into the file, and the log begins anew", async () => {
    using scene = openScene(startCheckpointWorker);
    const { path, checkpoints } = scene;
    for (let round = 1; round <= 8; round += 1) {
      scene.commit(1_500);
      await eventually("a copy", () => (scene.left() < 1_000 ? true : null));
    }
    // 12,000 pages were committed; the log holds the 4,000 from which it begins anew, and some.
    expect(statSync(`${path}-wal`).size).toBeLessThan(8_000 * PAGE_BYTES);
    expect(statSync(path).size).toBeGreaterThan(8_000 * PAGE_BYTES);
    expect(scene.log.lines).toEqual([]);
    await checkpoints.stop();
    expect(statSync(`${path}-wal`).size).toBe(0);
  });

  test("a Worker that never answers leaves the log within 32,000 pages and some", async () => {
    using scene = openScene(() => new HeldWorker());
    scene.commit(40_000);
    expect(statSync(`${scene.path}-wal`).size).toBeLessThan(34_000 * PAGE_BYTES);
    expect(scene.left()).toBeLessThan(33_000);
  });
});

describe("the Worker", () => {
  test("is not started for less than 1,000 pages", () => {
    const worker = new HeldWorker();
    using scene = openScene(() => worker);
    scene.commit(800);
    expect(worker.requests).toEqual([]);
    scene.commit(300);
    expect(worker.requests).toEqual([{ path: scene.path }]);
  });

  test("is asked once at a time", async () => {
    const worker = new HeldWorker();
    using scene = openScene(() => worker);
    scene.commit(3_000);
    expect(worker.requests).toHaveLength(1);
    await worker.reply(null);
    scene.commit(10);
    expect(worker.requests).toHaveLength(2);
  });

  test("that cannot copy is asked again after as many pages, and the log tells", async () => {
    const worker = new HeldWorker();
    using scene = openScene(() => worker);
    scene.commit(1_100);
    await worker.reply("SQLITE_IOERR");
    const failed = { code: "SQLITE_IOERR", pages: scene.left() };
    expect(scene.log.lines).toEqual([
      { level: "warn", event: "database.checkpoint_failed", fields: failed },
    ]);
    scene.commit(800);
    expect(worker.requests).toHaveLength(1);
    scene.commit(300);
    expect(worker.requests).toHaveLength(2);
  });

  test.each(["error", "close"] as const)("that has ended by %s is started again", async (how) => {
    const workers: HeldWorker[] = [];
    using scene = openScene(() => {
      const worker = new HeldWorker();
      workers.push(worker);
      return worker;
    });
    scene.commit(1_100);
    await workers[0]?.end(how);
    expect(scene.log.lines).toMatchObject([{ fields: { code: "WORKER_ENDED" } }]);
    scene.commit(1_100);
    expect(workers).toHaveLength(2);
    expect(workers[1]?.requests).toEqual([{ path: scene.path }]);
  });
});

describe("a stop", () => {
  test("copies all that is left, where no Worker was needed too", async () => {
    using scene = openScene(() => new HeldWorker());
    scene.commit(300);
    await scene.checkpoints.stop();
    expect(statSync(`${scene.path}-wal`).size).toBe(0);
    expect(statSync(scene.path).size).toBeGreaterThan(300 * PAGE_BYTES);
  });

  test("is the end: no Worker is started any more", async () => {
    const worker = new HeldWorker();
    using scene = openScene(() => worker);
    await scene.checkpoints.stop();
    scene.commit(2_000);
    expect(worker.requests).toEqual([]);
  });

  test("lets a copy end, closes the Worker's connection, and ends the Worker", async () => {
    const worker = new HeldWorker();
    using scene = openScene(() => worker);
    scene.commit(1_100);
    const stopped = scene.checkpoints.stop();
    await passTurns(2);
    expect(worker.requests).toHaveLength(1);
    await worker.reply(null);
    expect(worker.requests).toEqual([{ path: scene.path }, "close"]);
    expect(worker.terminated).toBe(false);
    await worker.reply(null);
    await stopped;
    expect(worker.terminated).toBe(true);
  });
});
