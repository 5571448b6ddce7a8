// Wire shapes of agents, their webhook and their versions.

import { Type } from "@sinclair/typebox";
import type { Static, TSchema } from "@sinclair/typebox";
import { MAX_WEBHOOK_BODY_BYTES } from "../config";
import {
  closed,
  DetailSchema,
  EXAMPLE,
  MAX_WAIT_SECONDS,
  named,
  orNull,
  Time,
  WarningSchema,
  words,
} from "../lib/wire";
import { EXAMPLE_PIPELINE, PipelineSchema } from "../pipelines/pipelines.schema";
import { AGENT_STATUSES, AUTH_TYPES, OVERFLOWS, PRESETS } from "../vocabulary";

const secretFields = {
  id: Type.String(),
  fingerprint: Type.String({ description: "The end of the secret." }),
  createdAt: Time,
  expiresAt: orNull(Time),
  lastUsedAt: orNull(Time),
  uses: Type.Integer({ description: "Deliveries that it verified." }),
};

const EXAMPLE_SECRET = {
  id: "whs_0192f0c1-7a2c-7d4e-9f50-6b7c8d9e0f1a",
  fingerprint: "…9f3A",
  createdAt: EXAMPLE.time,
  expiresAt: null,
  lastUsedAt: null,
  uses: 0,
};

export const SecretFactsSchema = named("WebhookSecret", closed(secretFields));

const LIMIT_BOUNDS = { minimum: 1, maximum: 1_000_000 };
const QUEUE_BOUNDS = { minimum: 1, maximum: 100_000 };

/** A setting that may be left out, or set to null to return to its default (RFC 7396). */
const setting = <T extends TSchema>(schema: T) => Type.Optional(orNull(schema));
/** Whether the answer to a delivery waits for the execution's end, and for how long. */
const respondForms = [
  Type.Literal("async"),
  closed({ waitSeconds: Type.Integer({ minimum: 1, maximum: MAX_WAIT_SECONDS }) }),
] as const;
const allowedIds = (what: string) =>
  Type.Array(Type.String({ maxLength: 100 }), {
    maxItems: 100,
    description: `Ids of the ${what} that executions may call which go back to a delivery; null is whatever the pipeline names.`,
  });
/** Part of the contract that this version answers with its name, whatever its value. */
const later = Type.Optional(Type.Unknown({ description: "Not available in this version." }));

export const WebhookPatchSchema = named(
  "WebhookPatch",
  closed({
    auth: setting(
      closed({
        type: setting(words(AUTH_TYPES)),
        preset: setting(words(PRESETS)),
        custom: later,
      }),
    ),
    limits: setting(
      closed({
        perMinute: setting(Type.Integer(LIMIT_BOUNDS)),
        maxConcurrent: setting(Type.Integer(LIMIT_BOUNDS)),
        maxBodyBytes: setting(Type.Integer({ minimum: 1, maximum: MAX_WEBHOOK_BODY_BYTES })),
        overflow: setting(words(OVERFLOWS)),
        maxQueued: setting(Type.Integer(QUEUE_BOUNDS)),
        coalesceKey: later,
      }),
    ),
    // One union: of nested ones a mismatch could not be told in words.
    respond: Type.Optional(Type.Union([...respondForms, Type.Null()])),
    allow: setting(
      closed({
        toolIds: Type.Optional(orNull(allowedIds("tools"))),
        agentIds: Type.Optional(orNull(allowedIds("other agents"))),
      }),
    ),
    filter: later,
    callback: later,
  }),
);
export type WebhookPatch = Static<typeof WebhookPatchSchema>;

export const WebhookSchema = named(
  "Webhook",
  closed({
    auth: closed({ type: words(AUTH_TYPES), preset: Type.Optional(words(PRESETS)) }),
    limits: closed({
      perMinute: Type.Integer({ description: "Deliveries accepted in one minute." }),
      maxConcurrent: Type.Integer({ description: "Unfinished executions at once." }),
      overflow: words(OVERFLOWS),
      maxQueued: Type.Integer({
        description: "Executions that wait beyond those, where `overflow` is `queue`.",
      }),
      maxBodyBytes: Type.Integer(),
    }),
    respond: Type.Union([...respondForms]),
    allow: closed({
      toolIds: orNull(allowedIds("tools")),
      agentIds: orNull(allowedIds("other agents")),
    }),
    secrets: Type.Array(SecretFactsSchema),
  }),
);

const agentFields = {
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  status: words(AGENT_STATUSES),
  liveVersion: orNull(Type.Integer({ description: "The version that runs; null before any." })),
  webhookEnabled: Type.Boolean(),
  webhookUrl: Type.String({ description: "Where senders deliver." }),
  createdAt: Time,
  updatedAt: Time,
};

