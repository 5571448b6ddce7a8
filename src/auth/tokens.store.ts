// API tokens: 256 random bits, of which only the SHA-256 is stored.

import { and, count, desc, eq, isNull, lt, or } from "drizzle-orm";
import type { Db } from "../db/open";
import { tokens } from "../db/schema";
import type { Use } from "../db/uses";
import type { Writer } from "../db/writer";
import { AppError, invalid } from "../errors";
import type { Clock } from "../lib/clock";
import { toIso, toIsoOrNull } from "../lib/clock";
import { randomSecret, sha256 } from "../lib/crypto";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import type { Scope } from "../vocabulary";
import type { Token, TokenCreate, TokenCreated } from "./tokens.schema";

export interface TokensDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
}

/** What making and deleting tokens by their owner needs beside. */
export type TokenChangeDeps = TokensDeps & {
  writer: Writer;
  /** Whether there is an agent of that id that is not deleted. */
  agentExists(id: string): boolean;
};

/** What a valid token allows. */
export interface Grant {
  /** The token's. */
  id: string;
  scope: Scope;
  /** The one agent it is for, or null for all. */
  agentId: string | null;
}

export const TOKEN_PREFIX = "hk_live_";

/** The name of the token that the setting holds; whoever bears it is replaced with the setting. */
export const CONFIGURED_TOKEN_NAME = "HOOKLINE_ADMIN_TOKEN";

/** Tokens that may be stored. */
const MAX_TOKENS = 1_000;

type TokenRow = typeof tokens.$inferSelect;

/** A token to store. */
export interface NewToken {
  text: string;
  name: string;
  scope: Scope;
  agentId?: string | null;
  expiresAt?: number | null;
}

/** A token's text, to be shown once. */
export const makeToken = (): string => randomSecret(TOKEN_PREFIX);

/** Stores a token; runs inside a write. */
export function insertToken(deps: TokensDeps, { text, ...columns }: NewToken): TokenRow {
  return deps.db.orm
    .insert(tokens)
    .values({
      ...columns,
      id: formatId("key", deps.ids.uid()),
      hash: sha256(text),
      createdAt: deps.clock.now(),
    })
    .returning()
    .get();
}

/** A token for all agents and without an expiry. */
export type NamedToken = Pick<NewToken, "text" | "name" | "scope">;

/**
 * Stores a token in place of all others of its name, and of what its text was before; nothing
 * where it is there already. Runs inside a write.
 */
export function ensureNamedToken(deps: TokensDeps, data: NamedToken): void {
  const hash = sha256(data.text);
  const [sameName, sameText] = [eq(tokens.name, data.name), eq(tokens.hash, hash)];
  const unbound = and(isNull(tokens.agentId), isNull(tokens.expiresAt));
  const same = and(sameName, sameText, eq(tokens.scope, data.scope), unbound);
  if (deps.db.orm.select({ id: tokens.id }).from(tokens).where(same).get() !== undefined) return;
  deps.db.orm.delete(tokens).where(or(sameName, sameText)).run();
  insertToken(deps, data);
}

interface GrantRow extends Grant {
  expiresAt: number | null;
}

/** The grant of a token's text, or null where it is unknown or expired. */
export function findGrant(deps: { db: Db; clock: Clock }, text: string): Grant | null {
  const row = deps.db.raw
    .query<GrantRow, [Uint8Array]>(
      "select id, scope, agent_id as agentId, expires_at as expiresAt from tokens where hash = ?",
    )
    .get(sha256(text));
  if (row === null || (row.expiresAt !== null && row.expiresAt <= deps.clock.now())) return null;
  return { id: row.id, scope: row.scope, agentId: row.agentId };
}

/** Writes down when a token was used last; runs inside a write. */
export function recordTokenUse(deps: { db: Db }, use: Pick<Use, "id" | "lastUsedAt">): void {
  deps.db.raw.query("update tokens set last_used_at = ? where id = ?").run(use.lastUsedAt, use.id);
}

/** Whether any token was ever made: decides if this is the first start. */
export const hasTokens = (deps: { db: Db }): boolean =>
  deps.db.orm.select({ id: tokens.id }).from(tokens).limit(1).get() !== undefined;

