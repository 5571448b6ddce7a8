// Wire shapes of model providers. Keys are write-only.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, orNull, Time, words } from "../lib/wire";
import { PROVIDER_TYPES } from "../vocabulary";

const name = Type.String({ minLength: 1, maxLength: 100 });
const baseUrl = Type.String({ minLength: 1, maxLength: 2000 });
const apiKey = Type.String({ minLength: 1, maxLength: 4096 });

export const ProviderSchema = closed({
  id: Type.String(),
  type: words(PROVIDER_TYPES),
  name: Type.String(),
  baseUrl: orNull(Type.String()),
  /** The end of the key and when it was set; null without one. */
  apiKey: orNull(closed({ fingerprint: Type.String(), createdAt: Time })),
  enabled: Type.Boolean(),
  builtIn: Type.Boolean(),
  createdAt: Time,
  updatedAt: Time,
});
export type Provider = Static<typeof ProviderSchema>;

export const ProviderCreateSchema = closed({
  type: words(PROVIDER_TYPES),
  name,
  /** Up to and with the version, such as `http://127.0.0.1:11434/v1`. */
  baseUrl: Type.Optional(baseUrl),
  apiKey: Type.Optional(apiKey),
  enabled: Type.Optional(Type.Boolean()),
});
export type ProviderCreate = Static<typeof ProviderCreateSchema>;

export const ProviderPatchSchema = closed({
  name: Type.Optional(name),
  baseUrl: Type.Optional(baseUrl),
  /** Null removes the key. */
  apiKey: Type.Optional(orNull(apiKey)),
  enabled: Type.Optional(Type.Boolean()),
});
export type ProviderPatch = Static<typeof ProviderPatchSchema>;