const EXAMPLE_AGENT = {
  id: EXAMPLE.agentId,
  name: "Issue triage",
  description: "Sums up what was reported",
  status: "active",
  liveVersion: 1,
  webhookEnabled: true,
  webhookUrl: `https://hooks.example.com/agents/${EXAMPLE.agentId}/webhook`,
  createdAt: EXAMPLE.time,
  updatedAt: EXAMPLE.time,
} as const;

/** An agent in a list. */
export const AgentSummarySchema = named("AgentSummary", closed(agentFields), EXAMPLE_AGENT);
export type AgentSummary = Static<typeof AgentSummarySchema>;

/** An agent, its draft, the draft's faults and its webhook. */
export const AgentSchema = named(
  "Agent",
  closed({
    ...agentFields,
    pipeline: PipelineSchema,
    faults: Type.Array(DetailSchema, {
      description: "Why the draft cannot be activated; empty where it can.",
    }),
    webhook: WebhookSchema,
    webhookSecret: Type.Optional(
      Type.String({ description: "Only in the answer to the request that made it." }),
    ),
    warnings: Type.Optional(Type.Array(WarningSchema)),
  }),
  {
    ...EXAMPLE_AGENT,
    pipeline: EXAMPLE_PIPELINE,
    faults: [],
    webhook: {
      auth: { type: "hmac", preset: "github" },
      limits: {
        perMinute: 100,
        maxConcurrent: 10,
        overflow: "queue",
        maxQueued: 1000,
        maxBodyBytes: 5_242_880,
      },
      respond: "async",
      allow: { toolIds: null, agentIds: null },
      secrets: [EXAMPLE_SECRET],
    },
  },
);
export type Agent = Static<typeof AgentSchema>;

/** In UTF-16 units, as JSON Schema validators here count. */
export const MAX_NAME_CHARS = 100;
const Name = Type.String({ minLength: 1, maxLength: MAX_NAME_CHARS });

const agentPatchFields = {
  name: Type.Optional(Name),
  description: Type.Optional(Type.String({ maxLength: 2000 })),
  pipeline: Type.Optional(PipelineSchema),
  webhookEnabled: Type.Optional(Type.Boolean()),
  webhook: setting(WebhookPatchSchema),
};

export const AgentPatchSchema = named("AgentPatch", closed(agentPatchFields), {
  webhookEnabled: true,
  webhook: { limits: { perMinute: 30, maxConcurrent: null } },
});
export type AgentPatch = Static<typeof AgentPatchSchema>;

export const AgentCreateSchema = named("AgentCreate", closed({ ...agentPatchFields, name: Name }), {
  name: "Issue triage",
  pipeline: EXAMPLE_PIPELINE,
  webhookEnabled: true,
  webhook: { auth: { type: "hmac", preset: "github" } },
});
export type AgentCreate = Static<typeof AgentCreateSchema>;

/** What a copy is called; without it the original's name and "(copy)". */
export const DuplicateSchema = named("AgentDuplicate", closed({ name: Type.Optional(Name) }), {
  name: "Issue triage, next",
});

/** A pipeline to judge; without it the stored draft. */
export const ValidateSchema = named(
  "AgentValidate",
  closed({ pipeline: Type.Optional(PipelineSchema) }),
  { pipeline: EXAMPLE_PIPELINE },
);

export const ValidationSchema = named(
  "Validation",
  closed({ valid: Type.Boolean(), faults: Type.Array(DetailSchema) }),
  { valid: true, faults: [] },
);
export type Validation = Static<typeof ValidationSchema>;

const MAX_GRACE_SECONDS = 7 * 24 * 3600;

export const SecretCreateSchema = named(
  "WebhookSecretCreate",
  closed({
    secret: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: "Taken as UTF-8 text; without it one is made.",
      }),
    ),
    graceSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_GRACE_SECONDS,
        description: "How long the secret before it stays valid.",
      }),
    ),
  }),
  { graceSeconds: 3600 },
);
export type SecretCreate = Static<typeof SecretCreateSchema>;

/** The only answer that holds the secret, and only where the server made it. */
export const SecretCreatedSchema = named(
  "WebhookSecretCreated",
  closed({
    ...secretFields,
    secret: Type.Optional(
      Type.String({ description: "Shown this once, where the server made it." }),
    ),
    warnings: Type.Optional(Type.Array(WarningSchema)),
  }),
  { ...EXAMPLE_SECRET, secret: "whsec_example-of-a-secret-that-is-shown-once-9f3A" },
);
export type SecretCreated = Static<typeof SecretCreatedSchema>;
