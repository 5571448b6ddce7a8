// The machine on which figures were taken, in words.

import { Database } from "bun:sqlite";
import { closeSync, fdatasyncSync, openSync, readFileSync, statfsSync, writeSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { makeTempFolder } from "../tests/support/temp-folder";
import { median } from "./statistics";

const SYNCS = 200;

/** Microseconds of an fdatasync after 4 KiB were written anew in place: the least a commit takes. */
function measureSync(path: string): number {
  const file = openSync(path, "w");
  const page = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (let left = SYNCS; left > 0; left -= 1) {
    writeSync(file, page, 0, page.length, 0);
    const startedAt = performance.now();
    fdatasyncSync(file);
    times.push((performance.now() - startedAt) * 1000);
  }
  closeSync(file);
  return median(times);
}

/** Magic numbers of file systems (statfs(2)). */
const FILE_SYSTEMS = new Map([
  [0xef53, "ext4"],
  [0x58465342, "XFS"],
  [0x9123683e, "Btrfs"],
  [0x01021994, "tmpfs"],
  [0x794c7630, "overlayfs"],
]);

function versionOf(command: string[]): string {
  const { stdout, stderr } = Bun.spawnSync(command);
  return `${stdout.toString()}${stderr.toString()}`.split("\n")[0]?.trim() ?? "";
}

/** Lines of a list: processor, memory, system, disk, programs. */
export function describeMachine(): string[] {
  using folder = makeTempFolder();
  const [first] = cpus();
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
  const fileSystem = FILE_SYSTEMS.get(statfsSync(folder.path).type) ?? "another file system";
  const sync = measureSync(folder.file("sync"));
  const sqlite = new Database(":memory:").query<{ v: string }, []>("select sqlite_version() as v");
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `${cpus().length} × ${model ?? first?.model ?? "unknown"}, ${arch()}; the server on core 0, the generators on core 1`,
    `${memory} GiB of memory; ${fileSystem}, where an fdatasync of 4 KiB takes ${sync.toFixed(0)} µs`,
    `Linux ${release()}, Bun ${Bun.version}, SQLite ${sqlite.get()?.v}, ${versionOf(["wrk", "-v"]).split(" [")[0]}`,
  ];
}
