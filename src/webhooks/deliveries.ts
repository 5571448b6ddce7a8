// The ledger as it is read: lists, one delivery with its ladder, its raw body.

import type { Db } from "../db/open";
import { AppError } from "../errors";
import { findPayload } from "../executions/executions.store";
import { toIso } from "../lib/clock";
import { formatId, parseId } from "../lib/ids";
import type { Page } from "../lib/wire";
import { toPage } from "../lib/wire";
import { GATES } from "../vocabulary";
import type { DeliverySummary, DeliveryView } from "./deliveries.schema";
import type { DeliveryFilter, DeliveryRow } from "./deliveries.store";
import { findDelivery, listDeliveries } from "./deliveries.store";

const toSummary = (row: DeliveryRow): DeliverySummary => ({
  id: formatId("dlv", row.uid),
  agentId: row.agentId,
  receivedAt: toIso(row.receivedAt),
  verdict: row.verdict,
  gate: row.gate,
  reason: row.reason,
  verified: Boolean(row.verified),
  address: row.address,
  method: row.method,
  preset: row.preset,
  event: row.event,
  deliveryKey: row.deliveryKey,
  size: row.size,
  status: row.status,
  code: row.code,
  executionId: row.executionUid === null ? null : formatId("exec", row.executionUid),
  microseconds: row.micros,
});

/** Each gate: passed, the one that stopped the delivery with what it compared, or not reached. */
function ladderOf(row: DeliveryRow): DeliveryView["ladder"] {
  const stop = row.gate === null ? GATES.length : GATES.indexOf(row.gate);
  return GATES.map((gate, place) => ({
    gate,
    state: place < stop ? "passed" : place === stop ? "stopped" : "not_reached",
    reason: place === stop ? row.reason : null,
    compared: place === stop && row.detail !== null ? JSON.parse(row.detail) : {},
  }));
}

/** A page of deliveries, newest first. */
export function viewDeliveries(deps: { db: Db }, filter: DeliveryFilter): Page<DeliverySummary> {
  const { limit } = filter;
  return toPage({ ...listDeliveries(deps, { ...filter, limit: limit + 1 }), limit }, toSummary);
}

/** A delivery by its public id; with an agent's id only where it is that agent's. */
export interface DeliveryId {
  id: string;
  agentId?: string;
}

function getRow(deps: { db: Db }, data: DeliveryId): DeliveryRow {
  const uid = parseId("dlv", data.id);
  const row = uid === null ? null : findDelivery(deps, uid);
  const foreign = data.agentId !== undefined && row?.agentId !== data.agentId;
  if (row === null || foreign) throw new AppError("NOT_FOUND");
  return row;
}

/** One delivery whole; throws NOT_FOUND. */
export function viewDelivery(deps: { db: Db }, data: DeliveryId): DeliveryView {
  const row = getRow(deps, data);
  return {
    ...toSummary(row),
    query: row.query,
    headers: JSON.parse(row.headers),
    ladder: ladderOf(row),
    storedBytes: findPayload(deps, row.seq)?.length ?? 0,
  };
}

/** The stored bytes of a delivery as they were received; throws NOT_FOUND where there are none. */
export function rawBody(deps: { db: Db }, data: DeliveryId): Uint8Array {
  const bytes = findPayload(deps, getRow(deps, data).seq);
  if (bytes === null) throw new AppError("NOT_FOUND", { message: "The body is not stored." });
  return bytes;
}
