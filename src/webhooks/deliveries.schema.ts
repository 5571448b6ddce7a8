// Wire shapes of the ledger.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { EndErrorSchema } from "../executions/executions.schema";
import { closed, EXAMPLE, named, orNull, Time, words } from "../lib/wire";
import { EXECUTION_STATUSES, GATES, REASONS, VERDICTS } from "../vocabulary";

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
  status: Type.Integer({ description: "HTTP status of our answer." }),
  code: orNull(Type.String({ description: "Error code of our answer." })),
  executionId: orNull(Type.String()),
  microseconds: Type.Integer({ description: "From the request's first byte to the decision." }),
};

const EXAMPLE_DELIVERY = {
  id: EXAMPLE.deliveryId,
  agentId: EXAMPLE.agentId,
  receivedAt: EXAMPLE.time,
  verdict: "accepted",
  gate: null,
  reason: null,
  verified: true,
  address: "192.0.2.10",
  method: "POST",
  preset: "github",
  event: "issues.opened",
  deliveryKey: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  size: 8214,
  status: 200,
  code: null,
  executionId: EXAMPLE.executionId,
  microseconds: 1840,
} as const;

/** A delivery in a list. */
export const DeliverySummarySchema = named(
  "DeliverySummary",
  closed(deliveryFields),
  EXAMPLE_DELIVERY,
);
export type DeliverySummary = Static<typeof DeliverySummarySchema>;

export const LADDER_STATES = ["passed", "stopped", "not_reached"] as const;

const RungSchema = named(
  "Rung",
  closed({
    gate: words(GATES),
    state: words(LADDER_STATES),
    reason: orNull(words(REASONS)),
    compared: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      description: "What the gate compared, where it stopped the delivery.",
    }),
  }),
);

/** A delivery with its headers and the gates it passed. */
export const DeliverySchema = named(
  "Delivery",
  closed({
    ...deliveryFields,
    query: Type.String(),
    headers: Type.Record(Type.String(), Type.String(), {
      description: "By lower-case name; credentials are masked.",
    }),
    ladder: Type.Array(RungSchema, { description: "Every gate, in the order they are passed." }),
    storedBytes: Type.Integer({
      description: "Of the body: fewer than `size` where it was cut, 0 where it is gone.",
    }),
  }),
  {
    ...EXAMPLE_DELIVERY,
    query: "",
    headers: { "content-type": "application/json", "x-hub-signature-256": "***" },
    ladder: GATES.map((gate) => ({ gate, state: "passed" as const, reason: null, compared: {} })),
    storedBytes: 8214,
  },
);
export type DeliveryView = Static<typeof DeliverySchema>;

/** The answer to a delivery that was taken; a handshake starts no execution. */
export const DeliveryAnswerSchema = named(
  "DeliveryAnswer",
  closed({
    executionId: orNull(Type.String()),
    status: words([...EXECUTION_STATUSES, "handshake"]),
    output: Type.Optional(
      Type.Unknown({
        description: "Where the answer has waited for the end; null unless completed.",
      }),
    ),
    error: Type.Optional(EndErrorSchema),
  }),
  { executionId: EXAMPLE.executionId, status: "running" },
);
