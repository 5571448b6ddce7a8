// Wire shapes of the ledger.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, orNull, Time, words } from "../lib/wire";
import { GATES, REASONS, VERDICTS } from "../vocabulary";

const deliveryFields = {
  id: Type.String(),
  agentId: orNull(Type.String()),
  receivedAt: Time,
  verdict: words(VERDICTS),
  gate: orNull(words(GATES)),
  reason: orNull(words(REASONS)),
  verified: Type.Boolean(),
  address: orNull(Type.String()),
  method: Type.String(),
  preset: Type.String(),
  event: orNull(Type.String()),
  deliveryKey: orNull(Type.String()),
  size: Type.Integer(),
  /** Status and error code of our answer. */
  status: Type.Integer(),
  code: orNull(Type.String()),
  executionId: orNull(Type.String()),
  /** From the first byte of the request that we saw to the decision. */
  microseconds: Type.Integer(),
};

/** A delivery in a list. */
export const DeliverySummarySchema = closed(deliveryFields);
export type DeliverySummary = Static<typeof DeliverySummarySchema>;

export const LADDER_STATES = ["passed", "stopped", "not_reached"] as const;

/** A delivery with its headers and the gates it passed. */
export const DeliverySchema = closed({
  ...deliveryFields,
  query: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  ladder: Type.Array(
    closed({
      gate: words(GATES),
      state: words(LADDER_STATES),
      reason: orNull(words(REASONS)),
      compared: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    }),
  ),
  /** Bytes of the body that are stored: fewer than `size` where it was cut, 0 where it is gone. */
  storedBytes: Type.Integer(),
});
export type DeliveryView = Static<typeof DeliverySchema>;
