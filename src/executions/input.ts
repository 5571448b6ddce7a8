// Where an execution's input and trigger come from: memory right after the accept, else the
// stored body, decoded again in the way in which the delivery was read.

import type { Db } from "../db/open";
import type { ParsedJson } from "../lib/json";
import { decodeUtf8, parseJson, parseJsonInTurns } from "../lib/json";
import type { LoopTurn } from "../lib/loop-turn";
import type { Json, TriggerInfo } from "../pipelines/record";
import type { Trigger } from "../vocabulary";
import { findDeliveryFacts, findPayload } from "./executions.store";
import { findReplayedDelivery } from "./origin.store";

export interface ExecutionInput {
  input: Json;
  trigger: TriggerInfo;
}

/** Inputs of fresh executions, so that a slot need not read and parse them again. */
export interface FreshInputs {
  /** `size` is that of its text, headers and address included, in bytes. */
  keep(data: { seq: number; size: number; value: ExecutionInput }): void;
  take(seq: number): ExecutionInput | undefined;
}

/** Of the inputs that are kept; beyond it they are read from the database. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/** What one takes besides its text: a queue of 100,000 small bodies took 80 MB more without it. */
const OWN_BYTES = 4096;

/** Inputs kept until a slot takes them. */
export function createFreshInputs(): FreshInputs {
  const kept = new Map<number, { size: number; value: ExecutionInput }>();
  let bytes = 0;
  return {
    keep({ seq, size: text, value }) {
      const size = text + OWN_BYTES;
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

/** The JSON within a body: all of it, or the text of one form field. */
function jsonOf(data: { body: Uint8Array; decoding: string | null }): Uint8Array {
  if (data.decoding === null || data.decoding === "json") return data.body;
  const form = decodeUtf8(data.body);
  // Bytes that are no text stay as they are, and are refused as such.
  if (form === null) return data.body;
  return Buffer.from(new URLSearchParams(form).get(data.decoding) ?? "");
}

/** Parses the JSON of a body. */
export const decodeBody = (
  deps: { turn: LoopTurn },
  data: { body: Uint8Array; decoding: string | null },
): ParsedJson | Promise<ParsedJson> => parseJsonInTurns(deps, jsonOf(data));

const plainTrigger = (type: Trigger): TriggerInfo => ({
  type,
  headers: {},
  query: {},
  event: null,
  deliveryId: null,
});

interface Stored {
  seq: number;
  delivery: number | null;
  trigger: Trigger;
}

interface StoredInput {
  /** The body's JSON; null where it is gone. */
  json: Uint8Array | null;
  trigger: TriggerInfo;
}

function readStored(deps: { db: Db }, data: Stored): StoredInput {
  const body = findPayload(deps, data.delivery ?? data.seq);
  const origin = data.trigger === "replay" ? findReplayedDelivery(deps, data.seq) : data.delivery;
  const facts = origin === null ? null : findDeliveryFacts(deps, origin);
  // A replay has its input as JSON, whatever the delivery's body was.
  const decoding = data.delivery === null ? null : (facts?.decoding ?? null);
  const json = body === null ? null : jsonOf({ body, decoding });
  if (facts === null) return { json, trigger: plainTrigger(data.trigger) };
  const trigger = {
    type: data.trigger,
    headers: JSON.parse(facts.headers),
    query: Object.fromEntries(new URLSearchParams(facts.query)),
    event: facts.event,
    deliveryId: facts.deliveryKey,
  };
  return { json, trigger };
}

/** What parsed when it was accepted parses now; null where the body is gone. */
const inputOf = (parsed: ParsedJson | null): Json =>
  parsed !== null && parsed.ok ? parsed.value : null;

/** Reads input and trigger from the database, in one go. */
export function readInput(deps: { db: Db }, data: Stored): ExecutionInput {
  const { json, trigger } = readStored(deps, data);
  return { input: inputOf(json === null ? null : parseJson(json)), trigger };
}

/** As `readInput`, with turns for others while a large body is parsed. */
export async function readInputInTurns(
  deps: { db: Db; turn: LoopTurn },
  data: Stored,
): Promise<ExecutionInput> {
  const { json, trigger } = readStored(deps, data);
  return { input: inputOf(json === null ? null : await parseJsonInTurns(deps, json)), trigger };
}
