// A file system in a file, by a loop device: the file holds what a disk holds when the power goes.
//
// What programs write stays in the page cache of the mounted file system until it is flushed, by a
// sync or after many seconds, and only then reaches the file. A copy of the file is therefore the disk
// at that moment, and mounting the copy replays the journal as after a power cut. What it cannot show
// is a disk that says it has flushed and has not.

import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { endWithFile } from "../support/process-cleanup";
import { makeFolder } from "../support/process-files";
import { eventually } from "../support/process-waiting";

/** Holes until they are written. */
const IMAGE_BYTES = 2 ** 30;

/** Nothing is flushed unasked, neither by the journal's timer nor to fill tables after `mkfs`. */
const MOUNT = ["mount", "-o", "loop,commit=600"];
const MAKE = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"];

function run(command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}

/** The block device under a mount, such as `loop0`. */
function deviceOf(folder: string): string {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  const line = mounts.find((mount) => mount.split(" ")[1] === folder);
  return basename(line?.split(" ")[0] ?? "");
}

/** An ext4 file system that is mounted until its scope ends, or its test. */
export class DiskImage implements Disposable {
  /** The folder at which it is mounted. */
  readonly path: string;
  readonly #file: string;
  readonly #forget: () => void;
  #mounted = false;

  private constructor(data: { folder: string; name: string }) {
    this.path = join(data.folder, data.name);
    this.#file = `${this.path}.img`;
    this.#forget = endWithFile(() => this.#unmount());
  }

  #mount(): this {
    mkdirSync(this.path);
    run([...MOUNT, this.#file, this.path]);
    this.#mounted = true;
    return this;
  }

  #unmount(): void {
    if (!this.#mounted) return;
    // Lazily, where something still uses it: it goes with the last file that is open.
    run(["umount", "--lazy", this.path]);
    this.#mounted = false;
  }

  /** A new, empty file system; its file and its mount lie in `folder`. */
  static create(data: { folder: string; name: string }): DiskImage {
    const disk = new DiskImage(data);
    writeFileSync(disk.#file, "");
    truncateSync(disk.#file, IMAGE_BYTES);
    run([...MAKE, disk.#file]);
    return disk.#mount();
  }

  /** How many bytes the device has written so far, and how many writes it is at. */
  #activity(): string {
    const fields = readFileSync(`/sys/block/${deviceOf(this.path)}/stat`, "utf8").trim();
    const [, , , , , , written, , underWay] = fields.split(/ +/);
    return `${written} ${underWay}`;
  }

  /**
   * The disk as it would be found if the power went now, mounted as `name` beside it. Nothing may
   * write to it meanwhile; a copy during which the device has written is taken again.
   */
  async cutPower(data: { folder: string; name: string }): Promise<DiskImage> {
    const found = new DiskImage(data);
    await eventually("a copy of a disk that stands still", () => {
      const before = this.#activity();
      run(["cp", "--sparse=always", this.#file, found.#file]);
      return this.#activity() === before ? true : null;
    });
    return found.#mount();
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#unmount();
    rmSync(this.#file, { force: true });
  }
}

/** Why no file system can be mounted here, or null where one can. */
export function whyNoDiskImages(): string | null {
  if (process.getuid?.() !== 0) return "only root may mount a file system";
  using folder = makeFolder();
  try {
    using _disk = DiskImage.create({ folder: folder.path, name: "probe" });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
