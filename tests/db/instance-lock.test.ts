// One process a data directory: who comes second is told who holds it, and a dead holder holds nothing.

import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectoryInUse, lockDirectory } from "../../src/db/instance-lock";
import { makeTempFolder } from "../support/temp-folder";

const MODULE = join(import.meta.dir, "../../src/db/instance-lock.ts");

const SCRIPT = `
import { lockDirectory } from ${JSON.stringify(MODULE)};
try {
  const lock = lockDirectory(process.argv[1]);
  if (process.argv[2] === "note") {
    lock.note({ pid: process.pid, startedAt: "2026-01-01T00:00:00.000Z", url: "http://127.0.0.1:3000" });
  }
  console.log("locked");
  if (process.argv[2] !== "leave") await Bun.stdin.text();
  lock.release();
} catch (error) {
  console.log(error.name + ": " + error.message);
}`;

interface Other {
  pid: number;
  /** What it said first. */
  line: string;
  /** Lets it release the lock and end. */
  end(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Another process that takes the directory and holds it until it is told to end. */
async function startOther(path: string, mode: "hold" | "note" | "leave" = "hold"): Promise<Other> {
  const child = Bun.spawn([process.execPath, "-e", SCRIPT, path, mode], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  return {
    pid: child.pid,
    line: Buffer.from(value ?? [])
      .toString()
      .trim(),
    async end() {
      await child.stdin.end();
      await child.exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The message with which the directory is refused here. */
function refusal(path: string): string {
  try {
    lockDirectory(path).release();
  } catch (error) {
    if (error instanceof DirectoryInUse) return error.message;
    throw error;
  }
  throw new Error("it was taken");
}

test("a second process is refused and told process, address and start of the holder", async () => {
  using folder = makeTempFolder();
  const lock = lockDirectory(folder.path);
  lock.note({ pid: 4711, startedAt: "2026-01-02T03:04:05.678Z", url: "http://127.0.0.1:3000" });
  const other = await startOther(folder.path);
  expect(other.line).toBe(
    `DirectoryInUse: The data directory ${folder.path} is in use by process 4711 at http://127.0.0.1:3000, started 2026-01-02T03:04:05.678Z. Stop it, or set HOOKLINE_DATA_DIR.`,
  );
  await other.end();
  lock.release();
});

test("a holder that does not listen yet is named without an address", async () => {
  using folder = makeTempFolder();
  const lock = lockDirectory(folder.path);
  lock.note({ pid: 4711, startedAt: "2026-01-02T03:04:05.678Z", url: null });
  const other = await startOther(folder.path);
  expect(other.line).toContain("in use by process 4711, started 2026-01-02T03:04:05.678Z.");
  await other.end();
  lock.release();
});

test("a holder without a note, or with one that cannot be read, is another process", async () => {
  using folder = makeTempFolder();
  const other = await startOther(folder.path);
  expect(other.line).toBe("locked");
  expect(refusal(folder.path)).toContain("is in use by another process.");
  writeFileSync(folder.file("hookline.lock.json"), '{"pid":47');
  expect(refusal(folder.path)).toContain("is in use by another process.");
  await other.end();
});

test("a refused start leaves the holder's lock and note as they were", async () => {
  using folder = makeTempFolder();
  const other = await startOther(folder.path, "note");
  const first = refusal(folder.path);
  expect(first).toContain(`process ${other.pid} at http://127.0.0.1:3000`);
  expect(refusal(folder.path)).toBe(first);
  const third = await startOther(folder.path, "leave");
  expect(third.line).toBe(`DirectoryInUse: ${first}`);
  await third.end();
  await other.end();
});

test("a directory that was released can be taken, and has no note any more", async () => {
  using folder = makeTempFolder();
  const lock = lockDirectory(folder.path);
  lock.note({ pid: 1, startedAt: "2026-01-01T00:00:00.000Z", url: null });
  lock.release();
  expect(existsSync(folder.file("hookline.lock.json"))).toBe(false);
  const other = await startOther(folder.path, "leave");
  expect(other.line).toBe("locked");
  await other.end();
  lockDirectory(folder.path).release();
});

test("the lock of a process that was killed is free at once, whatever its note says", async () => {
  using folder = makeTempFolder();
  const other = await startOther(folder.path, "note");
  expect(other.line).toBe("locked");
  await other.kill();
  expect(existsSync(folder.file("hookline.lock.json"))).toBe(true);
  lockDirectory(folder.path).release();
});

test("a directory that is not there is no directory in use", () => {
  using folder = makeTempFolder();
  expect(() => lockDirectory(folder.file("missing"))).toThrow("unable to open");
});
