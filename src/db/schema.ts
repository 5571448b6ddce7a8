// All tables. Rows are not wire shapes: stores map them. Times are epoch milliseconds.
// Hot tables: an integer key, few indexes, each named after the question it answers.
//
// An accepted delivery and its execution share `seq` and `uid`: the ledger of accepted deliveries
// is found through the execution's indexes and pays for none of its own.

import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import {
  blob,
  check,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import {
  AGENT_STATUSES,
  EXECUTION_STATES,
  FINAL_STATES,
  GATES,
  JOURNAL_KINDS,
  KEY_SOURCES,
  PRICED_TYPES,
  PROVIDER_TYPES,
  REASONS,
  SCOPES,
  SECRET_PURPOSES,
  TOOL_TYPES,
  TRIGGERS,
  VERDICTS,
  WINDOW_KINDS,
} from "../vocabulary";

/** Comparisons, as `in` builds a table of the words at each insert: it took two thirds of one. */
const oneOf = (column: SQLiteColumn, words: readonly string[]): SQL => {
  const comparisons = words.map((word) => sql`${column} = ${sql.raw(`'${word}'`)}`);
  return sql`(${sql.join(comparisons, sql.raw(" or "))})`;
};

export const tokens = sqliteTable(
  "tokens",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** SHA-256 of the token. */
    hash: blob({ mode: "buffer" }).notNull(),
    scope: text({ enum: SCOPES }).notNull(),
    agentId: text("agent_id"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at"),
    lastUsedAt: integer("last_used_at"),
  },
  (t) => [uniqueIndex("tokens_by_hash").on(t.hash), check("tokens_scope", oneOf(t.scope, SCOPES))],
);

export const secrets = sqliteTable(
  "secrets",
  {
    id: text().primaryKey(),
    purpose: text({ enum: SECRET_PURPOSES }).notNull(),
    /** Agent or provider id; null for the server's own keys. */
    ownerId: text("owner_id"),
    name: text(),
    /** Nonce, ciphertext and tag of AES-256-GCM. */
    sealed: blob({ mode: "buffer" }).notNull(),
    keyId: text("key_id").notNull(),
    fingerprint: text().notNull(),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at"),
    lastUsedAt: integer("last_used_at"),
    uses: integer().notNull().default(0),
  },
  (t) => [
    index("secrets_of_owner").on(t.purpose, t.ownerId),
    check("secrets_purpose", oneOf(t.purpose, SECRET_PURPOSES)),
  ],
);

export const providers = sqliteTable(
  "providers",
  {
    id: text().primaryKey(),
    type: text({ enum: PROVIDER_TYPES }).notNull(),
    name: text().notNull(),
    baseUrl: text("base_url"),
    enabled: integer({ mode: "boolean" }).notNull().default(true),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    script: text(),
  },
  (t) => [check("providers_type", oneOf(t.type, PROVIDER_TYPES))],
);

/** The owner's own prices, in millionths of a dollar for a million tokens. */
export const prices = sqliteTable(
  "prices",
  {
    id: text().primaryKey(),
    /** One of the types, or the id of a provider. */
    provider: text().notNull(),
    model: text().notNull(),
    /** The first moment of a day in UTC. */
    validFrom: integer("valid_from").notNull(),
    input: integer().notNull(),
    /** Null is unknown. */
    cachedInput: integer("cached_input"),
    output: integer().notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("prices_by_model_and_day").on(t.provider, t.model, t.validFrom),
    check(
      "prices_provider",
      sql`${oneOf(t.provider, PRICED_TYPES)} or substr(${t.provider}, 1, 4) = 'prv_'`,
    ),
    check("prices_from_a_day", sql`${t.validFrom} >= 0 and ${t.validFrom} % 86400000 = 0`),
    check(
      "prices_not_negative",
      sql`${t.input} >= 0 and ${t.output} >= 0 and (${t.cachedInput} is null or ${t.cachedInput} >= 0)`,
    ),
  ],
);

export const tools = sqliteTable(
  "tools",
  {
    id: text().primaryKey(),
    type: text({ enum: TOOL_TYPES }).notNull(),
    name: text().notNull(),
    description: text().notNull(),
    enabled: integer({ mode: "boolean" }).notNull(),
    /** What is sent and how, JSON. */
    settings: text().notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [check("tools_type", oneOf(t.type, TOOL_TYPES))],
);

export const agents = sqliteTable(
  "agents",
  {
    seq: integer().primaryKey(),
    id: text().notNull(),
    name: text().notNull(),
    description: text().notNull().default(""),
    status: text({ enum: AGENT_STATUSES }).notNull(),
    /** The draft pipeline, JSON. */
    draft: text().notNull(),
    liveVersion: integer("live_version"),
    webhookEnabled: integer("webhook_enabled", { mode: "boolean" }).notNull().default(false),
    /** What the owner set of the webhook, JSON; what is absent follows preset and instance. */
    webhookSettings: text("webhook_settings").notNull().default("{}"),
    revision: integer().notNull().default(1),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    deletedAt: integer("deleted_at"),
  },
  (t) => [
    uniqueIndex("agents_by_id").on(t.id),
    check("agents_status", oneOf(t.status, AGENT_STATUSES)),
    check(
      "agents_active_has_version",
      sql`${t.status} <> 'active' or ${t.liveVersion} is not null`,
    ),
  ],
);

export const agentVersions = sqliteTable(
  "agent_versions",
  {
    agent: integer()
      .notNull()
      .references(() => agents.seq),
    version: integer().notNull(),
    pipeline: text().notNull(),
    note: text().notNull().default(""),
    /** Id of the API token that made it live; null where nobody's was asked. */
    author: text(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.agent, t.version] })],
);

