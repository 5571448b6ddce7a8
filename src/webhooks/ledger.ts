// Writes deliveries that were not accepted, behind their answer and in batches, within caps: beyond
// them only counts by reason are kept, so that a flood of refusals fills neither disk nor memory.

import type { Db } from "../db/open";
import type { Packed } from "../db/pack";
import { pack } from "../db/pack";
import type { Sequence } from "../db/sequence";
import type { Writer } from "../db/writer";
import type { Clock } from "../lib/clock";
import type { Log } from "../lib/log";
import { describeError } from "../lib/log";
import type { Reason } from "../vocabulary";
import type { NewDelivery } from "./deliveries.store";
import {
  addToCount,
  countOthersSince,
  insertOther,
  keptRefusals,
  sweepOthers,
} from "./deliveries.store";
import type { Delivery, Outcome } from "./delivery";
import { toRow } from "./ledger-row";

export interface Ledger {
  /** Notes a delivery that led to no execution of its own. */
  record(delivery: Delivery, outcome: Outcome): void;
  /** Writes what is noted; resolves when it is on disk, or counted because it cannot be. */
  flush(): Promise<void>;
  /** Deletes unverified rows older than a day, in small writes. */
  sweep(): Promise<void>;
}

export interface LedgerDeps {
  db: Db;
  writer: Writer;
  clock: Clock;
  log: Log;
  sequence: Sequence;
}

/** Verified refusals of one webhook that are kept whole. */
export const KEPT_ROWS = 1_000;
export const KEPT_BYTES = 64 * 1024 * 1024;
/** Other rows an hour: of one agent, and of all unknown agents together. */
export const OTHERS_PER_HOUR = 500;
export const UNKNOWN_PER_HOUR = 2_000;
/** Body bytes of an unverified delivery, and how long it is kept. */
export const OTHER_BODY_BYTES = 64 * 1024;
export const OTHERS_KEPT_MS = 24 * 3_600_000;

const HOUR_MS = 3_600_000;
const FLUSH_MS = 50;
const MAX_ROWS_A_WRITE = 100;
/** Noted and not yet written; beyond it deliveries are counted only. */
const MAX_PENDING_ROWS = 5_000;
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

interface Pending {
  row: NewDelivery;
  body: Packed | null;
}

/** The ledger of one database. */
export const createLedger = (deps: LedgerDeps): Ledger => new BatchedLedger(deps);

class BatchedLedger implements Ledger {
  readonly #deps: LedgerDeps;
  readonly #kept = new Map<number, { rows: number; bytes: number }>();
  readonly #others = new Map<number, number>();
  readonly #counts = new Map<string, { agent: number; reason: Reason; count: number }>();
  #hour = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  record(delivery: Delivery, outcome: Outcome): void {
    this.#turnHour();
    const countOnly = "countOnly" in outcome && outcome.countOnly === true;
    if (countOnly || !this.#hasRoom(delivery, outcome)) this.#count(delivery, outcome);
    else this.#note(delivery, outcome);
    this.#timer ??= setTimeout(() => {
      void this.flush();
    }, FLUSH_MS);
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const pending = this.#pending;
    const counts = [...this.#counts.values()];
    const hour = this.#hour;
    this.#pending = [];
    this.#counts.clear();
    try {
      for (let from = 0; from < pending.length; from += MAX_ROWS_A_WRITE) {
        const rows = pending.slice(from, from + MAX_ROWS_A_WRITE);
        await this.#deps.writer.write(() => {
          for (const row of rows) insertOther(this.#deps, row);
        });
      }
      if (counts.length === 0) return;
      await this.#deps.writer.write(() => {
        for (const count of counts) addToCount(this.#deps, { ...count, hour });
      });
    } catch (error) {
      this.#deps.log.error("ledger.write_failed", {
        rows: pending.length,
        ...describeError(error),
      });
    } finally {
      for (const { body } of pending) this.#pendingBytes -= body?.bytes.length ?? 0;
    }
  }

  async sweep(): Promise<void> {
    const before = this.#deps.clock.now() - OTHERS_KEPT_MS;
    let deleted = MAX_ROWS_A_WRITE;
    while (deleted === MAX_ROWS_A_WRITE) {
      deleted = await this.#deps.writer.write(() =>
        sweepOthers(this.#deps, { before, limit: MAX_ROWS_A_WRITE }),
      );
    }
  }

  #turnHour(): void {
    const hour = Math.floor(this.#deps.clock.now() / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#others.clear();
  }

  #hasRoom(delivery: Delivery, outcome: Outcome): boolean {
    if (this.#pending.length >= MAX_PENDING_ROWS || this.#pendingBytes >= MAX_PENDING_BYTES) {
      return false;
    }
    const agent = delivery.agent?.seq ?? null;
    if (agent !== null && outcome.verdict === "refused" && delivery.verified) {
      return this.#hasRoomForKept(agent, delivery.body.length);
    }
    return this.#hasRoomForOther(agent);
  }

  #hasRoomForKept(agent: number, size: number): boolean {
    const kept = this.#kept.get(agent) ?? keptRefusals(this.#deps, agent);
    this.#kept.set(agent, kept);
    if (kept.rows >= KEPT_ROWS || kept.bytes + size > KEPT_BYTES) return false;
    kept.rows += 1;
    kept.bytes += size;
    return true;
  }

  #hasRoomForOther(agent: number | null): boolean {
    const limit = agent === null ? UNKNOWN_PER_HOUR : OTHERS_PER_HOUR;
    const from = this.#hour * HOUR_MS;
    const known =
      this.#others.get(agent ?? 0) ?? countOthersSince(this.#deps, { agent, from, limit });
    if (known >= limit) return false;
    this.#others.set(agent ?? 0, known + 1);
    return true;
  }

  #note(delivery: Delivery, outcome: Outcome): void {
    const row = toRow(this.#deps, { seq: this.#deps.sequence.next(), delivery, outcome });
    const whole = outcome.verdict === "refused" && delivery.verified;
    // A copy, so that what is cut off is not held in memory.
    const kept = whole ? delivery.body : delivery.body.slice(0, OTHER_BODY_BYTES);
    const body = kept.length === 0 ? null : pack(kept);
    this.#pending.push({ row, body });
    this.#pendingBytes += body?.bytes.length ?? 0;
  }

  #count(delivery: Delivery, outcome: Outcome): void {
    if (outcome.reason === null) return;
    const agent = delivery.agent?.seq ?? 0;
    const key = `${agent} ${outcome.reason}`;
    const entry = this.#counts.get(key) ?? { agent, reason: outcome.reason, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
  }
}
