// H1 and H4: a server is killed under load and started at once, again and again. Nothing that it has
// promised may be missing, and nothing may be left that nobody runs.

import { countResults, findDamage, openStopped } from "../support/process-database";
import { startStub } from "../support/process-models";
import { startServer, type Server } from "../support/server";
import { createChance, type Chance } from "./chance";
import { Intake } from "./intake";
import { awaitRecovery } from "./recovery";

export interface KillPlan {
  kills: number;
  seed: number;
  /** Told of progress, a line at a time. */
  say(line: string): void;
}

export interface KillFigures {
  kills: number;
  /** Deliveries that were answered 200. */
  acknowledged: number;
  /** Acknowledged, and without an execution. */
  lost: number;
  /** Executions that a kill cut while they ran, and that the next start took up. */
  cut: number;
  /** Executions that had not ended ten seconds after a start. */
  unowned: number;
  /** Acknowledged deliveries that were answered otherwise when they came again. */
  forgotten: number;
  /** Repeats by whose answer the limiter had forgotten what it took, or taken more. */
  miscounted: number;
  /** Acknowledged, and not completed with the output of their own delivery. */
  wrong: number;
  /** Steps or effects whose result was recorded twice. */
  recordedTwice: number;
  /** What the database's own checks find, and places that were not given back. */
  damage: number;
  /** Answers other than 200, by their code. */
  refused: Record<string, number>;
  slowestRecoveryMs: number;
}

/** When a server is killed after its first answer, in milliseconds. */
const KILL_AFTER_MS = [100, 900] as const;
/** After every third kill the next load begins while the server still takes up what was cut. */
const UNSETTLED_EVERY = 3;

interface Scene {
  server: Server;
  intake: Intake;
  chance: Chance;
  figures: KillFigures;
}

/** Loads, kills, and starts again. */
async function killOnce({ server, intake, chance, figures }: Scene): Promise<void> {
  const load = intake.send(server.url);
  await load.until(1);
  await Bun.sleep(chance.between(...KILL_AFTER_MS));
  await server.kill();
  await load.ended;
  intake.take(load);
  await server.start();
  figures.cut += server.logs.filter(({ event }) => event === "execution.recovered").length;
}

/** Waits until the server has taken up all that was cut, and holds it to its promises. */
async function settle({ server, intake, figures }: Scene): Promise<void> {
  const { ms, unowned } = await awaitRecovery(server.dataDir);
  figures.slowestRecoveryMs = Math.max(figures.slowestRecoveryMs, ms);
  figures.unowned += unowned;
  const { forgotten, miscounted } = await intake.repeat(server.url);
  figures.forgotten += forgotten;
  figures.miscounted += miscounted;
  using database = openStopped(server.dataDir);
  figures.lost = Math.max(figures.lost, intake.countLost(database));
  figures.damage += findDamage(database).length;
}

/** What only a server that has stopped shows. */
async function settleFinally(scene: Scene): Promise<void> {
  const { server, intake, figures } = scene;
  figures.wrong = await intake.countWrong(server);
  await server.stop();
  using database = openStopped(server.dataDir);
  figures.damage += findDamage(database).length;
  figures.damage += database.rows("select 1 from windows where unfinished <> 0").length;
  figures.recordedTwice = countResults(database).twice.length;
}

/** Kills a server under load that many times. */
export async function killUnderLoad(plan: KillPlan): Promise<KillFigures> {
  await using stub = await startStub();
  const env = { HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${stub.port}` };
  await using server = await startServer({ env });
  const intake = await Intake.open({ server, stub });
  const figures: KillFigures = {
    kills: 0,
    acknowledged: 0,
    lost: 0,
    cut: 0,
    unowned: 0,
    forgotten: 0,
    miscounted: 0,
    wrong: 0,
    recordedTwice: 0,
    damage: 0,
    refused: intake.refused,
    slowestRecoveryMs: 0,
  };
  const scene = { server, intake, chance: createChance(plan.seed), figures };
  while (figures.kills < plan.kills) {
    await killOnce(scene);
    figures.kills += 1;
    figures.acknowledged = intake.promised.size;
    const unsettled = figures.kills % UNSETTLED_EVERY === 1 && figures.kills < plan.kills;
    if (!unsettled) await settle(scene);
    plan.say(`kill ${figures.kills}: ${figures.acknowledged} acknowledged, ${figures.lost} lost`);
  }
  await settleFinally(scene);
  return figures;
}
