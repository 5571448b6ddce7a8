// The figures as a document.

import { BASELINES } from "./baseline-server";
import { table } from "../scripts/markdown";
import type { Memory } from "./footprint";
import type { Growth } from "./growth";
import type { Sample } from "./measure";
import { percentile } from "./statistics";
import type { measureConnections, measurePaced, measureThroughput } from "./figures";

/** All that one run has measured. */
export interface Figures {
  machine: string[];
  /** Of the runs that were taken for each figure. */
  rounds: number;
  seconds: number;
  throughput: Awaited<ReturnType<typeof measureThroughput>>;
  connections: Awaited<ReturnType<typeof measureConnections>>;
  paced: Awaited<ReturnType<typeof measurePaced>>;
  startMs: number;
  memory: Memory;
  flushes: number;
  growth: Growth;
}

type Row = string[];

const count = (value: number): string => Math.round(value).toLocaleString("en-US");
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

const LOAD_HEAD = ["", "a second", "p50 ms", "p99 ms", "p99.9 ms", "CPU s for 10,000", "written"];

const loadRow = (name: string, sample: Sample): Row => [
  name,
  count(sample.rate),
  ms(sample.p50),
  ms(sample.p99),
  ms(sample.p999),
  sample.cpu.toFixed(2),
  sample.writtenBytes < 1 ? "" : kib(sample.writtenBytes),
];

/** One line of the goals: what was reached, beside what, and whether that is enough. */
interface Goal {
  figure: string;
  reached: string;
  beside: string;
  goal: string;
  met: boolean;
}

function shareOf(data: {
  figure: string;
  sample: Sample;
  base: Sample;
  name: string;
  least: number;
}): Goal {
  const share = data.sample.rate / data.base.rate;
  return {
    figure: data.figure,
    reached: `${percent(share)} (${count(data.sample.rate)})`,
    beside: `${data.name}: ${count(data.base.rate)}`,
    goal: `≥ ${percent(data.least)}`,
    met: share >= data.least,
  };
}

function atMost(data: {
  figure: string;
  value: number;
  most: number;
  beside: string;
  show: (value: number) => string;
}): Goal {
  const { figure, value, most, beside, show } = data;
  return { figure, reached: show(value), beside, goal: `≤ ${show(most)}`, met: value <= most };
}

function rateGoals({ throughput, growth }: Figures): Goal[] {
  const { verified, commitEach, manyAgents, oneAgent, tenKiB } = throughput;
  const ofVerified = { base: verified, name: "(b)" };
  const ratio = manyAgents.rate / commitEach.rate;
  return [
    shareOf({
      ...ofVerified,
      figure: "accepts, 100 agents in turn",
      sample: manyAgents,
      least: 0.16,
    }),
    shareOf({ ...ofVerified, figure: "accepts, one agent", sample: oneAgent, least: 0.35 }),
    {
      figure: "accepts, 100 agents, against (c)",
      reached: `${ratio.toFixed(1)} × (${count(manyAgents.rate)})`,
      beside: `(c): ${count(commitEach.rate)}`,
      goal: "≥ 2.5 ×",
      met: ratio >= 2.5,
    },
    shareOf({
      figure: "end to end, 3 nodes",
      sample: throughput.endToEnd,
      base: manyAgents,
      name: "accepts",
      least: 0.4,
    }),
    shareOf({
      figure: `end to end with ${count(growth.executions)} executions in the file`,
      sample: growth.grown,
      base: growth.empty,
      name: "empty file",
      least: 0.65,
    }),
    shareOf({
      ...ofVerified,
      figure: "refusals, 401",
      sample: throughput.wrongSignature,
      least: 0.6,
    }),
    shareOf({ ...ofVerified, figure: "refusals, 429", sample: throughput.rateLimited, least: 0.6 }),
    shareOf({
      figure: "10 KiB bodies",
      sample: tenKiB,
      base: manyAgents,
      name: "1 KiB",
      least: 0.45,
    }),
  ];
}

const showMs = (value: number): string => `${ms(value)} ms`;

function timeGoals(figures: Figures): Goal[] {
  const { throughput, paced, growth } = figures;
  const worst = Math.max(...growth.lists.map((list) => list.p99));
  const usual = percentile(
    growth.lists.map((list) => list.p50),
    0.5,
  );
  return [
    atMost({
      figure: "p99 of accepts, 32 connections",
      value: throughput.manyAgents.p99,
      most: 20,
      beside: `(b): ${showMs(throughput.verified.p99)}`,
      show: showMs,
    }),
    atMost({
      figure: "p99 at 1,000 a second, executions run meanwhile",
      value: paced.hookline.p99,
      most: 10,
      beside: `(b): ${showMs(paced.verified.p99)}`,
      show: showMs,
    }),
    atMost({
      figure: `p99 of the slowest list of 50, ${count(growth.executions)} executions`,
      value: worst,
      most: 20,
      beside: `median of the lists: ${showMs(usual)}`,
      show: showMs,
    }),
    atMost({
      figure: "start of the binary to its first 200",
      value: figures.startMs,
      most: 150,
      beside: "",
      show: showMs,
    }),
  ];
}

