// Rows put straight into a database: agents with a live version, executions and deliveries.

import type { Db } from "../../src/db/open";
import { formatId } from "../../src/lib/ids";
import { insertExecution, insertPayload, packInput } from "../../src/executions/executions.store";
import { defaultPipeline } from "../../src/pipelines/defaults";
import type { Pipeline } from "../../src/pipelines/pipelines.schema";
import type { Json } from "../../src/pipelines/record";
import type { Trigger } from "../../src/vocabulary";
import type { NewDelivery } from "../../src/webhooks/deliveries.store";
import { insertDelivery } from "../../src/webhooks/deliveries.store";

/** 16 bytes that tell the number, as an id of an execution or a delivery. */
export function uidOf(seq: number): Buffer {
  const uid = Buffer.from("00000000000070008000000000000000", "hex");
  uid.writeUInt32BE(seq, 12);
  return uid;
}

/** The public id of the execution with that number. */
export const executionIdOf = (seq: number): string => formatId("exec", uidOf(seq));

/** An active agent with this pipeline as version 1; returns its number. */
export function addAgent(db: Db, pipeline: Pipeline = defaultPipeline()): number {
  const text = JSON.stringify(pipeline);
  const { seq } = db.raw
    .query<{ seq: number }, []>("select coalesce(max(seq), 0) + 1 as seq from agents")
    .get() ?? { seq: 1 };
  db.raw
    .query(
      "insert into agents (seq, id, name, status, draft, live_version, created_at, updated_at) values (?, ?, 'agent', 'active', ?, 1, 0, 0)",
    )
    .run(seq, agentIdOf(seq), text);
  db.raw
    .query("insert into agent_versions (agent, version, pipeline, created_at) values (?, 1, ?, 0)")
    .run(seq, text);
  return seq;
}

/** The public id of the agent with that number. */
export const agentIdOf = (seq: number): string => formatId("agt", uidOf(seq));

export interface ExecutionSpec {
  seq: number;
  agent: number;
  input?: Json;
  trigger?: Trigger;
  /** The delivery whose body is the input. */
  delivery?: number | null;
  createdAt?: number;
}

/** A waiting execution of version 1, with an input of its own unless a delivery brings it. */
export function addExecution(db: Db, spec: ExecutionSpec): number {
  const { seq, agent, input = null, trigger = "manual", delivery = null, createdAt = 0 } = spec;
  const row = { seq, uid: uidOf(seq), agent, version: 1, trigger, delivery, createdAt };
  insertExecution({ db }, row);
  if (delivery === null) insertPayload({ db }, { seq, payload: packInput(input) });
  return seq;
}

/** A ledger row: refused for its signature, unless `more` says otherwise. */
export function addDelivery(
  db: Db,
  more: Partial<NewDelivery> & { seq: number; agent: number | null },
): number {
  insertDelivery(
    { db },
    {
      uid: uidOf(more.seq),
      receivedAt: 0,
      verdict: "refused",
      gate: "credential",
      reason: "SIGNATURE_MISMATCH",
      verified: false,
      method: "POST",
      query: "",
      address: null,
      headers: "{}",
      preset: "hmac",
      event: null,
      deliveryKey: null,
      size: 0,
      decoding: null,
      status: 401,
      code: "UNAUTHORIZED",
      execution: null,
      micros: 0,
      detail: null,
      ...more,
    },
  );
  return more.seq;
}
