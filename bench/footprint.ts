// Start, memory and flushes to disk: what the server takes besides time.

import { readFileSync } from "node:fs";
import { makeTempFolder } from "../tests/support/temp-folder";
import type { Scale } from "./figures";
import { sendFully } from "./load";
import { measure } from "./measure";
import { deliveriesTo, makeBody } from "./deliveries";
import { readUsage } from "./process-usage";
import { median } from "./statistics";
import { openHookline } from "./targets";

const IDLE_MS = 3_000;

/** Milliseconds from the start of the process to its first 200, on a folder that it has used before. */
export async function measureStart(scale: Scale): Promise<number> {
  using folder = makeTempFolder();
  const samples: number[] = [];
  for (let start = 0; start <= scale.repeats; start += 1) {
    const startedAt = performance.now();
    await using target = await openHookline({ agents: 0, dataDir: folder.path });
    const answer = await fetch(`${target.url}/healthz`);
    if (!answer.ok) throw new Error(`healthz answered ${answer.status}`);
    // The first one makes the database.
    if (start > 0) samples.push(performance.now() - startedAt);
  }
  return median(samples);
}

export interface Memory {
  /** Some seconds after the start, and after a load that has ended. */
  idleBytes: number;
  afterLoadBytes: number;
  /** With 256 connections, until that many executions wait. */
  peakBytes: number;
  waiting: number;
}

/** Sends on 256 connections until enough waits; how many were accepted. */
async function fillQueue(scale: Scale): Promise<{ accepted: number; peakBytes: number }> {
  await using target = await openHookline({ agents: 100, held: true });
  const requests = deliveriesTo({ agentIds: target.agentIds, body: makeBody(1024) });
  let accepted = 0;
  while (accepted < scale.waiting) {
    const plan = { url: target.url, requests, connections: 256, seconds: 1 };
    const { answers, refused } = await sendFully(plan);
    accepted += answers - refused;
  }
  return { accepted, peakBytes: readUsage(target.pid).peakBytes };
}

/** The server's own resident memory, its sandbox children not included. */
export async function measureMemory(scale: Scale): Promise<Memory> {
  await using target = await openHookline({ agents: 100 });
  await Bun.sleep(IDLE_MS);
  const idleBytes = readUsage(target.pid).residentBytes;
  await measure(scale, { target, drained: true });
  await Bun.sleep(IDLE_MS);
  const afterLoadBytes = readUsage(target.pid).residentBytes;
  const { accepted, peakBytes } = await fillQueue(scale);
  return { idleBytes, afterLoadBytes, peakBytes, waiting: accepted };
}

/** Calls of fdatasync and fsync for each delivery, run to its end, as strace counts them. */
export async function countFlushes(scale: Scale): Promise<number> {
  using folder = makeTempFolder();
  await using target = await openHookline({ agents: 100 });
  const summary = folder.file("calls");
  const command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", summary];
  const strace = Bun.spawn([...command, "-p", String(target.pid)], { stderr: "ignore" });
  const sample = await measure({ ...scale, warmUpSeconds: 0 }, { target, drained: true });
  strace.kill("SIGINT");
  await strace.exited;
  return sumOfCalls(readFileSync(summary, "utf8")) / sample.answers;
}

/** All calls in a summary of strace (`strace -c`); the fourth column counts those of a row. */
export function sumOfCalls(summary: string): number {
  const rows = summary.split("\n").map((line) => line.trim().split(/ +/));
  const counted = rows.filter((row) => /^f(data)?sync$/.test(row.at(-1) ?? ""));
  return counted.reduce((sum, row) => sum + Number(row[3]), 0);
}
