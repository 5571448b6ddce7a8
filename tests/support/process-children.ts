// Processes as /proc shows them: the children of one, whether one lives, what it holds.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { eventually } from "./process-waiting";

function readStatus(pid: number, field: string): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return new RegExp(`^${field}:\\s+(.*)$`, "m").exec(text)?.[1] ?? null;
  } catch {
    // It has ended.
    return null;
  }
}

/** Whether it runs; one that has ended and was not waited for does not. */
export const isAlive = (pid: number): boolean =>
  !/^(?:[ZX]|$)/.test(readStatus(pid, "State") ?? "");

/** The children of a process that live. */
export const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((one) => readStatus(one, "PPid") === String(pid) && isAlive(one))
    .toSorted((a, b) => a - b);

/** This process's one child, once those that were ended before are gone. */
export const onlyChild = (): Promise<number> =>
  eventually("one child alone", () => {
    const [pid, ...others] = childrenOf(process.pid);
    return pid === undefined || others.length > 0 ? null : pid;
  });

/** Hundredths of a second of processor time that it has used. */
export function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** The command line it was started with. */
export const commandOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);

/** The environment it was started with. */
export const environmentOf = (pid: number): string => readFileSync(`/proc/${pid}/environ`, "utf8");

/** What its open descriptors lead to. */
export const descriptorsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
