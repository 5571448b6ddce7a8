// What the tables themselves refuse, whatever the program above them does.

import type { SQLQueryBindings } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { addAgent, addDelivery, addExecution, uidOf } from "../support/rows";
import type { Db } from "../../src/db/open";
import { createMigratedDb } from "./schema-dump";

/** A database with an agent 1, a waiting execution 1 and a refused delivery 2. */
function createFilled(): Db {
  const db = createMigratedDb();
  const agent = addAgent(db);
  addExecution(db, { seq: 1, agent });
  addDelivery(db, { seq: 2, agent });
  return db;
}

/** Puts a row in, or gives the name of what refuses it. */
function insert(db: Db, data: { table: string; row: Record<string, SQLQueryBindings> }): string {
  const names = Object.keys(data.row);
  const marks = names.map(() => "?").join(", ");
  const sql = `insert into ${data.table} (${names.join(", ")}) values (${marks})`;
  try {
    db.raw.query(sql).run(...Object.values(data.row));
    return "stored";
  } catch (error) {
    return error instanceof Error ? error.message : "?";
  }
}

const execution = (more: Record<string, SQLQueryBindings> = {}) => ({
  table: "executions",
  row: {
    seq: 10,
    uid: uidOf(10),
    agent: 1,
    version: 1,
    trigger: "webhook",
    state: "waiting",
    created_at: 1,
    ...more,
  },
});

describe("executions", () => {
  test.each<[string, string, Record<string, SQLQueryBindings>]>([
    ["that wait", "stored", {}],
    ["that run", "stored", { state: "running", started_at: 2 }],
    ["that are final with a time", "stored", { state: "failed", finished_at: 3 }],
    ["that are completed without a time", "finished_when_final", { state: "completed" }],
    ["that are interrupted without a time", "finished_when_final", { state: "interrupted" }],
    ["that wait and have ended", "finished_when_final", { finished_at: 3 }],
    ["that run and have ended", "finished_when_final", { state: "running", finished_at: 3 }],
    ["of an unknown state", "executions_state", { state: "paused" }],
    ["of an unknown state that is final", "CHECK", { state: "done", finished_at: 3 }],
    ["of an unknown trigger", "executions_trigger", { trigger: "cron" }],
    ["of no agent that exists", "FOREIGN KEY", { agent: 99 }],
    ["whose id is taken", "UNIQUE", { uid: uidOf(1) }],
    ["whose time is text", "cannot store TEXT", { created_at: "now" }],
    ["without an id", "NOT NULL", { uid: null }],
  ])("%s: %s", (_name, outcome, more) => {
    expect(insert(createFilled(), execution(more))).toContain(outcome);
  });
});

const delivery = (more: Record<string, SQLQueryBindings> = {}) => ({
  table: "deliveries",
  row: {
    seq: 20,
    uid: uidOf(20),
    agent: 1,
    received_at: 1,
    verdict: "refused",
    gate: "rate",
    reason: "RATE_LIMITED",
    verified: 1,
    method: "POST",
    headers: "{}",
    preset: "hmac",
    size: 0,
    status: 429,
    micros: 1,
    ...more,
  },
});

describe("deliveries", () => {
  test.each<[string, string, Record<string, SQLQueryBindings>]>([
    ["that a gate refused", "stored", {}],
    ["that were accepted", "stored", { verdict: "accepted", gate: null, reason: null }],
    ["of an unknown agent", "stored", { agent: null }],
    ["that were accepted and stopped", "gate_unless_accepted", { verdict: "accepted" }],
    ["that were refused by no gate", "gate_unless_accepted", { gate: null }],
    ["of an unknown gate", "deliveries_gate", { gate: "door" }],
    ["of an unknown verdict", "deliveries_verdict", { verdict: "lost" }],
    ["refused under an id that is taken", "UNIQUE", { uid: uidOf(2) }],
  ])("%s: %s", (_name, outcome, more) => {
    expect(insert(createFilled(), delivery(more))).toContain(outcome);
  });
});

