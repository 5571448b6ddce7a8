// Writes deliveries that were not accepted, behind their answer and in batches, within caps: beyond
// them only counts by reason are kept, so that a flood of refusals fills neither disk nor memory.

import { deleteInTurns } from "../../db/delete-in-turns";
import type { Db } from "../../db/open";
import type { Packed } from "../../db/pack";
import { pack } from "../../db/pack";
import type { Sequence } from "../../db/sequence";
import type { Writer } from "../../db/writer";
import type { Clock } from "../../lib/clock";
import type { Log } from "../../lib/log";
import { describeError } from "../../lib/log";
import type { Reason } from "../../vocabulary";
import type { NewDelivery } from "../deliveries.store";
import {
  addToCount,
  countOthersSince,
  insertOther,
  keptRefusals,
  sweepOthers,
} from "../deliveries.store";
import type { Delivery, Outcome } from "../delivery";
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
/** Counts alone wait longer: in a flood a write every 50 ms took 5 % of the time. */
const COUNTS_FLUSH_MS = 250;
/** After counts could not be written. */
const RETRY_MS = 1_000;
const MAX_ROWS_A_WRITE = 100;
/** Noted and not yet on disk; beyond it deliveries are counted only. */
const MAX_HELD_ROWS = 5_000;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

interface Count {
  agent: number;
  hour: number;
  reason: Reason;
  count: number;
}

interface Noted {
  delivery: Delivery;
  outcome: Outcome;
  /** Monotonic milliseconds of the decision. */
  endedTick: number;
  hour: number;
}

interface Pending {
  noted: Noted;
  row: NewDelivery;
  body: Packed | null;
}

/** Verified refusals have caps of their own, and keep their body: their sender may want it run. */
const isKeptWhole = ({ delivery, outcome }: Noted): boolean =>
  outcome.verdict === "refused" && delivery.verified;

/** What is kept of one kind, and how much of it may be. */
interface Room {
  rows: number;
  bytes: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

const isFull = (room: Room, size: number): boolean =>
  room.rows >= room.maxRows || room.bytes + size > room.maxBytes;

/** The ledger of one database. */
export const createLedger = (deps: LedgerDeps): Ledger => new BatchedLedger(deps);

class BatchedLedger implements Ledger {
  readonly #deps: LedgerDeps;
  readonly #kept = new Map<number, Room>();
  readonly #others = new Map<number, Room>();
  readonly #counts = new Map<string, Count>();
  /** The hour that `#others` counts. */
  #othersHour = 0;
  /** Not looked at yet: nothing is packed or read before the answer has been given. */
  #inbox: Noted[] = [];
  /** Deliveries and body bytes that are noted and not on disk. */
  #heldRows = 0;
  #heldBytes = 0;
  #flushing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #countsTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  record(delivery: Delivery, outcome: Outcome): void {
    const { clock } = this.#deps;
    const hour = Math.floor(clock.now() / HOUR_MS);
    const noted = { delivery, outcome, endedTick: clock.monotonic(), hour };
    if (this.#isCountedOnly(noted)) {
      this.#addCount(noted);
      this.#countsTimer ??= setTimeout(() => void this.flush(), COUNTS_FLUSH_MS);
    } else {
      this.#hold(noted);
      this.#flushIn(FLUSH_MS);
    }
  }

