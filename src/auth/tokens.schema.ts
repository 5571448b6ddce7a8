// Wire shapes of API tokens. A token's text is in the answer that makes it, and in no other.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, orNull, Time, words } from "../lib/wire";
import { SCOPES } from "../vocabulary";

const fields = {
  id: Type.String(),
  name: Type.String(),
  scope: words(SCOPES),
  /** The one agent it is for, or null for all. */
  agentId: orNull(Type.String()),
  createdAt: Time,
  /** From then on it is refused; null for never. */
  expiresAt: orNull(Time),
};

export const TokenSchema = closed(fields);
export type Token = Static<typeof TokenSchema>;

export const TokenCreatedSchema = closed({
  ...fields,
  /** Shown only now. */
  token: Type.String(),
});
export type TokenCreated = Static<typeof TokenCreatedSchema>;

export const TokenCreateSchema = closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  scope: words(SCOPES),
  /** Lets it see nothing but this agent. */
  agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  /** ISO 8601 with an offset, such as `2027-01-31T09:30:00Z`. */
  expiresAt: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
});
export type TokenCreate = Static<typeof TokenCreateSchema>;
