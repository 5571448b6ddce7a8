// H2: the power goes while a server is under load. Its data lies on a file system in an image; the
// server is stopped where it stands, the image is copied as the disk holds it then, and what the copy
// holds is held against what was acknowledged.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Durability } from "../../src/vocabulary";
import type { ModelStub } from "../support/model-stub";
import { findDamage, openStopped, type StoppedDatabase } from "../support/process-database";
import { makeFolder } from "../support/process-files";
import { startStub } from "../support/process-models";
import { eventually } from "../support/process-waiting";
import { Server } from "../support/server";
import { createChance, type Chance } from "./chance";
import { DiskImage } from "./disk-image";
import { Intake } from "./intake";
import { awaitRecovery } from "./recovery";

export interface CutPlan {
  cuts: number;
  seed: number;
  durability: Durability;
  /** Ends with the first cut that loses something. */
  untilLoss?: boolean;
  /** Told of progress, a line at a time. */
  say(line: string): void;
}

export interface CutFigures {
  cuts: number;
  /** Deliveries that were answered 200. */
  acknowledged: number;
  /** Acknowledged, and gone with the power. */
  lost: number;
  /** Executions that had not ended ten seconds after the start on what the disk held. */
  unowned: number;
  /** Acknowledged deliveries that were answered otherwise when they came again. */
  forgotten: number;
  /** Repeats by whose answer the limiter had forgotten what it took, or taken more. */
  miscounted: number;
  /** Acknowledged, and not completed with the output of their own delivery. */
  wrong: number;
  /** What the database's own checks find. */
  damage: number;
}

/** When the power goes after the first answer, in milliseconds. */
const CUT_AFTER_MS = [100, 900] as const;
/** So many cuts one after the other find what the one before has left; then a new disk comes. */
const CUTS_OF_A_DISK = 5;

/** Stops a process where it stands; resolves when none of its threads is in a system call any more. */
async function standStill(server: Server): Promise<void> {
  server.signal("SIGSTOP");
  const folder = `/proc/${server.pid}/task`;
  await eventually("the stop of all threads", () => {
    const states = readdirSync(folder).map((thread) => {
      const stat = readFileSync(`${folder}/${thread}/stat`, "latin1");
      return stat.charAt(stat.lastIndexOf(")") + 2);
    });
    return states.every((state) => state === "T") ? true : null;
  });
}

/** A disk, and the server whose data lies on it. */
class Machine implements AsyncDisposable {
  #disk: DiskImage;
  #server: Server;
  readonly #env: Record<string, string>;
  readonly #folder;
  #boots = 0;

  constructor(env: Record<string, string>) {
    this.#env = env;
    this.#folder = makeFolder();
    this.#disk = DiskImage.create({ folder: this.#folder.path, name: "disk-0" });
    this.#server = this.#install();
  }

  #install(): Server {
    return new Server({ dataDir: join(this.#disk.path, "data"), env: this.#env });
  }

  get server(): Server {
    return this.#server;
  }

  get dataDir(): string {
    return this.#server.dataDir;
  }

  /** Loads the server and cuts the power; what the disk held is mounted then, and nothing runs. */
  async cut(data: { intake: Intake; chance: Chance }): Promise<void> {
    const load = data.intake.send(this.#server.url);
    await load.until(1);
    await Bun.sleep(data.chance.between(...CUT_AFTER_MS));
    await standStill(this.#server);
    this.#boots += 1;
    const name = `disk-${this.#boots}`;
    using before = this.#disk;
    this.#disk = await before.cutPower({ folder: this.#folder.path, name });
    // What it had answered before it stopped has arrived, or arrives with its end.
    await this.#server.kill();
    await load.ended;
    data.intake.take(load);
    this.#server = this.#install();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#disk[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

interface Scene {
  machine: Machine;
  intake: Intake;
  figures: CutFigures;
}

/** Acknowledged deliveries that the disk does not hold; all of them where it holds no database. */
function countLost({ machine, intake }: Scene): number {
  const count = (database: StoppedDatabase): number => {
    const tables = database.rows("select 1 from sqlite_schema where name = 'executions'");
    return tables.length === 0 ? intake.promised.size : intake.countLost(database);
  };
  try {
    using database = openStopped(machine.dataDir);
    return count(database);
  } catch {
    return intake.promised.size;
  }
}

/** Starts the server on what the disk held, and holds it to its promises. */
async function settle({ machine, intake, figures }: Scene): Promise<void> {
  const { server } = machine;
  await server.start();
  figures.unowned += (await awaitRecovery(server.dataDir)).unowned;
  const { forgotten, miscounted } = await intake.repeat(server.url);
  figures.forgotten += forgotten;
  figures.miscounted += miscounted;
  using database = openStopped(server.dataDir);
  figures.damage += findDamage(database).length;
}

/** Cuts the power of one machine again and again; one that loses is given up at once. */
async function useUp(
  plan: CutPlan,
  data: { stub: ModelStub; chance: Chance; figures: CutFigures },
): Promise<void> {
  const { stub, chance, figures } = data;
  const env = {
    HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${stub.port}`,
    HOOKLINE_DURABILITY: plan.durability,
  };
  await using machine = new Machine(env);
  await machine.server.start();
  const intake = await Intake.open({ server: machine.server, stub });
  const last = Math.min(plan.cuts, figures.cuts + CUTS_OF_A_DISK);
  const acknowledgedBefore = figures.acknowledged;
  while (figures.cuts < last) {
    await machine.cut({ intake, chance });
    figures.cuts += 1;
    figures.acknowledged = acknowledgedBefore + intake.promised.size;
    const lost = countLost({ machine, intake, figures });
    figures.lost += lost;
    plan.say(`cut ${figures.cuts}: ${figures.acknowledged} acknowledged, ${figures.lost} lost`);
    if (lost > 0) return;
    await settle({ machine, intake, figures });
  }
  figures.wrong += await intake.countWrong(machine.server);
}

/** Cuts the power under load that many times. */
export async function cutUnderLoad(plan: CutPlan): Promise<CutFigures> {
  await using stub = await startStub();
  const chance = createChance(plan.seed);
  const figures: CutFigures = {
    cuts: 0,
    acknowledged: 0,
    lost: 0,
    unowned: 0,
    forgotten: 0,
    miscounted: 0,
    wrong: 0,
    damage: 0,
  };
  const isOver = (): boolean =>
    figures.cuts >= plan.cuts || (plan.untilLoss === true && figures.lost > 0);
  while (!isOver()) await useUp(plan, { stub, chance, figures });
  return figures;
}
