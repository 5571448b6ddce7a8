// What is measured, in groups of variants that are compared with each other.

import { openBaseline, openHookline } from "./targets";
import type { HooklineOptions } from "./targets";
import type { Durations, Variant } from "./measure";
import { measureInRounds } from "./measure";

export interface Scale extends Durations {
  rounds: number;
  /** Executions in the file that has grown. */
  grown: number;
  /** Executions that wait where memory is looked at. */
  waiting: number;
  /** Starts, and requests to each list. */
  repeats: number;
}

export const FULL: Scale = {
  seconds: 4,
  warmUpSeconds: 2,
  rounds: 5,
  grown: 1_000_000,
  waiting: 100_000,
  repeats: 20,
};

/** To see that everything runs. */
export const QUICK: Scale = {
  seconds: 1,
  warmUpSeconds: 1,
  rounds: 1,
  grown: 20_000,
  waiting: 5_000,
  repeats: 3,
};

const AGENTS = 100;

const held = (options: Partial<HooklineOptions> = {}): Variant["open"] => {
  return () => openHookline({ agents: AGENTS, held: true, ...options });
};

/** As much as the server takes on 32 connections, beside the baselines. */
export const measureThroughput = (scale: Scale) =>
  measureInRounds(scale, {
    bare: { open: () => openBaseline("bare", AGENTS) },
    verified: { open: () => openBaseline("verified", AGENTS) },
    commitEach: { open: () => openBaseline("commitEach", AGENTS) },
    unsynced: { open: () => openBaseline("unsynced", AGENTS) },
    manyAgents: { open: held() },
    oneAgent: { open: held({ agents: 1 }) },
    tenKiB: { open: held(), load: { bodyBytes: 10 * 1024 } },
    wrongSignature: { open: held(), load: { badSecret: true, refused: true } },
    // One webhook: the first 1,000 refusals are kept whole, those after it are counted.
    rateLimited: { open: held({ agents: 1, perMinute: 1 }), load: { refused: true } },
    endToEnd: { open: () => openHookline({ agents: AGENTS }), load: { drained: true } },
  });

/** The same two servers under fewer and more connections. */
export const measureConnections = (scale: Scale) =>
  measureInRounds(scale, {
    verified1: { open: () => openBaseline("verified", AGENTS), load: { connections: 1 } },
    hookline1: { open: held(), load: { connections: 1 } },
    verified64: { open: () => openBaseline("verified", AGENTS), load: { connections: 64 } },
    hookline64: { open: held(), load: { connections: 64 } },
    verified256: { open: () => openBaseline("verified", AGENTS), load: { connections: 256 } },
    hookline256: { open: held(), load: { connections: 256 } },
  });

/** 1,000 deliveries a second, their executions run meanwhile. */
export const measurePaced = (scale: Scale) =>
  measureInRounds(
    { ...scale, seconds: scale.seconds * 2 },
    {
      verified: { open: () => openBaseline("verified", AGENTS), load: { perSecond: 1_000 } },
      hookline: { open: () => openHookline({ agents: AGENTS }), load: { perSecond: 1_000 } },
    },
  );
