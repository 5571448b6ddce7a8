// The token of a `Location`: lets a caller without an API key follow its own execution. It is
// `<expiry, seconds, base 36>.<HMAC-SHA256 of the server key over id and expiry, base64url>`.

import { equalBytes, hmac } from "../lib/crypto";

const GOOD_FOR_SECONDS = 24 * 3600;

export interface ReadTokens {
  /** A token for one execution id, good for 24 hours from `now`, epoch milliseconds. */
  make(id: string, now: number): string;
  /** Whether `token` reads that execution at `now`. */
  check(data: { id: string; token: string; now: number }): boolean;
}

/** Tokens under one server key. */
export function createReadTokens(serverKey: string): ReadTokens {
  const tokenOf = (id: string, expiry: string): string => {
    const signature = hmac({ algorithm: "sha256", key: serverKey, parts: [`${id}.${expiry}`] });
    return `${expiry}.${signature.toString("base64url")}`;
  };
  return {
    make: (id, now) => tokenOf(id, (Math.floor(now / 1000) + GOOD_FOR_SECONDS).toString(36)),
    check({ id, token, now }) {
      const expiry = token.slice(0, token.indexOf("."));
      // As text: base64url has several spellings for the same bytes.
      const isOurs = equalBytes(Buffer.from(token), Buffer.from(tokenOf(id, expiry)));
      return isOurs && Number.parseInt(expiry, 36) * 1000 > now;
    },
  };
}
