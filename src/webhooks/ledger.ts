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
/** After counts could not be written. */
const RETRY_MS = 1_000;
const MAX_ROWS_A_WRITE = 100;
/** Noted and not yet on disk; beyond it deliveries are counted only. */
const MAX_HELD_ROWS = 5_000;
const MAX_HELD_BYTES = 32 * 1024 * 1024;

interface Count {
  agent: number;
  hour: number;
  reason: Reason;
  count: number;
}

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
  readonly #counts = new Map<string, Count>();
  #hour = 0;
  #pending: Pending[] = [];
  /** Rows and body bytes that are noted or being written. */
  #heldRows = 0;
  #heldBytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  record(delivery: Delivery, outcome: Outcome): void {
    this.#turnHour();
    const countOnly = "countOnly" in outcome && outcome.countOnly === true;
    if (!countOnly && this.#hasRoom(delivery, outcome)) this.#note(delivery, outcome);
    else this.#addCount(delivery.agent?.seq ?? 0, outcome.reason);
    this.#flushIn(FLUSH_MS);
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const pending = this.#pending.splice(0);
    const failed: unknown[] = [];
    let rows = 0;
    for (let from = 0; from < pending.length; from += MAX_ROWS_A_WRITE) {
      const portion = pending.slice(from, from + MAX_ROWS_A_WRITE);
      const error = await this.#writeRows(portion);
      if (error === null) continue;
      failed.push(error);
      rows += portion.length;
    }
    const error = await this.#writeCounts();
    if (error !== null) failed.push(error);
    if (failed.length > 0) {
      this.#deps.log.error("ledger.write_failed", { rows, ...describeError(failed[0]) });
    }
  }

  /** Rows that cannot be written are counted instead; returns why, or null. */
  async #writeRows(rows: Pending[]): Promise<unknown> {
    const error = await this.#try(() => {
      for (const row of rows) insertOther(this.#deps, row);
    });
    if (error !== null) for (const { row } of rows) this.#addCount(row.agent ?? 0, row.reason);
    this.#heldRows -= rows.length;
    for (const { body } of rows) this.#heldBytes -= body?.bytes.length ?? 0;
    return error;
  }

  /** Counts that cannot be written are kept and tried again; returns why, or null. */
  async #writeCounts(): Promise<unknown> {
    const counts = [...this.#counts.values()];
    if (counts.length === 0) return null;
    this.#counts.clear();
    const error = await this.#try(() => {
      for (const count of counts) addToCount(this.#deps, count);
    });
    if (error === null) return null;
    for (const count of counts) this.#keepCount(count);
    this.#flushIn(RETRY_MS);
    return error;
  }

  async #try(job: () => void): Promise<unknown> {
    try {
      await this.#deps.writer.write(job);
      return null;
    } catch (error) {
      return error;
    }
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.flush(), ms);
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
    if (this.#heldRows >= MAX_HELD_ROWS || this.#heldBytes >= MAX_HELD_BYTES) {
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
    this.#heldRows += 1;
    this.#heldBytes += body?.bytes.length ?? 0;
  }

  #addCount(agent: number, reason: Reason | null): void {
    if (reason !== null) this.#keepCount({ agent, hour: this.#hour, reason, count: 1 });
  }

  #keepCount(added: Count): void {
    const key = `${added.agent} ${added.hour} ${added.reason}`;
    const count = (this.#counts.get(key)?.count ?? 0) + added.count;
    this.#counts.set(key, { ...added, count });
  }
}