function sizeGoals({ throughput, memory }: Figures): Goal[] {
  return [
    atMost({
      figure: "resident when idle",
      value: memory.idleBytes,
      most: 90 * 2 ** 20,
      beside: `after a load: ${mib(memory.afterLoadBytes)}`,
      show: mib,
    }),
    atMost({
      figure: `resident at the most, 256 connections, ${count(memory.waiting)} waiting`,
      value: memory.peakBytes,
      most: 300 * 2 ** 20,
      beside: "",
      show: mib,
    }),
    atMost({
      figure: "written for each delivery of 1 KiB, run to its end",
      value: throughput.endToEnd.writtenBytes,
      most: 16 * 1024,
      beside: `(c), accepts only: ${kib(throughput.commitEach.writtenBytes)}`,
      show: kib,
    }),
  ];
}

const goalRow = (goal: Goal): Row => [
  goal.figure,
  goal.met ? goal.reached : `**${goal.reached}**`,
  goal.beside,
  goal.goal,
  goal.met ? "yes" : "**no**",
];

const paragraphs = (figures: Figures): string[] => {
  const { throughput, connections, paced, growth } = figures;
  return [
    "## Goals",
    "What the first release has to reach, each figure beside its baseline of the same run. A share says more than a rate: identical runs on a shared machine differ by 15 to 20 %.",
    table(
      ["figure", "reached", "beside", "goal", "met"],
      [...rateGoals(figures), ...timeGoals(figures), ...sizeGoals(figures)].map(goalRow),
    ),
    "## As much as the server takes",
    "32 connections, bodies of 1 KiB. An accepted delivery is on disk, with its ledger row and the limiter's, before it is answered; except for the end-to-end run the only slot is taken, so that nothing runs meanwhile. End to end counts from the first delivery to the end of the last execution.",
    table(LOAD_HEAD, [
      loadRow(`(a) ${BASELINES.bare}`, throughput.bare),
      loadRow(`(b) ${BASELINES.verified}`, throughput.verified),
      loadRow(`(c) ${BASELINES.commitEach}`, throughput.commitEach),
      loadRow(`(d) ${BASELINES.unsynced}`, throughput.unsynced),
      loadRow("Hookline, 100 agents in turn", throughput.manyAgents),
      loadRow("Hookline, one agent", throughput.oneAgent),
      loadRow("Hookline, 100 agents, bodies of 10 KiB", throughput.tenKiB),
      loadRow("Hookline, wrong signatures: 401", throughput.wrongSignature),
      loadRow("Hookline, one agent beyond its rate: 429", throughput.rateLimited),
      loadRow("Hookline, 100 agents, end to end", throughput.endToEnd),
    ]),
    `The end-to-end run flushes to disk ${figures.flushes.toFixed(3)} times for each delivery, as strace counts.`,
    "## Fewer and more connections",
    table(LOAD_HEAD, [
      loadRow("(b), 1 connection", connections.verified1),
      loadRow("Hookline, 1 connection", connections.hookline1),
      loadRow("(b), 64 connections", connections.verified64),
      loadRow("Hookline, 64 connections", connections.hookline64),
      loadRow("(b), 256 connections", connections.verified256),
      loadRow("Hookline, 256 connections", connections.hookline256),
    ]),
    "## 1,000 deliveries a second",
    "Each is sent at its time, whatever became of those before, and its latency counts from then. Hookline runs the executions meanwhile.",
    table(LOAD_HEAD, [loadRow("(b)", paced.verified), loadRow("Hookline", paced.hookline)]),
    "## A file that has grown",
    `${count(growth.executions)} executions with their deliveries, bodies and journals, half of them of one agent; the lists are of that agent.`,
    table(LOAD_HEAD, [
      loadRow("an empty file, end to end", growth.empty),
      loadRow("the file that has grown, end to end", growth.grown),
    ]),
    table(
      ["list", "p50 ms", "p99 ms"],
      growth.lists.map(({ path, p50, p99 }) => [`\`${path}\``, ms(p50), ms(p99)]),
    ),
  ];
};

/** The document, in Markdown. */
export const printReport = (figures: Figures): string =>
  `${[
    "<!-- Printed by `bun run bench`: run it again, do not change this file. -->",
    "# Speed and memory",
    `Whole processes are measured: the binary as it is released, and servers that do a part of its work. Medians of ${figures.rounds} runs of ${figures.seconds} seconds after a warm-up, all servers in turn within a round. \`bun run bench\` prints this on your machine.`,
    figures.machine.map((line) => `- ${line}`).join("\n"),
    ...paragraphs(figures),
  ].join("\n\n")}\n`;
