// The fixed window and the cap of a webhook, in one row that the accept's transaction reads and
// writes: exact across restarts. Only what is accepted takes; a refusal writes nothing.

import type { WebhookLimits } from "../agents/webhook-settings";
import type { Db } from "../db/open";
import { BoundedMap } from "../lib/bounded-map";
import type { Clock } from "../lib/clock";
import type { WindowKind } from "../vocabulary";

export const WINDOW_MS = 60_000;

interface WindowRow {
  windowStart: number;
  count: number;
  unfinished: number;
}

export interface TakeRequest {
  agent: number;
  kind: WindowKind;
  perMinute: number;
  /** From `placesOf`. */
  places: number;
  /** From `createWindowClock`. */
  now: number;
}

/** Unfinished executions of its deliveries that a webhook may have; its queue is for those that wait. */
export const placesOf = (limits: WebhookLimits): number =>
  limits.overflow === "queue" ? limits.maxConcurrent + limits.maxQueued : limits.maxConcurrent;

/** What is left of the window, and when the next one opens. */
export interface WindowState {
  remaining: number;
  resetMs: number;
}

export type UsedUp = { ok: false; gate: "rate" | "concurrency"; used: number } & WindowState;

export type Taking = ({ ok: true } & WindowState) | UsedUp;

/** Wall time that moves only forward while the process lives, whatever the machine's clock does. */
export function createWindowClock(clock: Clock): () => number {
  const wall = clock.now();
  const ticks = clock.monotonic();
  return () => Math.floor(wall + clock.monotonic() - ticks);
}

/** The current row; a window that is over, or lies ahead of a clock set back, starts anew. */
function readWindow(
  deps: { db: Db },
  data: { agent: number; kind: WindowKind; now: number },
): WindowRow {
  const row = deps.db.raw
    .query<WindowRow, [number, string]>(
      "select window_start as windowStart, count, unfinished from windows where agent = ? and kind = ?",
    )
    .get(data.agent, data.kind);
  if (row === null) return { windowStart: data.now, count: 0, unfinished: 0 };
  const current = data.now >= row.windowStart && data.now < row.windowStart + WINDOW_MS;
  return current ? row : { windowStart: data.now, count: 0, unfinished: row.unfinished };
}

const stateOf = (row: WindowRow, data: { perMinute: number; now: number }): WindowState => ({
  remaining: Math.max(0, data.perMinute - row.count),
  resetMs: row.windowStart + WINDOW_MS - data.now,
});

/** Takes one unit of the window and one place, or says which is used up; runs inside a write. */
export function take(deps: { db: Db }, data: TakeRequest): Taking {
  const row = readWindow(deps, data);
  if (row.count >= data.perMinute) {
    return { ok: false, gate: "rate", used: row.count, ...stateOf(row, data) };
  }
  if (row.unfinished >= data.places) {
    return { ok: false, gate: "concurrency", used: row.unfinished, ...stateOf(row, data) };
  }
  const taken = { ...row, count: row.count + 1, unfinished: row.unfinished + 1 };
  deps.db.raw
    .query(
      "insert into windows (agent, kind, window_start, count, unfinished) values (?, ?, ?, ?, ?) on conflict (agent, kind) do update set window_start = excluded.window_start, count = excluded.count, unfinished = excluded.unfinished",
    )
    .run(data.agent, data.kind, taken.windowStart, taken.count, taken.unfinished);
  return { ok: true, ...stateOf(taken, data) };
}

/** The window as it stands, taking nothing. */
export const peek = (
  deps: { db: Db },
  data: { agent: number; kind: WindowKind; perMinute: number; now: number },
): WindowState => stateOf(readWindow(deps, data), data);

/** Windows that were found used up: until they end, a flood needs no look into the table. */
export interface UsedUpWindows {
  /** What a write has found, once it is on disk: what it counted might be undone before. */
  note(found: { request: TakeRequest; usedUp: UsedUp }): void;
  /** The answer as it was noted, with the time that is left now; null where `take` has to say. */
  find(data: TakeRequest): UsedUp | null;
}

/** Agents whose window is remembered. */
const MAX_NOTED = 1_000;

/** No window is known to be used up. What is counted only grows until a window's end. */
export function createUsedUpWindows(): UsedUpWindows {
  const noted = new BoundedMap<number, { endsAt: number; perMinute: number; usedUp: UsedUp }>(
    MAX_NOTED,
  );
  return {
    note({ request: { agent, perMinute, now }, usedUp }) {
      if (usedUp.gate === "rate")
        noted.set(agent, { endsAt: now + usedUp.resetMs, perMinute, usedUp });
    },
    find({ agent, perMinute, now }) {
      const known = noted.get(agent);
      if (known === undefined || known.perMinute !== perMinute) return null;
      return now < known.endsAt ? { ...known.usedUp, resetMs: known.endsAt - now } : null;
    },
  };
}

/** Frees the place of a delivery's execution that has ended; runs inside a write. */
export function releasePlace(deps: { db: Db }, agent: number): void {
  deps.db.raw
    .query(
      "update windows set unfinished = unfinished - 1 where agent = ? and kind = 'live' and unfinished > 0",
    )
    .run(agent);
}

/** Takes a place again for a delivery's execution that goes on; runs inside a write. */
export function holdPlace(deps: { db: Db }, agent: number): void {
  deps.db.raw
    .query("update windows set unfinished = unfinished + 1 where agent = ? and kind = 'live'")
    .run(agent);
}

/** Sets every webhook's places to what the executions that have not ended say; runs inside a write. */
export function recountPlaces(deps: { db: Db }): void {
  deps.db.raw.run(
    `with open as materialized
       (select agent, count(*) as places from executions indexed by executions_open
        where finished_at is null and delivery is not null group by agent)
     update windows set unfinished =
       coalesce((select places from open where open.agent = windows.agent), 0)
     where kind = 'live'`,
  );
}
