// docs/trust.md: the trials that were run, their figures, and where and on what.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";
import type { Row, Trial } from "../tests/trust/trials";
import { table } from "./markdown";

/** A trial that was run. */
export interface Outcome {
  id: string;
  trial: Pick<Trial, "title" | "about">;
  /** The command's words that repeat it. */
  words: string;
  seconds: number;
  rows: Row[];
}

const rowOf = ({ figure, reached, goal, met }: Row): string[] => [
  figure,
  met ? reached : `**${reached}**`,
  goal,
  met ? "yes" : "**no**",
];

/** Its figures beside their goals. */
export const printTable = (rows: Row[]): string =>
  table(["figure", "reached", "goal", "met"], rows.map(rowOf));

function printOutcome({ id, trial, words, seconds, rows }: Outcome): string[] {
  return [
    `## ${id}: ${trial.title}`,
    trial.about,
    `\`bun run trust ${words}\`, ${Math.round(seconds)} s.`,
    printTable(rows),
  ];
}

/** What was put on trial, and where: lines of a list. */
export function describeSubject(binary: string): string[] {
  const digest = createHash("sha256").update(readFileSync(binary)).digest("hex");
  return [
    `${new Date().toISOString().slice(0, 10)}, the binary with the SHA-256 ${digest.slice(0, 16)}…`,
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}, Bun ${Bun.version}`,
  ];
}

const INTRODUCTION =
  "What the [README promises](../README.md#what-it-promises), put to the test: the binary as it is released is killed, loses its power and is told secrets, and is held to what it has answered. The tests run small versions of the same trials; `bun run trust` lists them and runs them in any size, and `bun run trust:full` runs 1,000 kills and 200 cuts.";

/** The document, in Markdown. */
export const printTrust = (data: { subject: string[]; outcomes: Outcome[] }): string =>
  `${[
    "<!-- Printed by `bun run trust … --write`: run it again, do not change this file. -->",
    "# Trials",
    INTRODUCTION,
    data.subject.map((line) => `- ${line}`).join("\n"),
    ...data.outcomes.flatMap(printOutcome),
  ].join("\n\n")}\n`;
