// The report of the bench: each goal beside its baseline, and whether it is met.

import { describe, expect, test } from "bun:test";
import type { Sample } from "../../bench/measure";
import type { Figures } from "../../bench/report";
import { printReport } from "../../bench/report";

const sample = (rate: number, patch: Partial<Sample> = {}): Sample => ({
  answers: rate,
  refused: 0,
  broken: 0,
  seconds: 1,
  p50: 1,
  p99: 5,
  p999: 9,
  rate,
  cpu: 0.5,
  writtenBytes: 10 * 1024,
  ...patch,
});

/** Figures that meet every goal, by a little. */
const figures = (): Figures => ({
  machine: ["a machine"],
  rounds: 5,
  seconds: 4,
  throughput: {
    bare: sample(120_000),
    verified: sample(100_000),
    commitEach: sample(6_000),
    unsynced: sample(30_000),
    manyAgents: sample(17_000, { p99: 19 }),
    oneAgent: sample(36_000),
    tenKiB: sample(8_000),
    wrongSignature: sample(61_000, { writtenBytes: 0 }),
    rateLimited: sample(60_500),
    endToEnd: sample(7_000, { writtenBytes: 15 * 1024 }),
  },
  connections: {
    verified1: sample(1),
    hookline1: sample(1),
    verified64: sample(1),
    hookline64: sample(1),
    verified256: sample(1),
    hookline256: sample(1),
  },
  paced: { verified: sample(1_000), hookline: sample(1_000, { p99: 9.5 }) },
  startMs: 149,
  memory: {
    idleBytes: 89 * 2 ** 20,
    afterLoadBytes: 200 * 2 ** 20,
    peakBytes: 299 * 2 ** 20,
    waiting: 100_000,
  },
  flushes: 0.0213,
  growth: {
    executions: 1_000_000,
    empty: sample(7_000),
    grown: sample(5_000),
    lists: [
      { path: "/a", p50: 1, p99: 19 },
      { path: "/b", p50: 2, p99: 3 },
    ],
  },
});

/** The last cells of the goals, `yes` or `**no**`, by figure. */
function verdicts(report: string): Map<string, string> {
  const [, goals = ""] = /## Goals([\s\S]*?)\n## /.exec(report) ?? [];
  const rows = goals
    .replaceAll(/ +/g, " ")
    .split("\n")
    .filter((line) => / (yes|\*\*no\*\*) \|$/.test(line));
  return new Map(
    rows.map((row) => {
      const cells = row.split(" | ");
      return [cells[0]?.replace("| ", "") ?? "", cells.at(-1)?.replace(" |", "") ?? ""];
    }),
  );
}

const missed = (changed: Figures): string[] =>
  [...verdicts(printReport(changed))].flatMap(([name, verdict]) =>
    verdict === "yes" ? [] : [name],
  );

describe("a goal", () => {
  test("stands beside its baseline, with what was reached and what is asked", () => {
    const report = printReport(figures()).replaceAll(/ +/g, " ");
    expect(report).toContain(
      "| accepts, 100 agents in turn | 17 % (17,000) | (b): 100,000 | ≥ 16 % | yes |",
    );
    expect(report).toContain("| accepts, 100 agents, against (c) | 2.8 × (17,000) | (c): 6,000 |");
    expect(report).toContain("| resident when idle | 89 MiB | after a load: 200 MiB | ≤ 90 MiB |");
    expect(verdicts(report).size).toBe(15);
    expect(missed(figures())).toEqual([]);
  });

  test.each<[string, (all: Figures) => void]>([
    ["accepts, 100 agents in turn", ({ throughput }) => (throughput.manyAgents = sample(15_900))],
    ["accepts, one agent", ({ throughput }) => (throughput.oneAgent = sample(34_000))],
    ["accepts, 100 agents, against (c)", (all) => (all.throughput.commitEach = sample(7_000))],
    ["end to end, 3 nodes", ({ throughput }) => (throughput.endToEnd = sample(6_500))],
    [
      "end to end with 1,000,000 executions in the file",
      ({ growth }) => (growth.grown = sample(4_500)),
    ],
    ["refusals, 401", ({ throughput }) => (throughput.wrongSignature = sample(59_000))],
    ["refusals, 429", ({ throughput }) => (throughput.rateLimited = sample(59_000))],
    ["10 KiB bodies", ({ throughput }) => (throughput.tenKiB = sample(7_500))],
    ["p99 of accepts, 32 connections", ({ throughput }) => (throughput.manyAgents.p99 = 20.5)],
    ["p99 at 1,000 a second, executions run meanwhile", ({ paced }) => (paced.hookline.p99 = 10.5)],
    [
      "p99 of the slowest list of 50, 1,000,000 executions",
      ({ growth }) => void growth.lists.push({ path: "/c", p50: 1, p99: 21 }),
    ],
    ["start of the binary to its first 200", (all) => (all.startMs = 151)],
    ["resident when idle", ({ memory }) => (memory.idleBytes = 91 * 2 ** 20)],
    [
      "resident at the most, 256 connections, 100,000 waiting",
      ({ memory }) => (memory.peakBytes = 301 * 2 ** 20),
    ],
    [
      "written for each delivery of 1 KiB, run to its end",
      ({ throughput }) => (throughput.endToEnd.writtenBytes = 17 * 1024),
    ],
  ])("that is missed is shown as such: %s", (name, change) => {
    const changed = figures();
    change(changed);
    expect(missed(changed)).toEqual([name]);
  });
});