/** The fixed window of a webhook, and its deliveries' executions that are not final. */
export const windows = sqliteTable(
  "windows",
  {
    agent: integer().notNull(),
    kind: text({ enum: WINDOW_KINDS }).notNull(),
    windowStart: integer("window_start").notNull(),
    count: integer().notNull(),
    unfinished: integer().notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.agent, t.kind] }),
    check("windows_kind", oneOf(t.kind, WINDOW_KINDS)),
    check("windows_not_negative", sql`${t.count} >= 0 and ${t.unfinished} >= 0`),
  ],
);

export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    agent: integer().notNull(),
    source: text({ enum: KEY_SOURCES }).notNull(),
    key: text().notNull(),
    execution: integer().notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.agent, t.source, t.key] }),
    index("idempotency_keys_to_sweep").on(t.expiresAt),
    check("idempotency_keys_source", oneOf(t.source, KEY_SOURCES)),
  ],
);

/** Writes of the API that carried an Idempotency-Key, and their answers. */
export const keptAnswers = sqliteTable(
  "kept_answers",
  {
    /** SHA-256 of token, method, path and key. */
    scope: blob({ mode: "buffer" }).primaryKey(),
    /** HMAC of the request's body under the master key: bodies may hold short secrets. */
    bodyMac: blob("body_mac", { mode: "buffer" }).notNull(),
    keyId: text("key_id").notNull(),
    expiresAt: integer("expires_at").notNull(),
    /** Null until the answer is known; for ever where the process ended in between. */
    status: integer(),
    /** JSON object. */
    headers: text(),
    /** Zstandard below the seal when true. */
    packed: integer({ mode: "boolean" }),
    /** The body: nonce, ciphertext and tag of AES-256-GCM, as it may show a secret once. */
    sealed: blob({ mode: "buffer" }),
  },
  (t) => [
    index("kept_answers_to_sweep").on(t.expiresAt),
    check(
      "kept_answers_whole",
      sql`(${t.status} is null) = (${t.sealed} is null) and (${t.headers} is null) = (${t.sealed} is null) and (${t.packed} is null) = (${t.sealed} is null)`,
    ),
  ],
);

export const executions = sqliteTable(
  "executions",
  {
    seq: integer().primaryKey(),
    /** UUIDv7, 16 bytes; `exec_` plus its text is the public id. */
    uid: blob({ mode: "buffer" }).notNull(),
    agent: integer()
      .notNull()
      .references(() => agents.seq),
    version: integer().notNull(),
    trigger: text({ enum: TRIGGERS }).notNull(),
    state: text({ enum: EXECUTION_STATES }).notNull(),
    /** `seq` of the delivery whose body is the input; null where `payloads` has an own row. */
    delivery: integer(),
    replayOf: integer("replay_of"),
    /** `seq` of the execution whose step called this one. */
    caller: integer(),
    createdAt: integer("created_at").notNull(),
    startedAt: integer("started_at"),
    finishedAt: integer("finished_at"),
    attempt: integer().notNull().default(0),
    /** Starts of the process that found this in flight since its last recorded effect. */
    recoveries: integer().notNull().default(0),
    errorCode: text("error_code"),
    errorMessage: text("error_message"),
    errorNode: text("error_node"),
    inputTokens: integer("input_tokens"),
    outputTokens: integer("output_tokens"),
    cachedTokens: integer("cached_tokens"),
    /** USD; null is unknown. */
    cost: real(),
  },
  (t) => [
    uniqueIndex("executions_by_uid").on(t.uid),
    index("executions_of_agent").on(t.agent, t.seq),
    // In the order of their start and end, so that both touch its last or first page only.
    index("executions_open")
      .on(t.seq)
      .where(sql`${t.finishedAt} is null`),
    index("executions_called")
      .on(t.caller)
      .where(sql`${t.caller} is not null and ${t.finishedAt} is null`),
    check("executions_trigger", oneOf(t.trigger, TRIGGERS)),
    check("executions_state", oneOf(t.state, EXECUTION_STATES)),
    check(
      "executions_finished_when_final",
      sql`(${t.finishedAt} is not null) = ${oneOf(t.state, FINAL_STATES)}`,
    ),
  ],
);

