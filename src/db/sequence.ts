// The sequence that deliveries and executions share. Counted in memory: one process owns the file.

import type { Db } from "./open";

export interface Sequence {
  /** For a write that is asked for in the same turn: numbers are committed in their order. */
  next(): number;
  /** The last number that was given, or found in the database. */
  last(): number;
}

/** Goes on after the largest number in use; gaps are normal. */
export function createSequence(db: Db): Sequence {
  const row = db.raw
    .query<{ last: number }, []>(
      "select max((select coalesce(max(seq), 0) from executions), (select coalesce(max(seq), 0) from deliveries)) as last",
    )
    .get();
  let last = row?.last ?? 0;
  return {
    next() {
      last += 1;
      return last;
    },
    last: () => last,
  };
}
