// API tokens: 256 random bits, of which only the SHA-256 is stored.

import { eq } from "drizzle-orm";
import type { Db } from "../db/open";
import { tokens } from "../db/schema";
import type { Clock } from "../lib/clock";
import { randomSecret, sha256 } from "../lib/crypto";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import type { Scope } from "../vocabulary";

export interface TokensDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
}

/** What a valid token allows. */
export interface Grant {
  scope: Scope;
  /** The one agent it is for, or null for all. */
  agentId: string | null;
}

export const TOKEN_PREFIX = "hk_live_";

/** A token's text, to be shown once. */
export const makeToken = (): string => randomSecret(TOKEN_PREFIX);

/** Stores a token; runs inside a write. */
export function insertToken(
  deps: TokensDeps,
  data: { text: string; name: string; scope: Scope },
): void {
  deps.db.orm
    .insert(tokens)
    .values({
      id: formatId("key", deps.ids.uid()),
      name: data.name,
      hash: sha256(data.text),
      scope: data.scope,
      createdAt: deps.clock.now(),
    })
    .run();
}

/** Stores a token in place of all others of its name; runs inside a write. */
export function replaceNamedToken(
  deps: TokensDeps,
  data: { text: string; name: string; scope: Scope },
): void {
  deps.db.orm.delete(tokens).where(eq(tokens.name, data.name)).run();
  insertToken(deps, data);
}

interface GrantRow extends Grant {
  expiresAt: number | null;
}

/** The grant of a token's text, or null where it is unknown or expired. */
export function findGrant(deps: { db: Db; clock: Clock }, text: string): Grant | null {
  const row = deps.db.raw
    .query<GrantRow, [Uint8Array]>(
      "select scope, agent_id as agentId, expires_at as expiresAt from tokens where hash = ?",
    )
    .get(sha256(text));
  if (row === null || (row.expiresAt !== null && row.expiresAt <= deps.clock.now())) return null;
  return { scope: row.scope, agentId: row.agentId };
}

/** Whether any token was ever made: decides if this is the first start. */
export const hasTokens = (deps: { db: Db }): boolean =>
  deps.db.orm.select({ id: tokens.id }).from(tokens).limit(1).get() !== undefined;

/** Whether this very token is stored. */
export const hasToken = (deps: { db: Db; clock: Clock }, text: string): boolean =>
  findGrant(deps, text) !== null;