describe("the journal", () => {
  const entry = (more: Record<string, SQLQueryBindings>) => ({
    table: "journal",
    row: { execution: 1, effect: "llm//0", packed: 0, record: Buffer.from("{}"), ...more },
  });

  test("takes one end of an effect, and refuses a second", () => {
    const db = createFilled();
    expect(insert(db, entry({ id: 1, kind: "effect_started" }))).toBe("stored");
    expect(insert(db, entry({ id: 2, kind: "effect_ended" }))).toBe("stored");
    expect(insert(db, entry({ id: 3, kind: "effect_ended" }))).toContain("UNIQUE");
  });

  test("takes ends of other effects and executions, and further starts of the same", () => {
    const db = createFilled();
    insert(db, entry({ id: 1, kind: "effect_ended" }));
    const others = [
      entry({ id: 2, kind: "effect_ended", effect: "llm//1" }),
      entry({ id: 3, kind: "effect_ended", execution: 2 }),
      entry({ id: 4, kind: "effect_started" }),
      entry({ id: 5, kind: "effect_started" }),
      entry({ id: 6, kind: "steps", effect: null }),
    ];
    expect(others.map((data) => insert(db, data))).toEqual(others.map(() => "stored"));
  });

  test("refuses an entry number that is taken and a kind that is none", () => {
    const db = createFilled();
    insert(db, entry({ id: 1, kind: "steps" }));
    expect(insert(db, entry({ id: 1, kind: "steps" }))).toContain("UNIQUE");
    expect(insert(db, entry({ id: 2, kind: "note" }))).toContain("journal_kind");
  });
});

/** What, outcome, table, row. */
const OTHERS: [string, string, string, Record<string, SQLQueryBindings>][] = [
  ["an agent of an unknown status", "agents_status", "agents", { status: "paused" }],
  ["an active agent without a version", "active_has_version", "agents", { status: "active" }],
  ["an active agent", "stored", "agents", { status: "active", live_version: 1 }],
  ["a window below zero", "not_negative", "windows", { kind: "live", count: -1 }],
  ["places below zero", "not_negative", "windows", { kind: "live", count: 0, unfinished: -1 }],
  ["a window of an unknown kind", "windows_kind", "windows", { kind: "trial", count: 0 }],
  ["a window", "stored", "windows", { kind: "test", count: 0 }],
  ["a key of an unknown source", "keys_source", "idempotency_keys", { source: "guess" }],
  ["a key", "stored", "idempotency_keys", { source: "caller" }],
  ["a secret for an unknown purpose", "secrets_purpose", "secrets", { purpose: "other" }],
  ["a secret", "stored", "secrets", { purpose: "tool" }],
  ["a token of an unknown scope", "tokens_scope", "tokens", { scope: "root" }],
  ["a token", "stored", "tokens", { scope: "read" }],
  ["a provider of an unknown type", "providers_type", "providers", { type: "oracle" }],
  ["a provider", "stored", "providers", { type: "echo" }],
];

/** What the rows above leave out, by table. */
const COLUMNS: Record<string, Record<string, SQLQueryBindings>> = {
  agents: { id: "agt_x", name: "a", draft: "{}", created_at: 1, updated_at: 1 },
  windows: { agent: 1, window_start: 0 },
  idempotency_keys: { agent: 1, key: "a", execution: 1, expires_at: 1 },
  secrets: { id: "whs_x", sealed: Buffer.of(1), key_id: "k", fingerprint: "…", created_at: 1 },
  tokens: { id: "key_x", name: "a", hash: Buffer.of(1), created_at: 1 },
  providers: { id: "prv_x", name: "a", created_at: 1, updated_at: 1 },
};

test.each(OTHERS)("%s: %s", (_name, outcome, table, row) => {
  const data = { table, row: { ...COLUMNS[table], ...row } };
  expect(insert(createFilled(), data)).toContain(outcome);
});

test("two tokens of the same hash are refused", () => {
  const db = createFilled();
  const row = { name: "a", hash: Buffer.of(1), scope: "read", created_at: 1 };
  expect(insert(db, { table: "tokens", row: { id: "key_1", ...row } })).toBe("stored");
  expect(insert(db, { table: "tokens", row: { id: "key_2", ...row } })).toContain("UNIQUE");
});
