// Rows of writes that carried an Idempotency-Key: claimed with the write, their answer kept sealed.

import type { Db } from "../db/open";
import { pack, unpack } from "../db/pack";
import { seal, unsealBytes } from "../lib/crypto";
import type { MasterKey } from "../secrets/master-key";

interface AnswersDeps {
  db: Db;
  masterKey: MasterKey;
}

/** One request by its key. */
export interface Claim {
  /** SHA-256 of token, method, path and key. */
  scope: Buffer;
  bodyMac: Buffer;
  expiresAt: number;
}

/** What the answer to a repeat is made of. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** JSON. */
  body: string;
}

/** A claim as it is stored. */
export interface KeptAnswer {
  bodyMac: Uint8Array;
  keyId: string;
  status: number | null;
  headers: string | null;
  packed: number | null;
  sealed: Uint8Array | null;
}

/** Larger ones are not kept; a whole pipeline and its faults stay far below. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

const contextOf = (scope: Buffer, keyId: string): string =>
  `kept_answers|${scope.toString("hex")}|${keyId}`;

/** The live claim of that scope, or null. */
export const findKept = (
  deps: { db: Db },
  data: { scope: Buffer; now: number },
): KeptAnswer | null =>
  deps.db.raw
    .query<KeptAnswer, [Buffer, number]>(
      "select body_mac as bodyMac, key_id as keyId, status, headers, packed, sealed from kept_answers where scope = ? and expires_at > ?",
    )
    .get(data.scope, data.now);

/** Claims a scope, in place of a claim that has expired; runs inside the write it is claimed for. */
export function insertClaim(deps: AnswersDeps, claim: Claim): void {
  deps.db.raw
    .query(
      "insert or replace into kept_answers (scope, body_mac, key_id, expires_at) values (?, ?, ?, ?)",
    )
    .run(claim.scope, claim.bodyMac, deps.masterKey.id, claim.expiresAt);
}

/** Keeps the answer of a claim; runs inside a write. */
export function keepAnswer(deps: AnswersDeps, data: { scope: Buffer; answer: Answer }): void {
  const { scope, answer } = data;
  const { packed, bytes } = pack(Buffer.from(answer.body));
  if (bytes.length > MAX_ANSWER_BYTES) return;
  const { id, bytes: key } = deps.masterKey;
  const sealed = seal({ key, plain: bytes, context: contextOf(scope, id) });
  deps.db.raw
    .query(
      "update kept_answers set status = ?, headers = ?, packed = ?, sealed = ? where scope = ?",
    )
    .run(answer.status, JSON.stringify(answer.headers), packed ? 1 : 0, sealed, scope);
}

/** The answer in clear, or null where there is none, or none that this key can open. */
export function openAnswer(
  deps: AnswersDeps,
  data: { scope: Buffer; kept: KeptAnswer },
): Answer | null {
  const { status, headers, packed, sealed, keyId } = data.kept;
  if (status === null || headers === null || packed === null || sealed === null) return null;
  const context = contextOf(data.scope, keyId);
  const bytes = unsealBytes({ key: deps.masterKey.bytes, sealed, context });
  if (bytes === null) return null;
  const body = Buffer.from(unpack({ packed, bytes })).toString("utf8");
  return { status, headers: JSON.parse(headers), body };
}

/** Deletes at most `limit` claims that have expired; returns how many. Runs inside a write. */
export const sweepAnswers = (deps: { db: Db }, data: { now: number; limit: number }): number =>
  deps.db.raw
    .query(
      "delete from kept_answers where rowid in (select rowid from kept_answers where expires_at <= ? order by expires_at limit ?)",
    )
    .run(data.now, data.limit).changes;
