// What an execution reads of the delivery that started it.

import type { Db } from "../db/open";

export interface DeliveryFacts {
  headers: string;
  query: string;
  event: string | null;
  deliveryKey: string | null;
  decoding: string | null;
}

/** Facts of a delivery, or null where it is gone. */
export const findDeliveryFacts = (deps: { db: Db }, seq: number): DeliveryFacts | null =>
  deps.db.raw
    .query<DeliveryFacts, [number]>(
      "select headers, query, event, delivery_key as deliveryKey, decoding from deliveries where seq = ?",
    )
    .get(seq);
