// The system calls of a server under strace, in the order in which they began and ended.

import { readFileSync } from "node:fs";

export interface TracedCall {
  name: string;
  /** The line of the trace where it began, and where it was over. */
  began: number;
  ended: number;
  /** Arguments and result as strace prints them, file names beside descriptors. */
  text: string;
}

/** Runs a command and traces it, threads included; strings are kept up to `maxString` bytes. */
export const traceInto = (data: { path: string; calls: string[]; maxString: number }): string[] => [
  "strace",
  "-f",
  "-y",
  "--seccomp-bpf",
  "-s",
  String(data.maxString),
  "-o",
  data.path,
  "-e",
  `trace=${data.calls.join(",")}`,
  "-e",
  "signal=none",
];

/** Reads a trace; a call that another thread interrupted is put together again. */
export function readTrace(path: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, TracedCall>();
  for (const [at, line] of readFileSync(path, "latin1").split("\n").entries()) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = /^(\w+)\((.*?)( <unfinished \.\.\.>)?$/.exec(rest);
    if (begun !== null) {
      const call = { name: begun[1] ?? "", began: at, ended: at, text: begun[2] ?? "" };
      calls.push(call);
      if (begun[3] !== undefined) open.set(thread, call);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const call = open.get(thread);
    if (resumed === null || call === undefined) continue;
    open.delete(thread);
    call.ended = at;
    call.text += resumed[1] ?? "";
  }
  return calls;
}

const isWal = ({ text }: TracedCall): boolean => /^\d+<[^>]*-wal>/.test(text);

/** Bytes that went into the write-ahead log. */
export const isLogWrite = (call: TracedCall): boolean => call.name === "pwrite64" && isWal(call);

/** A successful flush of the write-ahead log to the disk: one a commit. */
export const isLogSync = (call: TracedCall): boolean =>
  /^f(?:data)?sync$/.test(call.name) && isWal(call) && call.text.endsWith(" = 0");
