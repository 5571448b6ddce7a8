// Every closed list of the product: the words that rows, answers, logs and documents share.
// One word per thing; a list that grows, grows here first.

export const AGENT_STATUSES = ["draft", "active", "inactive"] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** What started an execution. */
export const TRIGGERS = ["manual", "webhook", "schedule", "replay", "sub_agent"] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** States of an execution as stored. On the wire the first two are one: `running`. */
export const EXECUTION_STATES = [
  "waiting",
  "running",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

/** States from which an execution never moves by itself. */
export const FINAL_STATES = [
  "completed",
  "failed",
  "cancelled",
  "timed_out",
  "interrupted",
] as const;
export type FinalState = (typeof FINAL_STATES)[number];

/** Status of an execution on the wire. */
export const EXECUTION_STATUSES = ["running", ...FINAL_STATES] as const;
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

export const STEP_STATUSES = ["running", "completed", "failed", "skipped", "cancelled"] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** All node types of the pipeline contract, and those that this version runs. */
export const NODE_TYPES = [
  "input",
  "output",
  "llm_call",
  "tool_call",
  "condition",
  "transform",
  "loop",
  "parallel",
  "merge",
  "sub_agent",
] as const;
export type NodeTypeName = (typeof NODE_TYPES)[number];

export const AUTH_TYPES = ["none", "bearer", "basic", "hmac"] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

/** All sender presets of the contract, and those that this version verifies. */
export const PRESETS = [
  "hmac",
  "bearer",
  "basic",
  "github",
  "gitea",
  "meta",
  "gitlab-token",
  "gitlab-signing",
  "stripe",
  "slack",
  "shopify",
  "standard-webhooks",
  "linear",
  "jira",
  "bitbucket",
  "sentry",
  "pagerduty",
  "typeform",
  "intercom",
  "notion",
  "vercel",
  "calendly",
  "paddle",
  "zendesk",
  "grafana",
  "zoom",
  "twilio",
  "square",
  "hubspot",
  "discord",
  "sendgrid",
  "custom",
] as const;
export type Preset = (typeof PRESETS)[number];
export const BUILT_PRESETS = ["hmac", "github", "bearer", "basic"] as const;
export type BuiltPreset = (typeof BUILT_PRESETS)[number];

export const OVERFLOWS = ["reject", "queue", "coalesce"] as const;
export const BUILT_OVERFLOWS = ["reject", "queue"] as const;
export type BuiltOverflow = (typeof BUILT_OVERFLOWS)[number];

/** The gates of a webhook delivery, in the order in which they are passed. */
export const GATES = [
  "request",
  "agent",
  "credential",
  "body",
  "duplicate",
  "handshake",
  "filter",
  "input",
  "rate",
  "concurrency",
  "commit",
] as const;
export type Gate = (typeof GATES)[number];

export const VERDICTS = ["accepted", "duplicate", "ignored", "handshake", "refused"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a delivery was refused, or what a gate noted: for the ledger, never for the sender. */
export const REASONS = [
  "METHOD_NOT_ALLOWED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_ENCODING",
  "REQUEST_ABORTED",
  "BODY_TIMEOUT",
  "OVERLOADED",
  "UNKNOWN_AGENT",
  "WEBHOOK_DISABLED",
  "AGENT_INACTIVE",
  "VERSION_UNRUNNABLE",
  "AUTH_MISSING",
  "BEARER_MISMATCH",
  "BASIC_MISMATCH",
  "SIGNATURE_MISSING",
  "SIGNATURE_MALFORMED",
  "SIGNATURE_MISMATCH",
  "TIMESTAMP_TOO_OLD",
  "TIMESTAMP_IN_FUTURE",
  "SECRET_UNAVAILABLE",
  "SECRET_UNREADABLE",
  "TOO_MANY_FAILURES",
  "UNSUPPORTED_MEDIA_TYPE",
  "INVALID_JSON",
  "IDEMPOTENCY_KEY_INVALID",
  "IDEMPOTENCY_MISMATCH",
  "DUPLICATE",
  "BODY_DIFFERS",
  "PING",
  "INPUT_INVALID",
  "SANDBOX_BUSY",
  "SANDBOX_UNAVAILABLE",
  "RATE_LIMITED",
  "CONCURRENCY_LIMITED",
  "STORAGE_UNAVAILABLE",
] as const;
export type Reason = (typeof REASONS)[number];

/** Where an idempotency key came from: the caller's own header, or the preset's delivery id. */
export const KEY_SOURCES = ["caller", "sender"] as const;
export type KeySource = (typeof KEY_SOURCES)[number];

/** Scopes of an API token, each including the ones before it. */
export const SCOPES = ["read", "operate", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Groups of operations in the OpenAPI document. */
export const TAGS = [
  "Agents",
  "Webhooks",
  "Deliveries",
  "Executions",
  "Providers",
  "Tools",
  "Tokens",
  "System",
] as const;
export type Tag = (typeof TAGS)[number];

export const PROVIDER_TYPES = [
  "openai",
  "anthropic",
  "google",
  "openai-compatible",
  "echo",
] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** Provider types whose calls may cost something: a price may be for all providers of one of them. */
export const PRICED_TYPES = ["openai", "anthropic", "google", "openai-compatible"] as const;

/** Why the test of a provider failed. */
export const PROVIDER_TEST_REASONS = [
  "KEY_REFUSED",
  "KEY_UNREADABLE",
  "MODEL_UNKNOWN",
  "REQUEST_REFUSED",
  "RATE_LIMITED",
  "PROVIDER_FAILED",
  "ANSWER_INVALID",
  "TIMED_OUT",
  "HOST_UNKNOWN",
  "HOST_UNREACHABLE",
  "TLS_FAILED",
  "ADDRESS_REFUSED",
] as const;
export type ProviderTestReason = (typeof PROVIDER_TEST_REASONS)[number];

/** What an encrypted value is for; part of its authenticated data. */
export const SECRET_PURPOSES = ["webhook", "provider", "server", "tool"] as const;
export type SecretPurpose = (typeof SECRET_PURPOSES)[number];

/** All tool types of the contract. */
export const TOOL_TYPES = ["http", "mcp"] as const;
export type ToolType = (typeof TOOL_TYPES)[number];

/** Why something that a document names is missing after its import. */
export const IMPORT_GAPS = ["none_fits", "several_fit", "secret_missing", "unknown"] as const;
export type ImportGap = (typeof IMPORT_GAPS)[number];

/** Methods of `http` tools. */
export const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** How a node run of one execution stands to that of another. */
export const STEP_CHANGES = ["same", "changed", "only_first", "only_second"] as const;

/** Names of what an execution's stream tells. */
export const EXECUTION_EVENTS = [
  "execution.started",
  "step.started",
  "step.completed",
  "step.failed",
  "step.skipped",
  "step.cancelled",
  "execution.finished",
] as const;
export type ExecutionEventName = (typeof EXECUTION_EVENTS)[number];

/** What is made of a call of which nobody knows whether it arrived. */
export const UNKNOWN_CALLS = ["again", "done", "discard"] as const;
export type UnknownCall = (typeof UNKNOWN_CALLS)[number];

/** Kinds of journal entries. */
export const JOURNAL_KINDS = ["steps", "effect_started", "effect_ended"] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** Kinds of effects that are recorded one by one. */
export const EFFECT_KINDS = ["model", "tool", "sub_agent"] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

/** Windows of the limiter: the sender's own, and that of test deliveries. */
export const WINDOW_KINDS = ["live", "test"] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** What an accepted delivery outlives: a power cut too, or a crash of the process only. */
export const DURABILITIES = ["full", "normal"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** Who may read the OpenAPI document. */
export const DOCS_ACCESS = ["public", "auth", "off"] as const;
export type DocsAccess = (typeof DOCS_ACCESS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface LogEventRow {
  level: LogLevel;
  /** When the line is written, and the fields it has. */
  doc: string;
}

/** Log lines by name, each of one level. */
export const LOG_EVENTS = {
  "server.started": {
    level: "info",
    doc: "The server listens: `url`, `version`, `dataDir`, `pid`.",
  },
  "server.stopping": {
    level: "info",
    doc: "A signal came and the server takes no new connection: `signal`, and how many executions are `running`.",
  },
  "server.stopped": {
    level: "info",
    doc: "Everything is on disk and the process ends.",
  },
  "server.failed": {
    level: "error",
    doc: "The server could not start or stop because of an error of its own.",
  },
  "database.migrated": {
    level: "info",
    doc: "The schema was brought up to date: what was `applied`, and the path of the `backup` made before.",
  },
  "database.commit_failed": {
    level: "error",
    doc: "A group of writes did not reach the disk and was refused with 503: how many `requests`.",
  },
  "database.checkpoint_failed": {
    level: "warn",
    doc: "The log was not copied into the database file and grows meanwhile: SQLite's `code`, and how many `pages` are not copied. It is tried again; nothing is lost.",
  },
  "database.not_durable": {
    level: "warn",
    doc: "HOOKLINE_DURABILITY is `normal`: what was answered last may be gone after a power cut.",
  },
  "admin_token.created": {
    level: "info",
    doc: "The first start made an admin token and printed it once on standard error.",
  },
  "secret_key.created": {
    level: "info",
    doc: "The first start made `secret.key` in the data directory; back it up beside the database.",
  },
  "secret.unreadable": {
    level: "error",
    doc: "Stored secrets were sealed with another key: how many `secrets` at the start, or the `agentId` that could not be verified.",
  },
  "request.failed": {
    level: "error",
    doc: "A request was answered 500: its `requestId` and the cause.",
  },
  "process.unhandled": {
    level: "error",
    doc: "An error that nothing handled; more than 10 in a minute fail `/readyz`.",
  },
  "execution.recovered": {
    level: "info",
    doc: "An execution that the last process left was taken up: `executionId`, `recoveries`, and whether it was `givenUp`.",
  },
  "execution.broken": {
    level: "error",
    doc: "An execution ended by an error of ours: its `executionId` and the cause.",
  },
  "execution.unsaved": {
    level: "error",
    doc: "The end of an execution could not be stored; the next start takes it up again: its `seq` and the cause.",
  },
  "ledger.write_failed": {
    level: "error",
    doc: "Refused deliveries, or uses of secrets or tokens, could not be noted: how many `rows`, `secrets` or `tokens`, and the cause.",
  },
  "sandbox.broken": {
    level: "warn",
    doc: "A child process that runs users' code could not be started, or broke off: what it did (`while`: `starting`, `running` or `idle`).",
  },
  "sweep.failed": {
    level: "error",
    doc: "Expired rows could not be deleted; the next minute tries again: the cause.",
  },
} as const satisfies Record<string, LogEventRow>;
export type LogEvent = keyof typeof LOG_EVENTS;
