// The fixed window and the cap of a webhook, in one row that the accept's transaction reads and
// writes: exact across restarts. Only what is accepted takes; a refusal writes nothing.

import type { WebhookLimits } from "../agents/webhook-settings";
import type { Db } from "../db/open";
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

function findUsedUp(row: WindowRow, data: TakeRequest): UsedUp | null {
  if (row.count >= data.perMinute) {
    return { ok: false, gate: "rate", used: row.count, ...stateOf(row, data) };
  }
  if (row.unfinished >= data.places) {
    return { ok: false, gate: "concurrency", used: row.unfinished, ...stateOf(row, data) };
  }
  return null;
}

/** Which is used up as it stands on disk, or null; takes nothing and waits for no write. */
export const findExhausted = (deps: { db: Db }, data: TakeRequest): UsedUp | null =>
  findUsedUp(readWindow(deps, data), data);

/** Takes one unit of the window and one place, or says which is used up; runs inside a write. */
export function take(deps: { db: Db }, data: TakeRequest): Taking {
  const row = readWindow(deps, data);
  const usedUp = findUsedUp(row, data);
  if (usedUp !== null) return usedUp;
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

/** Frees the place of a delivery's execution that has ended; runs inside a write. */
export function releasePlace(deps: { db: Db }, agent: number): void {
  deps.db.raw
    .query(
      "update windows set unfinished = unfinished - 1 where agent = ? and kind = 'live' and unfinished > 0",
    )
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
