// Who sent it: checks a credential over the bytes as received. Pure; the configured method is the
// only one accepted, and an empty secret never verifies.

import { equalBytes, hmac, sha256 } from "../lib/crypto";
import type { Reason } from "../vocabulary";
import type { PresetRow, SignatureRow } from "./presets/preset";

/** A secret that may verify; `text` null where it cannot be decrypted. */
export interface VerifySecret {
  id: string;
  text: string | null;
  /** SHA-256 of the text. */
  digest: Uint8Array;
  expiresAt: number | null;
}

export interface VerifyRequest {
  row: PresetRow;
  secrets: readonly VerifySecret[];
  headers: Headers;
  body: Uint8Array;
  /** Epoch milliseconds. */
  now: number;
}

export type Verdict =
  { ok: true; secretId: string } | { ok: false; reason: Extract<Reason, VerifyReason> };

type VerifyReason =
  | "AUTH_MISSING"
  | "BEARER_MISMATCH"
  | "BASIC_MISMATCH"
  | "SIGNATURE_MISSING"
  | "SIGNATURE_MALFORMED"
  | "SIGNATURE_MISMATCH"
  | "SECRET_UNAVAILABLE"
  | "SECRET_UNREADABLE";

interface UsableSecret extends VerifySecret {
  text: string;
}

const HEX_SHA256 = /^[0-9a-f]{64}$/;
const HEX_SHA1 = /^[0-9a-f]{40}$/;

const isUsable = (secret: VerifySecret): secret is UsableSecret =>
  secret.text !== null && secret.text !== "";

/** Checks the request's credential against the secrets that are live at `now`. */
export function verify(data: VerifyRequest): Verdict {
  const live = data.secrets.filter(
    (secret) => secret.expiresAt === null || secret.expiresAt > data.now,
  );
  const usable = live.filter(isUsable);
  if (usable.length === 0) {
    const unreadable = live.some((secret) => secret.text === null);
    return { ok: false, reason: unreadable ? "SECRET_UNREADABLE" : "SECRET_UNAVAILABLE" };
  }
  const request = { ...data, secrets: usable };
  if (data.row.signature !== null) {
    return verifySignature({ ...request, signature: data.row.signature });
  }
  return data.row.authType === "basic" ? verifyBasic(request) : verifyBearer(request);
}

interface SentSecret {
  headers: Headers;
  secrets: UsableSecret[];
}

/** The secret that was sent, compared as digests: their time tells no length. */
const findSent = (secrets: UsableSecret[], given: Uint8Array): UsableSecret | undefined => {
  const digest = sha256(given);
  return secrets.find((secret) => equalBytes(digest, secret.digest));
};

/** The whole text behind the scheme is compared. */
function verifyBearer({ headers, secrets }: SentSecret): Verdict {
  const match = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "");
  if (match === null) return { ok: false, reason: "AUTH_MISSING" };
  // Header text holds one byte a character, whatever encoding the sender used.
  const found = findSent(secrets, Buffer.from(match[1] ?? "", "latin1"));
  return found === undefined
    ? { ok: false, reason: "BEARER_MISMATCH" }
    : { ok: true, secretId: found.id };
}

/** RFC 7617: `user:password` as UTF-8 in base64, of which one spelling alone is taken. */
function verifyBasic({ headers, secrets }: SentSecret): Verdict {
  const match = /^basic +(.+)$/i.exec(headers.get("authorization") ?? "");
  if (match === null) return { ok: false, reason: "AUTH_MISSING" };
  const sent = match[1] ?? "";
  const given = Buffer.from(sent, "base64");
  const isWellFormed = given.toString("base64") === sent && given.includes(":");
  const found = isWellFormed ? findSent(secrets, given) : undefined;
  return found === undefined
    ? { ok: false, reason: "BASIC_MISMATCH" }
    : { ok: true, secretId: found.id };
}

function readDigest(signature: SignatureRow, header: string): Uint8Array | null {
  const prefix = signature.prefixes.find((candidate) => header.startsWith(candidate));
  if (prefix === undefined) return null;
  const hex = header.slice(prefix.length);
  const shape = signature.algorithm === "sha256" ? HEX_SHA256 : HEX_SHA1;
  return shape.test(hex) ? Uint8Array.fromHex(hex) : null;
}

function verifySignature(data: {
  signature: SignatureRow;
  secrets: UsableSecret[];
  headers: Headers;
  body: Uint8Array;
}): Verdict {
  const header = data.headers.get(data.signature.header);
  if (header === null || header === "") return { ok: false, reason: "SIGNATURE_MISSING" };
  const given = readDigest(data.signature, header);
  if (given === null) return { ok: false, reason: "SIGNATURE_MALFORMED" };
  const { algorithm } = data.signature;
  const found = data.secrets.find((secret) =>
    equalBytes(given, hmac({ algorithm, key: secret.text, parts: [data.body] })),
  );
  return found === undefined
    ? { ok: false, reason: "SIGNATURE_MISMATCH" }
    : { ok: true, secretId: found.id };
}
