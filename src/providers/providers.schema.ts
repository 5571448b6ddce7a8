// Wire shapes of model providers. Keys are write-only.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import type { Json } from "../lib/json-value";
import { closed, EXAMPLE, named, orNull, Time, words } from "../lib/wire";
import { PROVIDER_TEST_REASONS, PROVIDER_TYPES } from "../vocabulary";

const name = Type.String({ minLength: 1, maxLength: 100 });
const baseUrl = Type.String({
  minLength: 1,
  maxLength: 2000,
  description:
    "Up to and with the version, such as `http://127.0.0.1:11434/v1`; required for `openai-compatible`, the public API of the type without one.",
});
const apiKey = Type.String({ minLength: 1, maxLength: 4096 });

const tokens = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });
const script = Type.Array(
  closed({
    text: Type.Optional(
      Type.String({ maxLength: 100_000, description: "Left out, the call's prompt." }),
    ),
    toolCalls: Type.Optional(
      Type.Array(
        closed({
          name: Type.String({ minLength: 1, maxLength: 64 }),
          arguments: Type.Unsafe<Json>(Type.Any({ description: "What the tool is to be given." })),
        }),
        { maxItems: 20, description: "Tools to ask for, by the names that models are given." },
      ),
    ),
    failStatus: Type.Optional(
      Type.Integer({ minimum: 400, maximum: 599, description: "An HTTP status to fail with." }),
    ),
    delayMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 600_000, description: "Before answer or failure." }),
    ),
    usage: Type.Optional(
      closed({ inputTokens: tokens, outputTokens: tokens, cachedTokens: tokens }),
    ),
  }),
  {
    minItems: 1,
    maxItems: 50,
    description:
      "Of `echo` alone: what it answers to each call of a talk, the last turn to all that follow.",
  },
);

export const ProviderSchema = named(
  "Provider",
  closed({
    id: Type.String(),
    type: words(PROVIDER_TYPES),
    name: Type.String(),
    baseUrl: orNull(Type.String({ description: "Null is the type's public API." })),
    apiKey: orNull(
      closed(
        { fingerprint: Type.String(), createdAt: Time },
        { description: "The end of the key and when it was set; null without one." },
      ),
    ),
    script: orNull(script),
    enabled: Type.Boolean(),
    builtIn: Type.Boolean(),
    createdAt: Time,
    updatedAt: Time,
  }),
  {
    id: EXAMPLE.providerId,
    type: "openai-compatible",
    name: "Ollama",
    baseUrl: "http://127.0.0.1:11434/v1",
    apiKey: null,
    script: null,
    enabled: true,
    builtIn: false,
    createdAt: EXAMPLE.time,
    updatedAt: EXAMPLE.time,
  },
);
export type Provider = Static<typeof ProviderSchema>;

export const ProviderCreateSchema = named(
  "ProviderCreate",
  closed({
    type: words(PROVIDER_TYPES),
    name,
    baseUrl: Type.Optional(baseUrl),
    apiKey: Type.Optional(apiKey),
    script: Type.Optional(script),
    enabled: Type.Optional(Type.Boolean()),
  }),
  { type: "openai-compatible", name: "Ollama", baseUrl: "http://127.0.0.1:11434/v1" },
);
export type ProviderCreate = Static<typeof ProviderCreateSchema>;

export const ProviderPatchSchema = named(
  "ProviderPatch",
  closed({
    name: Type.Optional(name),
    baseUrl: Type.Optional(orNull({ ...baseUrl, description: "Null is the type's public API." })),
    apiKey: Type.Optional(orNull({ ...apiKey, description: "Null removes the key." })),
    script: Type.Optional(orNull({ ...script, description: "Null has `echo` answer its prompt." })),
    enabled: Type.Optional(Type.Boolean()),
  }),
  { name: "Ollama on the other machine", enabled: true },
);
export type ProviderPatch = Static<typeof ProviderPatchSchema>;

export const ProviderTestSchema = named(
  "ProviderTest",
  closed({
    model: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: "The model to call; required but for `echo`.",
      }),
    ),
  }),
  { model: "llama3.2" },
);

export const ProviderTestResultSchema = named(
  "ProviderTestResult",
  closed({
    ok: Type.Boolean({ description: "Whether the model answered." }),
    latencyMs: Type.Integer({ description: "Until the end of the answer, or the failure." }),
    failure: orNull(
      closed({
        reason: words(PROVIDER_TEST_REASONS),
        message: Type.String({ description: "What failed, and what to do." }),
        status: Type.Optional(
          Type.Integer({ description: "HTTP status of the provider, where it gave one." }),
        ),
      }),
    ),
  }),
  {
    ok: false,
    latencyMs: 212,
    failure: {
      reason: "MODEL_UNKNOWN",
      message: "There is no such model or address; check the model's name, and the baseUrl.",
      status: 404,
    },
  },
);
export type ProviderTestResult = Static<typeof ProviderTestResultSchema>;
