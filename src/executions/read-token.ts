// The token of a `Location`: lets a caller without an API key follow its own execution. It is
// `<expiry, seconds, base 36>.<HMAC-SHA256 of the server key over id and expiry, base64url>`.

import { equalBytes, hmac } from "../lib/crypto";

const GOOD_FOR_SECONDS = 24 * 3600;
/** 43 characters are 32 bytes: one spelling for each token. */
const TOKEN = /^([0-9a-z]{1,10})\.([A-Za-z0-9_-]{43})$/;

export interface ReadTokens {
  /** A token for one execution id, good for 24 hours from `now`, epoch milliseconds. */
  make(id: string, now: number): string;
  /** Whether `token` reads that execution at `now`. */
  check(data: { id: string; token: string; now: number }): boolean;
}

/** Tokens under one server key. */
export function createReadTokens(serverKey: string): ReadTokens {
  const sign = (id: string, expiry: string): Buffer =>
    hmac({ algorithm: "sha256", key: serverKey, parts: [`${id}.${expiry}`] });
  return {
    make(id, now) {
      const expiry = (Math.floor(now / 1000) + GOOD_FOR_SECONDS).toString(36);
      return `${expiry}.${sign(id, expiry).toString("base64url")}`;
    },
    check({ id, token, now }) {
      const [, expiry = "", signature = ""] = TOKEN.exec(token) ?? [];
      const given = Buffer.from(signature, "base64url");
      return equalBytes(given, sign(id, expiry)) && Number.parseInt(expiry, 36) * 1000 > now;
    },
  };
}
