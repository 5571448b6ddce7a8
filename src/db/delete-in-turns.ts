// Deletes many rows in small writes, so that none of them holds up the deliveries for long.

import type { Writer } from "./writer";

const MAX_ROWS_A_WRITE = 100;

/**
 * Calls `deleteSome`, which deletes at most `limit` rows and returns how many, in one write after
 * another until it deletes fewer. Rejects as `Writer.write` does.
 */
export async function deleteInTurns(
  deps: { writer: Writer },
  deleteSome: (limit: number) => number,
): Promise<void> {
  let deleted = MAX_ROWS_A_WRITE;
  while (deleted === MAX_ROWS_A_WRITE) {
    deleted = await deps.writer.write(() => deleteSome(MAX_ROWS_A_WRITE));
  }
}