  /** What is known at once: a flood beyond the caps holds no request in memory until the next write. */
  #isCountedOnly(noted: Noted): boolean {
    const { outcome } = noted;
    if ("countOnly" in outcome && outcome.countOnly === true) return true;
    if (this.#heldRows >= MAX_HELD_ROWS || this.#heldBytes >= MAX_HELD_BYTES) return true;
    const room = this.#knownRoom(noted);
    return room !== undefined && isFull(room, noted.delivery.body.length);
  }

  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#countsTimer !== null) clearTimeout(this.#countsTimer);
    this.#timer = null;
    this.#countsTimer = null;
    this.#flushing = this.#flushing.then(() => this.#flushNow());
    return this.#flushing;
  }

  async #flushNow(): Promise<void> {
    const inbox = this.#inbox.splice(0);
    const failed: unknown[] = [];
    let rows = 0;
    for (let from = 0; from < inbox.length; from += MAX_ROWS_A_WRITE) {
      const noted = inbox.slice(from, from + MAX_ROWS_A_WRITE);
      const kept = noted.flatMap((entry) => this.#toPending(entry) ?? []);
      const error = kept.length === 0 ? null : await this.#writeRows(kept);
      for (const entry of noted) this.#letGo(entry);
      if (error === null) continue;
      failed.push(error);
      rows += kept.length;
    }
    const error = await this.#writeCounts();
    if (error !== null) failed.push(error);
    if (failed.length > 0) {
      this.#deps.log.error("ledger.write_failed", { rows, ...describeError(failed[0]) });
    }
  }

  #hold(entry: Noted): void {
    this.#inbox.push(entry);
    this.#heldRows += 1;
    this.#heldBytes += entry.delivery.body.length;
  }

  #letGo(entry: Noted): void {
    this.#heldRows -= 1;
    this.#heldBytes -= entry.delivery.body.length;
  }

  /** The row of a delivery, or null where the caps leave a count of it. */
  #toPending(noted: Noted): Pending | null {
    if (!this.#takeRoom(noted)) {
      this.#addCount(noted);
      return null;
    }
    const { delivery, outcome, endedTick } = noted;
    const row = toRow({ seq: this.#deps.sequence.next(), delivery, outcome, endedTick });
    // A copy, so that what is cut off is not held in memory.
    const kept = isKeptWhole(noted) ? delivery.body : delivery.body.slice(0, OTHER_BODY_BYTES);
    return { noted, row, body: kept.length === 0 ? null : pack(kept) };
  }

  /** Rows that cannot be written are counted instead; returns why, or null. */
  async #writeRows(rows: Pending[]): Promise<unknown> {
    const error = await this.#try(() => {
      for (const row of rows) insertOther(this.#deps, row);
    });
    if (error !== null) for (const { noted } of rows) this.#addCount(noted);
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

  sweep(): Promise<void> {
    const before = this.#deps.clock.now() - OTHERS_KEPT_MS;
    return deleteInTurns(this.#deps, (limit) => sweepOthers(this.#deps, { before, limit }));
  }

  /** Takes room for a delivery, or says that there is none. */
  #takeRoom(noted: Noted): boolean {
    const room = this.#knownRoom(noted) ?? this.#readRoom(noted);
    const size = noted.delivery.body.length;
    if (isFull(room, size)) return false;
    room.rows += 1;
    room.bytes += size;
    return true;
  }

  /** Undefined where the table has not been asked yet. */
  #knownRoom(noted: Noted): Room | undefined {
    const agent = noted.delivery.agent?.seq ?? 0;
    if (isKeptWhole(noted)) return this.#kept.get(agent);
    return noted.hour === this.#othersHour ? this.#others.get(agent) : undefined;
  }

  #readRoom(noted: Noted): Room {
    const { hour } = noted;
    const agent = noted.delivery.agent?.seq ?? null;
    if (agent !== null && isKeptWhole(noted)) {
      const room = {
        ...keptRefusals(this.#deps, agent),
        maxRows: KEPT_ROWS,
        maxBytes: KEPT_BYTES,
      };
      this.#kept.set(agent, room);
      return room;
    }
    if (hour !== this.#othersHour) this.#others.clear();
    this.#othersHour = hour;
    const maxRows = agent === null ? UNKNOWN_PER_HOUR : OTHERS_PER_HOUR;
    const rows = countOthersSince(this.#deps, { agent, from: hour * HOUR_MS, limit: maxRows });
    const room = { rows, bytes: 0, maxRows, maxBytes: Infinity };
    this.#others.set(agent ?? 0, room);
    return room;
  }

  #addCount({ delivery, outcome, hour }: Noted): void {
    const { reason } = outcome;
    if (reason !== null)
      this.#keepCount({ agent: delivery.agent?.seq ?? 0, hour, reason, count: 1 });
  }

  #keepCount(added: Count): void {
    const key = `${added.agent} ${added.hour} ${added.reason}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { ...added });
    else known.count += added.count;
  }
}
