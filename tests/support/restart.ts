// Another start over the database of slots that were cut off.

import type { Db } from "../../src/db/open";
import { recover } from "../../src/executions/slots/recover";
import { recountPlaces } from "../../src/webhooks/limiter";
import type { SlotOptions, Slots } from "./slots";
import { createSlots } from "./slots";

/** The last number in use, as a start reads it. */
const lastSeq = (db: Db): number =>
  Number(db.raw.query("select coalesce(max(seq), 0) from executions").values()[0]?.[0]);

/** Another start on what `before` left; its held calls are never answered. */
export async function restart(
  before: Slots,
  options: SlotOptions = {},
): Promise<Slots & { found: { resumed: number; givenUp: number } }> {
  const { db } = before;
  const prepared = createSlots({ ...options, db, bootSeq: lastSeq(db) });
  const found = await recover({ ...prepared.deps, recountPlaces: () => recountPlaces({ db }) });
  const slots = createSlots({ ...prepared.deps, models: prepared.models });
  slots.pool.wake();
  return { ...slots, log: prepared.log, found };
}
