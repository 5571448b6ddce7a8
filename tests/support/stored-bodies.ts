// Bodies as they are stored, unpacked.

import type { Db } from "../../src/db/open";
import { findPayload } from "../../src/executions/executions.store";

/** The bytes stored under that number, or null where there are none. */
export function readBodyOf(db: Db, seq: number): Buffer | null {
  const bytes = findPayload({ db }, seq);
  return bytes === null ? null : Buffer.from(bytes);
}