/** Bodies and inputs, insert-only, by the `seq` of their delivery or manual execution. */
export const payloads = sqliteTable("payloads", {
  seq: integer().primaryKey(),
  /** Zstandard when true. */
  packed: integer({ mode: "boolean" }).notNull(),
  body: blob({ mode: "buffer" }).notNull(),
});

/** The ledger: one row a request to a webhook. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    seq: integer().primaryKey(),
    uid: blob({ mode: "buffer" }).notNull(),
    /** Null when the address named no agent. */
    agent: integer(),
    receivedAt: integer("received_at").notNull(),
    verdict: text({ enum: VERDICTS }).notNull(),
    /** The gate that ended the delivery; null when it was accepted. */
    gate: text({ enum: GATES }),
    reason: text({ enum: REASONS }),
    /** The credential has passed, by a method other than none. */
    verified: integer({ mode: "boolean" }).notNull(),
    test: integer({ mode: "boolean" }).notNull().default(false),
    method: text().notNull(),
    query: text().notNull().default(""),
    address: text(),
    /** JSON object; credentials masked. */
    headers: text().notNull(),
    preset: text().notNull(),
    event: text(),
    deliveryKey: text("delivery_key"),
    size: integer().notNull(),
    /** How the input is read from the body: `json`, or a form field's name. */
    decoding: text(),
    status: integer().notNull(),
    code: text(),
    /** Execution that a duplicate, or a later run, led to. */
    execution: integer(),
    micros: integer().notNull(),
    /** What the deciding gate compared, JSON. */
    detail: text(),
  },
  (t) => [
    uniqueIndex("deliveries_others_by_uid")
      .on(t.uid)
      .where(sql`${t.verdict} <> 'accepted'`),
    index("deliveries_others_of_agent")
      .on(t.agent, t.seq)
      .where(sql`${t.verdict} <> 'accepted'`),
    index("deliveries_kept_of_agent")
      .on(t.agent, t.size)
      .where(sql`${t.verdict} = 'refused' and ${t.verified} = 1`),
    index("deliveries_to_sweep")
      .on(t.seq)
      .where(
        sql`${t.verdict} <> 'accepted' and not (${t.verdict} = 'refused' and ${t.verified} = 1)`,
      ),
    check("deliveries_verdict", oneOf(t.verdict, VERDICTS)),
    check("deliveries_gate", sql`${t.gate} is null or ${oneOf(t.gate, GATES)}`),
    check(
      "deliveries_gate_unless_accepted",
      sql`(${t.gate} is null) = (${t.verdict} = 'accepted')`,
    ),
  ],
);

/** Deliveries beyond the ledger's caps, counted by reason; agent 0 stands for unknown agents. */
export const deliveryCounts = sqliteTable(
  "delivery_counts",
  {
    agent: integer().notNull(),
    hour: integer().notNull(),
    reason: text({ enum: REASONS }).notNull(),
    count: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.agent, t.hour, t.reason] })],
);

/** What an execution did, insert-only: `id` = execution seq × 2^20 + entry. */
export const journal = sqliteTable(
  "journal",
  {
    id: integer().primaryKey(),
    execution: integer().notNull(),
    kind: text({ enum: JOURNAL_KINDS }).notNull(),
    /** `<nodeId>/<iteration path>/<call number>` of an effect's entries. */
    effect: text(),
    packed: integer({ mode: "boolean" }).notNull(),
    record: blob({ mode: "buffer" }).notNull(),
  },
  (t) => [
    uniqueIndex("journal_effect_ends_once")
      .on(t.execution, t.effect)
      .where(sql`${t.kind} = 'effect_ended'`),
    check("journal_kind", oneOf(t.kind, JOURNAL_KINDS)),
  ],
);
