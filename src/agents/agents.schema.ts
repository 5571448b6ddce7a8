// Wire shapes of agents, their webhook and their versions.

import { Type } from "@sinclair/typebox";
import type { Static, TSchema } from "@sinclair/typebox";
import { MAX_WEBHOOK_BODY_BYTES } from "../config";
import {
  closed,
  DetailSchema,
  MAX_WAIT_SECONDS,
  orNull,
  Time,
  WarningSchema,
  words,
} from "../lib/wire";
import { PipelineSchema } from "../pipelines/pipelines.schema";
import { AGENT_STATUSES, AUTH_TYPES, OVERFLOWS, PRESETS } from "../vocabulary";

export const SecretFactsSchema = closed({
  id: Type.String(),
  fingerprint: Type.String(),
  createdAt: Time,
  expiresAt: orNull(Time),
  lastUsedAt: orNull(Time),
  uses: Type.Integer(),
});

const LIMIT_BOUNDS = { minimum: 1, maximum: 1_000_000 };
const QUEUE_BOUNDS = { minimum: 1, maximum: 100_000 };

/** A setting that may be left out, or set to null to return to its default (RFC 7396). */
const setting = <T extends TSchema>(schema: T) => Type.Optional(orNull(schema));
/** Whether the answer to a delivery waits for the execution's end, and for how long. */
const respondForms = [
  Type.Literal("async"),
  closed({ waitSeconds: Type.Integer({ minimum: 1, maximum: MAX_WAIT_SECONDS }) }),
] as const;
/** Part of the contract that this version answers with its name, whatever its value. */
const later = Type.Optional(Type.Unknown());

export const WebhookPatchSchema = closed({
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
  filter: later,
  callback: later,
});
export type WebhookPatch = Static<typeof WebhookPatchSchema>;

export const WebhookSchema = closed({
  auth: closed({ type: words(AUTH_TYPES), preset: Type.Optional(words(PRESETS)) }),
  limits: closed({
    perMinute: Type.Integer(),
    maxConcurrent: Type.Integer(),
    overflow: words(OVERFLOWS),
    maxQueued: Type.Integer(),
    maxBodyBytes: Type.Integer(),
  }),
  respond: Type.Union([...respondForms]),
  secrets: Type.Array(SecretFactsSchema),
});

const agentFields = {
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  status: words(AGENT_STATUSES),
  liveVersion: orNull(Type.Integer()),
  webhookEnabled: Type.Boolean(),
  webhookUrl: Type.String(),
  createdAt: Time,
  updatedAt: Time,
};

/** An agent in a list. */
export const AgentSummarySchema = closed(agentFields);
export type AgentSummary = Static<typeof AgentSummarySchema>;

/** An agent, its draft, the draft's faults and its webhook. */
export const AgentSchema = closed({
  ...agentFields,
  pipeline: PipelineSchema,
  faults: Type.Array(DetailSchema),
  webhook: WebhookSchema,
  /** Only in the answer to the request that made it. */
  webhookSecret: Type.Optional(Type.String()),
  warnings: Type.Optional(Type.Array(WarningSchema)),
});
export type Agent = Static<typeof AgentSchema>;

export const AgentPatchSchema = closed({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  description: Type.Optional(Type.String({ maxLength: 2000 })),
  pipeline: Type.Optional(PipelineSchema),
  webhookEnabled: Type.Optional(Type.Boolean()),
  webhook: setting(WebhookPatchSchema),
});
export type AgentPatch = Static<typeof AgentPatchSchema>;

export const AgentCreateSchema = closed({
  ...AgentPatchSchema.properties,
  name: Type.String({ minLength: 1, maxLength: 100 }),
});
export type AgentCreate = Static<typeof AgentCreateSchema>;

const versionFields = { version: Type.Integer(), live: Type.Boolean(), createdAt: Time };

export const VersionSummarySchema = closed(versionFields);
export type VersionSummary = Static<typeof VersionSummarySchema>;

export const VersionSchema = closed({ ...versionFields, pipeline: PipelineSchema });

const MAX_GRACE_SECONDS = 7 * 24 * 3600;

export const SecretCreateSchema = closed({
  /** Taken as UTF-8 text; without it one is made. */
  secret: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  graceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_GRACE_SECONDS })),
});
export type SecretCreate = Static<typeof SecretCreateSchema>;

/** The only answer that holds the secret, and only where the server made it. */
export const SecretCreatedSchema = closed({
  ...SecretFactsSchema.properties,
  secret: Type.Optional(Type.String()),
  warnings: Type.Optional(Type.Array(WarningSchema)),
});
export type SecretCreated = Static<typeof SecretCreatedSchema>;
