// Where an execution's input and trigger come from: memory right after the accept, else the
// stored body, decoded again in the way in which the delivery was read.

import type { Db } from "../db/open";
import type { ParsedJson } from "../lib/json";
import { decodeUtf8, parseJson } from "../lib/json";
import type { Json, TriggerInfo } from "../pipelines/record";
import type { Trigger } from "../vocabulary";
import { findDeliveryFacts } from "./delivery-facts.store";
import { findPayload } from "./executions.store";

export interface ExecutionInput {
  input: Json;
  trigger: TriggerInfo;
}

/** Inputs of fresh executions, so that a slot need not read and parse them again. */
export interface FreshInputs {
  keep(data: { seq: number; size: number; value: ExecutionInput }): void;
  take(seq: number): ExecutionInput | undefined;
}

/** Body bytes behind the inputs that are kept; beyond it they are read from the database. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** Inputs kept until a slot takes them. */
export function createFreshInputs(): FreshInputs {
  const kept = new Map<number, { size: number; value: ExecutionInput }>();
  let bytes = 0;
  return {
    keep({ seq, size, value }) {
      if (bytes + size > MAX_KEPT_BYTES) return;
      bytes += size;
      kept.set(seq, { size, value });
    },
    take(seq) {
      const entry = kept.get(seq);
      if (entry === undefined) return undefined;
      bytes -= entry.size;
      kept.delete(seq);
      return entry.value;
    },
  };
}

/** JSON of a body: as it is, or the text of one form field. */
export function decodeBody(data: { body: Uint8Array; decoding: string | null }): ParsedJson {
  if (data.decoding === null || data.decoding === "json") return parseJson(data.body);
  const form = decodeUtf8(data.body);
  if (form === null) return { ok: false, problem: "not_utf8" };
  return parseJson(Buffer.from(new URLSearchParams(form).get(data.decoding) ?? ""));
}

const plainTrigger = (type: Trigger): TriggerInfo => ({
  type,
  headers: {},
  query: {},
  event: null,
  deliveryId: null,
});

/** Reads input and trigger from the database; null input where the body is gone. */
export function readInput(
  deps: { db: Db },
  data: { seq: number; delivery: number | null; trigger: Trigger },
): ExecutionInput {
  const body = findPayload(deps, data.delivery ?? data.seq);
  const facts = data.delivery === null ? null : findDeliveryFacts(deps, data.delivery);
  const parsed =
    body === null ? null : decodeBody({ body, decoding: facts === null ? null : facts.decoding });
  // Checked when it was accepted: what parsed then parses now.
  const input = parsed !== null && parsed.ok ? (parsed.value as Json) : null;
  if (facts === null) return { input, trigger: plainTrigger(data.trigger) };
  return {
    input,
    trigger: {
      type: data.trigger,
      headers: JSON.parse(facts.headers),
      query: Object.fromEntries(new URLSearchParams(facts.query)),
      event: facts.event,
      deliveryId: facts.deliveryKey,
    },
  };
}
