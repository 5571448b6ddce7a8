// Wire shapes of API tokens. A token's text is in the answer that makes it, and in no other.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, EXAMPLE, named, orNull, Time, words } from "../lib/wire";
import { SCOPES } from "../vocabulary";

const fields = {
  id: Type.String(),
  name: Type.String(),
  scope: words(SCOPES),
  agentId: orNull(Type.String({ description: "The one agent it is for; null for all." })),
  createdAt: Time,
  expiresAt: orNull({ ...Time, description: "From then on it is refused; null for never." }),
  lastUsedAt: orNull({
    ...Time,
    description: "When a request came with it, written down within a second; null for never.",
  }),
};

const EXAMPLE_TOKEN = {
  id: EXAMPLE.tokenId,
  name: "dashboard",
  scope: "read",
  agentId: null,
  createdAt: EXAMPLE.time,
  expiresAt: null,
  lastUsedAt: null,
} as const;

export const TokenSchema = named("Token", closed(fields), EXAMPLE_TOKEN);
export type Token = Static<typeof TokenSchema>;

export const TokenCreatedSchema = named(
  "TokenCreated",
  closed({ ...fields, token: Type.String({ description: "Shown only now." }) }),
  { ...EXAMPLE_TOKEN, token: "hk_live_…" },
);
export type TokenCreated = Static<typeof TokenCreatedSchema>;

export const TokenCreateSchema = named(
  "TokenCreate",
  closed({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    scope: words(SCOPES),
    agentId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: "Lets it see nothing but this agent.",
      }),
    ),
    expiresAt: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 40,
        description: "ISO 8601 with an offset.",
        examples: ["2027-01-31T09:30:00Z"],
      }),
    ),
  }),
  { name: "dashboard", scope: "read" },
);
export type TokenCreate = Static<typeof TokenCreateSchema>;
