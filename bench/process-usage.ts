// What a process has used, from /proc (proc(5)).

import { readFileSync } from "node:fs";

export interface Usage {
  /** Of all its threads, user and system. */
  cpuSeconds: number;
  /** Resident now, and at the most so far. */
  residentBytes: number;
  peakBytes: number;
  /** Handed to the block layer, in whole pages. */
  writtenBytes: number;
}

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Bun runs on. */
const TICKS_A_SECOND = 100;

const numberAfter = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);

/** Usage of the process since its start, its children not included. */
export function readUsage(pid: number): Usage {
  const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
  // Behind the command's name, which may hold spaces: utime and stime are fields 14 and 15 of all.
  const fields = read("stat")
    .replace(/^.*\) /, "")
    .split(" ");
  const status = read("status");
  const io = read("io");
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    residentBytes: numberAfter(status, "VmRSS") * 1024,
    peakBytes: numberAfter(status, "VmHWM") * 1024,
    writtenBytes: numberAfter(io, "write_bytes") - numberAfter(io, "cancelled_write_bytes"),
  };
}
