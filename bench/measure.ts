// One measurement: a target is warmed up and loaded, and what it used meanwhile is read.

import { Database } from "bun:sqlite";
import { join } from "node:path";
import { eventually } from "../tests/support/process-waiting";
import { deliveriesTo, makeBody } from "./deliveries";
import type { LoadFigures } from "./load";
import { sendFully, sendPaced } from "./load";
import { readUsage } from "./process-usage";
import { median } from "./statistics";
import type { Target } from "./targets";

export interface Sample extends LoadFigures {
  /** Answers a second; with `drained`, executions from their delivery to their end. */
  rate: number;
  /** CPU seconds of the server for 10,000 answers. */
  cpu: number;
  /** Written by the server for each answer. */
  writtenBytes: number;
}

export interface Measurement {
  target: Target;
  connections?: number;
  bodyBytes?: number;
  /** Signs with another secret than the target's. */
  badSecret?: boolean;
  /** Deliveries a second; without it as many as are answered. */
  perSecond?: number;
  /** Whether every delivery is to be refused; without it, every one is to be accepted. */
  refused?: boolean;
  /** Ends when every execution has ended, and not with the load. */
  drained?: boolean;
}

/** How long a load lasts, and the one before it that is not counted. */
export interface Durations {
  seconds: number;
  warmUpSeconds: number;
}

async function waitForEnds(dataDir: string): Promise<void> {
  using database = new Database(join(dataDir, "hookline.db"), { readonly: true });
  const open = database.query("select 1 from executions where finished_at is null limit 1");
  // A backlog may take longer to run than one wait may last.
  for (let left = 10; left > 0; left -= 1) {
    try {
      return void (await eventually("the end of all executions", () =>
        open.get() === null ? true : null,
      ));
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

function requireAnswers(load: LoadFigures, refused: number): void {
  // The first one of a window is accepted.
  if (load.broken === 0 && Math.abs(load.refused - refused) <= 1) return;
  throw new Error(
    `of ${load.answers} answers ${load.refused} were refusals, ${load.broken} broken`,
  );
}

/** Loads a target; rejects where an answer was not the one that is expected of it. */
export async function measure(durations: Durations, data: Measurement): Promise<Sample> {
  const { target, connections = 32, bodyBytes = 1024, badSecret = false } = data;
  const requests = deliveriesTo({
    agentIds: target.agentIds,
    body: makeBody(bodyBytes),
    ...(badSecret ? { secret: "another secret" } : {}),
  });
  const plan = { url: target.url, requests, connections };
  const { dataDir } = target;
  const settle = async (): Promise<void> => {
    if (data.drained === true && dataDir !== null) await waitForEnds(dataDir);
  };
  if (durations.warmUpSeconds > 0) await sendFully({ ...plan, seconds: durations.warmUpSeconds });
  await settle();
  const before = readUsage(target.pid);
  const startedAt = performance.now();
  const timed = { ...plan, seconds: durations.seconds };
  const { perSecond } = data;
  const load = await (perSecond === undefined
    ? sendFully(timed)
    : sendPaced({ ...timed, perSecond }));
  requireAnswers(load, data.refused === true ? load.answers : 0);
  await settle();
  const seconds = data.drained === true ? (performance.now() - startedAt) / 1000 : load.seconds;
  const after = readUsage(target.pid);
  return {
    ...load,
    rate: load.answers / seconds,
    cpu: ((after.cpuSeconds - before.cpuSeconds) / load.answers) * 10_000,
    writtenBytes: (after.writtenBytes - before.writtenBytes) / load.answers,
  };
}

/** The median of each figure. */
export function medianOf(samples: readonly Sample[]): Sample {
  const of = (figure: keyof Sample): number => median(samples.map((sample) => sample[figure]));
  return {
    answers: of("answers"),
    refused: of("refused"),
    broken: of("broken"),
    seconds: of("seconds"),
    p50: of("p50"),
    p99: of("p99"),
    p999: of("p999"),
    rate: of("rate"),
    cpu: of("cpu"),
    writtenBytes: of("writtenBytes"),
  };
}

/** What is measured under one name: how its target is made, and how it is loaded. */
export interface Variant {
  open: () => Promise<Target>;
  load?: Omit<Measurement, "target">;
}

/**
 * Measures each variant once a round, one after the other, so that a machine that slows down slows
 * all of them down; the median of the rounds for each.
 */
export async function measureInRounds<Name extends string>(
  durations: Durations & { rounds: number },
  variants: Record<Name, Variant>,
): Promise<Record<Name, Sample>> {
  const names = Object.keys(variants) as Name[];
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]));
  for (let round = 1; round <= durations.rounds; round += 1) {
    for (const name of names) {
      const { open, load } = variants[name];
      await using target = await open();
      const sample = await measure(durations, { ...load, target });
      samples.get(name)?.push(sample);
      process.stderr.write(
        `  ${round}/${durations.rounds} ${name}: ${Math.round(sample.rate)}/s\n`,
      );
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, medianOf(samples.get(name) ?? [])]),
  ) as Record<Name, Sample>;
}
