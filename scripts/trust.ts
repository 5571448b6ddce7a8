// Puts the binary in dist to the test: kills, power cuts, canaries.
//
//   bun run trust                                      lists the trials
//   bun run trust H1 [--kills N] [--seed N]            runs one or more, and exits 1 where a goal is missed
//   bun run trust H1 H2 H17 --kills 50 --write         makes the report docs/trust.md

import { parseArgs } from "node:util";
import { endAll } from "../tests/support/process-cleanup";
import { BINARY } from "../tests/support/server";
import { drawSeed } from "../tests/trust/chance";
import { TRIALS, type Trial } from "../tests/trust/trials";
import { describeSubject, printTable, printTrust, type Outcome } from "./print-trust";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function refuse(reason: string): never {
  say(reason);
  process.exit(2);
}

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text)) refuse(`--${name} takes a whole number from 1`);
  return Number(text);
}

function readCommand() {
  const number = { type: "string" } as const;
  const options = {
    kills: number,
    cuts: number,
    seed: number,
    write: { type: "boolean" },
  } as const;
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function list(): void {
  for (const [id, { title, sizing }] of Object.entries(TRIALS)) {
    const size = sizing === null ? "" : `  --${sizing.flag} N (${sizing.size})`;
    process.stdout.write(`${id.padEnd(5)}${title.padEnd(12)}${size}\n`);
  }
  process.stdout.write("\n--seed N repeats a run, --write makes docs/trust.md of it\n");
}

const { values, positionals } = readCommand();
const given = {
  kills: readNumber("kills", values.kills),
  cuts: readNumber("cuts", values.cuts),
};
const seed = readNumber("seed", values.seed) ?? drawSeed();

async function runTrial(id: string, trial: Trial): Promise<Outcome> {
  const { sizing } = trial;
  const size = sizing === null ? 1 : (given[sizing.flag] ?? sizing.size);
  const words = sizing === null ? id : `${id} --${sizing.flag} ${size} --seed ${seed}`;
  say(words);
  const startedAt = performance.now();
  const rows = await trial.run({ size, seed, say });
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(`${words}, ${Math.round(seconds)} s\n${printTable(rows)}\n\n`);
  return { id, trial, words, seconds, rows };
}

/** A signal leaves no server and no disk behind. */
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    endAll();
    process.exit(1);
  });
}

const chosen = positionals.map((id): [string, Trial] => [
  id,
  TRIALS[id] ?? refuse(`${id} is no trial; those are ${Object.keys(TRIALS).join(", ")}`),
]);
if (chosen.length === 0) {
  list();
} else {
  const outcomes: Outcome[] = [];
  for (const [id, trial] of chosen) outcomes.push(await runTrial(id, trial));
  if (values.write === true) {
    const report = printTrust({ subject: describeSubject(BINARY), outcomes });
    await Bun.write(`${import.meta.dir}/../docs/trust.md`, report);
  }
  const met = outcomes.every(({ rows }) => rows.every((row) => row.met));
  process.exit(met ? 0 : 1);
}
