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
export type NodeType = (typeof NODE_TYPES)[number];
export const BUILT_NODE_TYPES = ["input", "output", "llm_call"] as const;
export type BuiltNodeType = (typeof BUILT_NODE_TYPES)[number];

export const AUTH_TYPES = ["none", "bearer", "basic", "hmac"] as const;
export type AuthType = (typeof AUTH_TYPES)[number];
export const BUILT_AUTH_TYPES = ["none", "bearer", "hmac"] as const;

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
export const BUILT_PRESETS = ["hmac", "github", "bearer"] as const;
export type BuiltPreset = (typeof BUILT_PRESETS)[number];

export const OVERFLOWS = ["reject", "queue", "coalesce"] as const;
export const BUILT_OVERFLOWS = ["reject"] as const;

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

export const PROVIDER_TYPES = [
  "openai",
  "anthropic",
  "google",
  "openai-compatible",
  "echo",
] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** What an encrypted value is for; part of its authenticated data. */
export const SECRET_PURPOSES = ["webhook", "provider", "server", "tool"] as const;
export type SecretPurpose = (typeof SECRET_PURPOSES)[number];

/** Kinds of journal entries. */
export const JOURNAL_KINDS = ["steps", "effect_started", "effect_ended"] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** Kinds of effects that are recorded one by one. */
export const EFFECT_KINDS = ["model", "tool", "sub_agent"] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

/** Windows of the limiter: the sender's own, and that of test deliveries. */
export const WINDOW_KINDS = ["live", "test"] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** Names of log lines. */
export const LOG_EVENTS = [
  "server.started",
  "server.stopping",
  "server.stopped",
  "server.failed",
  "database.migrated",
  "database.commit_failed",
  "admin_token.created",
  "secret_key.created",
  "secret.unreadable",
  "request.failed",
  "process.unhandled",
  "execution.recovered",
  "execution.broken",
  "execution.unsaved",
  "ledger.write_failed",
  "sandbox.broken",
] as const;
export type LogEvent = (typeof LOG_EVENTS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