const toToken = (row: TokenRow): Token => ({
  id: row.id,
  name: row.name,
  scope: row.scope,
  agentId: row.agentId,
  createdAt: toIso(row.createdAt),
  expiresAt: toIsoOrNull(row.expiresAt),
  lastUsedAt: toIsoOrNull(row.lastUsedAt),
});

/** One token; throws NOT_FOUND. */
export function getToken(deps: { db: Db }, id: string): Token {
  const row = deps.db.orm.select().from(tokens).where(eq(tokens.id, id)).get();
  if (row === undefined) throw new AppError("NOT_FOUND");
  return toToken(row);
}

/** Up to `limit` tokens below the cursor, an id; newest first, expired ones included. */
export function listTokens(
  deps: { db: Db },
  data: { before: string | null; limit: number },
): Token[] {
  return deps.db.orm
    .select()
    .from(tokens)
    .where(data.before === null ? undefined : lt(tokens.id, data.before))
    .orderBy(desc(tokens.id))
    .limit(data.limit)
    .all()
    .map(toToken);
}

/** With its offset: without one it would mean the server's time zone. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Whether the calendar has the day of a time; `Date.parse` reads 30 February as 2 March. */
const hasDay = (text: string): boolean => {
  const day = text.slice(0, "2027-01-31".length);
  return toIso(Date.parse(`${day}T00:00:00Z`)).startsWith(day);
};

function readExpiry(deps: { clock: Clock }, text: string | undefined): number | null {
  if (text === undefined) return null;
  const path = "/expiresAt";
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // An offset can lead into the year 10000, for which RFC 3339 has no form.
  if (Number.isNaN(at) || !hasDay(text) || at >= Date.UTC(10_000, 0)) {
    const message = "Give a time with its offset, such as 2027-01-31T09:30:00Z.";
    throw invalid({ path, code: "TIME_INVALID", message });
  }
  if (at > deps.clock.now()) return at;
  throw invalid({ path, code: "TIME_PAST", message: "Give a time that is still to come." });
}

function checkRoom(deps: { db: Db }): void {
  const stored = deps.db.orm.select({ count: count() }).from(tokens).get()?.count ?? 0;
  if (stored >= MAX_TOKENS) throw new AppError("TOO_MANY_TOKENS");
}

function checkAgent(deps: TokenChangeDeps, id: string | null): void {
  if (id === null || deps.agentExists(id)) return;
  const message = "There is no agent of this id.";
  throw invalid({ path: "/agentId", code: "AGENT_UNKNOWN", message });
}

/** Makes a token and returns its text this once. */
export async function createToken(deps: TokenChangeDeps, data: TokenCreate): Promise<TokenCreated> {
  const { name, scope, agentId = null } = data;
  if (name === CONFIGURED_TOKEN_NAME) {
    const message = `${CONFIGURED_TOKEN_NAME} is the name of the token from that setting; take another.`;
    throw invalid({ path: "/name", code: "NAME_RESERVED", message });
  }
  const expiresAt = readExpiry(deps, data.expiresAt);
  const text = makeToken();
  return deps.writer.write(() => {
    checkAgent(deps, agentId);
    checkRoom(deps);
    const row = insertToken(deps, { text, name, scope, agentId, expiresAt });
    return { ...toToken(row), token: text };
  });
}

/** Whether a token is left that can always make others. */
function hasLasting(deps: { db: Db }): boolean {
  const lasts = and(eq(tokens.scope, "admin"), isNull(tokens.agentId), isNull(tokens.expiresAt));
  return (
    deps.db.orm.select({ id: tokens.id }).from(tokens).where(lasts).limit(1).get() !== undefined
  );
}

/** Deletes a token, which is refused from then on; throws LAST_ADMIN_TOKEN for the last lasting one. */
export async function deleteToken(deps: TokenChangeDeps, id: string): Promise<void> {
  await deps.writer.write(() => {
    const lasted = hasLasting(deps);
    const row = deps.db.orm.delete(tokens).where(eq(tokens.id, id)).returning().get();
    if (row === undefined) throw new AppError("NOT_FOUND");
    // What a write throws takes back what it did.
    if (lasted && !hasLasting(deps)) throw new AppError("LAST_ADMIN_TOKEN");
  });
}
