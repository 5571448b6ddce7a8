// The generators: `wrk` for as much as the server takes, an own one for so much a second.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "../tests/support/server-wire";
import { makeTempFolder } from "../tests/support/temp-folder";
import { percentile } from "./statistics";

export interface LoadPlan {
  url: string;
  /** Sent in turn, over and over. */
  requests: Buffer[];
  connections: number;
  seconds: number;
}

/** What came of a load; latencies in milliseconds. */
export interface LoadFigures {
  answers: number;
  /** Answers other than 2xx and 3xx. */
  refused: number;
  /** Connections that were not made, or broke. */
  broken: number;
  seconds: number;
  p50: number;
  p99: number;
  p999: number;
}

const toFile = (requests: Buffer[]): Buffer =>
  Buffer.concat(requests.flatMap((bytes) => [Buffer.from(`${bytes.length}\n`), bytes]));

/** As many requests as the server answers on connections that stay open. */
export async function sendFully(plan: LoadPlan): Promise<LoadFigures> {
  using folder = makeTempFolder();
  writeFileSync(folder.file("requests"), toFile(plan.requests));
  const command = [
    "wrk",
    "--threads=1",
    `--connections=${plan.connections}`,
    `--duration=${plan.seconds}s`,
    "--timeout=30s",
    `--script=${join(import.meta.dir, "wrk.lua")}`,
    plan.url,
    "--",
    folder.file("requests"),
  ];
  const wrk = Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"] });
  const printed = await wrk.stdout.text();
  const figures = printed.trim().split("\n").at(-1);
  if ((await wrk.exited) !== 0 || figures === undefined) throw new Error(`wrk failed: ${printed}`);
  return JSON.parse(figures);
}

const turnOfLoop = (): Promise<void> => new Promise((done) => setImmediate(done));

/**
 * `perSecond` requests a second on connections that answer one at a time. A latency counts from the
 * time at which the request was due, so that a stall is charged to all that it held up. Spins instead
 * of sleeping: a timer is up to a millisecond late.
 */
export async function sendPaced(plan: LoadPlan & { perSecond: number }): Promise<LoadFigures> {
  const opening = Array.from({ length: plan.connections }, () => Connection.open(plan.url));
  const connections = await Promise.all(opening);
  const startedAt = performance.now();
  const total = plan.perSecond * plan.seconds;
  const latencies: number[] = [];
  let [next, refused, broken] = [0, 0, 0];
  async function sendInTurn(connection: Connection): Promise<void> {
    for (;;) {
      const number = next++;
      if (number >= total) return;
      const dueAt = startedAt + (number * 1000) / plan.perSecond;
      while (performance.now() < dueAt) await turnOfLoop();
      const answer = await connection.exchange(
        plan.requests[number % plan.requests.length] ?? NONE,
      );
      latencies.push(performance.now() - dueAt);
      if (answer === null) broken += 1;
      else if (answer.status >= 400) refused += 1;
    }
  }
  await Promise.all(connections.map(sendInTurn));
  for (const connection of connections) connection[Symbol.dispose]();
  const at = (share: number): number => percentile(latencies, share);
  const seconds = (performance.now() - startedAt) / 1000;
  return { answers: total, refused, broken, seconds, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

const NONE = Buffer.alloc(0);
