// Secrets at rest: AES-256-GCM, bound to their row and purpose, so that a copied row opens nowhere else.

import { and, asc, count, eq, gt, isNull, ne, or } from "drizzle-orm";
import type { Db } from "../db/open";
import { secrets } from "../db/schema";
import type { Use } from "../db/uses";
import type { Clock } from "../lib/clock";
import { toIso, toIsoOrNull } from "../lib/clock";
import { randomSecret, seal, unseal } from "../lib/crypto";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import type { AuthType, SecretPurpose } from "../vocabulary";
import type { MasterKey } from "./master-key";

export interface SecretsDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
  masterKey: MasterKey;
}

export type SecretRow = typeof secrets.$inferSelect;

/** What may be shown of a secret. */
export interface SecretFacts {
  id: string;
  fingerprint: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  uses: number;
}

interface Owner {
  purpose: SecretPurpose;
  ownerId: string | null;
}

const contextOf = (row: { purpose: string; id: string; keyId: string }): string =>
  `secrets|${row.purpose}|${row.id}|${row.keyId}`;

/** The last four characters of a long secret, nothing of a short one. */
const fingerprintOf = (text: string): string => (text.length >= 16 ? `…${text.slice(-4)}` : "…");

/**
 * A new secret of 256 random bits, in the form that secret scanners recognise; for `basic` with a
 * user before it.
 */
export const makeWebhookSecret = (type: AuthType): string =>
  randomSecret(type === "basic" ? "hookline:" : "whsec_");

/** Stores `text` sealed; runs inside a write. */
export function insertSecret(
  deps: SecretsDeps,
  data: Owner & { text: string; name?: string },
): SecretRow {
  const id = formatId("whs", deps.ids.uid());
  const keyId = deps.masterKey.id;
  const context = contextOf({ purpose: data.purpose, id, keyId });
  return deps.db.orm
    .insert(secrets)
    .values({
      id,
      purpose: data.purpose,
      ownerId: data.ownerId,
      name: data.name ?? null,
      sealed: seal({ key: deps.masterKey.bytes, plain: data.text, context }),
      keyId,
      fingerprint: fingerprintOf(data.text),
      createdAt: deps.clock.now(),
    })
    .returning()
    .get();
}

const ownedBy = (owner: Owner) =>
  and(
    eq(secrets.purpose, owner.purpose),
    owner.ownerId === null ? isNull(secrets.ownerId) : eq(secrets.ownerId, owner.ownerId),
  );

/** The secrets that have not expired, oldest first. */
export function listLiveSecrets(deps: SecretsDeps, owner: Owner): SecretRow[] {
  const alive = or(isNull(secrets.expiresAt), gt(secrets.expiresAt, deps.clock.now()));
  return deps.db.orm
    .select()
    .from(secrets)
    .where(and(ownedBy(owner), alive))
    .orderBy(asc(secrets.createdAt), asc(secrets.id))
    .all();
}

/**
 * Lets the owner's current secret expire at `at` and ends an earlier one that was still in its
 * grace, so that at most two are ever live; runs inside a write.
 */
export function retireSecrets(deps: SecretsDeps, data: Owner & { at: number }): void {
  const now = deps.clock.now();
  const update = deps.db.orm.update(secrets);
  update
    .set({ expiresAt: now })
    .where(and(ownedBy(data), gt(secrets.expiresAt, now)))
    .run();
  update
    .set({ expiresAt: data.at })
    .where(and(ownedBy(data), isNull(secrets.expiresAt)))
    .run();
}

/** Removes all of an owner's secrets; runs inside a write. */
export function deleteSecrets(deps: SecretsDeps, owner: Owner): void {
  deps.db.orm.delete(secrets).where(ownedBy(owner)).run();
}

/** The plain text, or null where this key did not seal it. */
export const openSecret = (deps: SecretsDeps, row: SecretRow): string | null =>
  row.keyId === deps.masterKey.id
    ? unseal({ key: deps.masterKey.bytes, sealed: row.sealed, context: contextOf(row) })
    : null;

/** Adds the uses counted since the last call; runs inside a write. */
export function recordSecretUse(deps: { db: Db }, use: Use): void {
  deps.db.raw
    .query("update secrets set uses = uses + ?, last_used_at = ? where id = ?")
    .run(use.uses, use.lastUsedAt, use.id);
}

/**
 * The server's own key of 256 bits, made on first use, and anew where none can be read with this
 * master key; runs inside a write.
 */
export function ensureServerKey(deps: SecretsDeps): string {
  const owner: Owner = { purpose: "server", ownerId: null };
  for (const row of listLiveSecrets(deps, owner)) {
    const readable = openSecret(deps, row);
    if (readable !== null) return readable;
  }
  const text = randomSecret("");
  insertSecret(deps, { ...owner, text });
  return text;
}

/** How many secrets another master key has sealed: what needs them is answered 503. */
export function countUnreadable(deps: SecretsDeps): number {
  const foreign = ne(secrets.keyId, deps.masterKey.id);
  return deps.db.orm.select({ n: count() }).from(secrets).where(foreign).get()?.n ?? 0;
}

/** Wire shape of a secret, without the secret. */
export const toSecretFacts = (row: SecretRow): SecretFacts => ({
  id: row.id,
  fingerprint: row.fingerprint,
  createdAt: toIso(row.createdAt),
  expiresAt: toIsoOrNull(row.expiresAt),
  lastUsedAt: toIsoOrNull(row.lastUsedAt),
  uses: row.uses,
});
