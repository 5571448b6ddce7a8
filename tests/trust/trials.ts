// The trials that can be run in any size, and how their figures are judged.

import { plantCanaries } from "./canaries";
import { whyNoDiskImages } from "./disk-image";
import { killUnderLoad } from "./kills";
import { cutUnderLoad, type CutFigures } from "./power-cut";

/** One figure beside what it has to be. */
export interface Row {
  figure: string;
  reached: string;
  goal: string;
  met: boolean;
}

export interface TrialPlan {
  /** How many kills or cuts. */
  size: number;
  seed: number;
  /** Told of progress, a line at a time. */
  say: (line: string) => void;
}

export interface Trial {
  title: string;
  /** What is done and what must come of it. */
  about: string;
  /** The flag that sets its size, and the size without it; null where it has one size only. */
  sizing: { flag: "kills" | "cuts"; size: number } | null;
  run(plan: TrialPlan): Promise<Row[]>;
}

const count = (value: number): string => value.toLocaleString("en-US");

/** A figure that has to be nothing; `of` says of what it is nothing. */
const none = (figure: string, value: number, of?: string): Row => ({
  figure,
  reached: of === undefined ? count(value) : `${count(value)} of ${of}`,
  goal: "0",
  met: value === 0,
});

/** A figure without which nothing was put to the test. */
const some = (figure: string, value: number, of?: string): Row => ({
  ...none(figure, value, of),
  goal: "≥ 1",
  met: value > 0,
});

/** What every promise is held against, after crashes and power cuts alike. */
function promiseRows(
  figures: Omit<CutFigures, "cuts" | "lost" | "acknowledged"> & { acknowledged: number },
): Row[] {
  const all = count(figures.acknowledged);
  return [
    none("executions that had not ended 10 s after a start (H4)", figures.unowned),
    none("repeats answered otherwise than by the first execution", figures.forgotten, all),
    none("repeats by which the window had lost or gained deliveries", figures.miscounted, all),
    none("executions that ended without the output of their delivery", figures.wrong, all),
    none("findings of the database's own checks", figures.damage),
  ];
}

async function runKills({ size, seed, say }: TrialPlan): Promise<Row[]> {
  const figures = await killUnderLoad({ kills: size, seed, say });
  const refused = Object.values(figures.refused).reduce((sum, one) => sum + one, 0);
  const slowest = `${count(figures.cut)}, all ended ${Math.round(figures.slowestRecoveryMs)} ms after a start at most`;
  return [
    none("acknowledged deliveries lost", figures.lost, count(figures.acknowledged)),
    { ...some("executions cut while they ran", figures.cut), reached: slowest },
    ...promiseRows(figures),
    none("steps and effects recorded twice", figures.recordedTwice),
    none("deliveries refused while the server lived", refused),
  ];
}

async function runCuts({ size, seed, say }: TrialPlan): Promise<Row[]> {
  const hindrance = whyNoDiskImages();
  if (hindrance !== null) throw new Error(`H2 cannot be run here: ${hindrance}`);
  const full = await cutUnderLoad({ cuts: size, seed, durability: "full", say });
  const normal = await cutUnderLoad({ cuts: size, seed, durability: "normal", say });
  const ofNormal = `${count(normal.acknowledged)}: the method sees a loss`;
  return [
    none("acknowledged deliveries lost", full.lost, count(full.acknowledged)),
    ...promiseRows(full),
    some("lost by the same cuts with `HOOKLINE_DURABILITY=normal`", normal.lost, ofNormal),
  ];
}

async function runCanaries({ say }: TrialPlan): Promise<Row[]> {
  const figures = await plantCanaries({ say });
  for (const place of [...figures.found, ...figures.unseen]) say(place);
  const searched = `${count(figures.canaries)} canaries, in ${figures.places} files, tables and logs and ${count(figures.answers)} answers`;
  return [
    none("canaries found where they may not be", figures.found.length, searched),
    none("canaries that were not even where they belong", figures.unseen.length),
    some("routes asked with wrong tokens, ids, queries and bodies", figures.routes),
    some("executions that a model or code failed", figures.faults),
  ];
}

export const TRIALS: Record<string, Trial> = {
  H1: {
    title: "Crashes",
    about:
      "16 senders deliver signed webhooks, one in eight to an agent that calls a model. The process is killed by SIGKILL 0.1 to 0.9 s after its first answer and started at once on the same data; after every third kill the next load begins while it still recovers. Then everything that was acknowledged is held against the database, sent again, and read.",
    sizing: { flag: "kills", size: 50 },
    run: runKills,
  },
  H2: {
    title: "Power cuts",
    about:
      "The same load, with the data on an ext4 file system in an image. The process is stopped where it stands, the image is copied as the disk holds it at that moment, and the server starts on the copy: what had not been flushed is not in it. Each disk goes through five cuts, one after the other. What this cannot show is a disk that tells of a flush which it has not done.",
    sizing: { flag: "cuts", size: 20 },
    run: runCuts,
  },
  H17: {
    title: "Canaries",
    about:
      "Texts that stand nowhere else are the server's secrets, its senders' credentials and what is delivered. Every route is asked with right and wrong tokens, ids and bodies, models answer errors that repeat the key and the prompt, the process is killed and started without its key. Then the log, the files with their unpacked values, the answers to GET and all failures are searched, in base64, hexadecimal and escaped forms too.",
    sizing: null,
    run: runCanaries,
  },
};
