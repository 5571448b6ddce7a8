// The journal: what an execution did, append-only, in the order of `id` = seq × 2^20 + entry.

import type { Db } from "../../db/open";
import type { Packed } from "../../db/pack";
import { pack, unpack } from "../../db/pack";
import type { JournalKind } from "../../vocabulary";

/** Entries one execution may have; its caps keep it far below. */
const ENTRIES = 2 ** 20;

export interface JournalEntry {
  kind: JournalKind;
  record: unknown;
}

/** An entry ready to be written. */
export interface NewEntry {
  id: number;
  execution: number;
  kind: JournalKind;
  effect: string | null;
  packed: Packed;
}

/** Numbers and compresses a record. */
export const toEntry = (data: {
  execution: number;
  entry: number;
  kind: JournalKind;
  effect: string | null;
  record: string;
}): NewEntry => ({
  id: data.execution * ENTRIES + data.entry,
  execution: data.execution,
  kind: data.kind,
  effect: data.effect,
  packed: pack(Buffer.from(data.record)),
});

/** Appends an entry; a second end of the same effect is refused by the table. Runs inside a write. */
export function appendEntry(deps: { db: Db }, entry: NewEntry): void {
  const { packed, bytes } = entry.packed;
  deps.db.raw
    .query(
      "insert into journal (id, execution, kind, effect, packed, record) values (?, ?, ?, ?, ?, ?)",
    )
    .run(entry.id, entry.execution, entry.kind, entry.effect, packed ? 1 : 0, bytes);
}

/** Removes the starts of an effect that has no end, so that it is made as if for the first time. Runs inside a write. */
export function forgetStart(deps: { db: Db }, data: { execution: number; effect: string }): void {
  const { execution, effect } = data;
  deps.db.raw
    .query(
      "delete from journal where id >= ? and id < ? and kind = 'effect_started' and effect = ?",
    )
    .run(execution * ENTRIES, (execution + 1) * ENTRIES, effect);
}

/** All entries of an execution, oldest first, and the number of the next. */
export function readJournal(
  deps: { db: Db },
  execution: number,
): { entries: JournalEntry[]; next: number } {
  const rows = deps.db.raw
    .query<{ id: number; kind: JournalKind; packed: number; record: Uint8Array }, [number, number]>(
      "select id, kind, packed, record from journal where id >= ? and id < ? order by id",
    )
    .all(execution * ENTRIES, (execution + 1) * ENTRIES);
  const entries = rows.map((row) => {
    const bytes = unpack({ packed: row.packed, bytes: row.record });
    return { kind: row.kind, record: JSON.parse(Buffer.from(bytes).toString("utf8")) };
  });
  const last = rows.at(-1);
  return { entries, next: last === undefined ? 0 : last.id - execution * ENTRIES + 1 };
}
