// Forgeries by small changes: no bit of body, signature or secret may be other than it was.

import { describe, test } from "bun:test";
import fc from "fast-check";
import { sha256 } from "../../src/lib/crypto";
import type { PresetRow } from "../../src/webhooks/presets/preset";
import { PRESET_ROWS } from "../../src/webhooks/presets/table";
import { verify } from "../../src/webhooks/verify";
import { basicHeaders, sign } from "../support/signing";

const SIGNED_ROWS: [name: string, row: PresetRow][] = Object.values(PRESET_ROWS)
  .filter((row) => row.signature !== null)
  .map((row) => [row.name, row]);

interface Attempt {
  row: PresetRow;
  secret: string;
  body: Uint8Array;
  /** Hex. */
  digest: string;
}

function passes({ row, secret, body, digest }: Attempt): boolean {
  const { signature } = row;
  const value = `${signature?.prefixes[0] ?? ""}${digest}`;
  const headers = new Headers({ [signature?.header ?? ""]: value });
  const held = { id: "held", text: secret, digest: sha256(secret), expiresAt: null };
  return verify({ row, secrets: [held], headers, body, now: 0 }).ok;
}

const secrets = fc.string({ minLength: 1, maxLength: 64 });
const bodies = fc.uint8Array({ maxLength: 200 });

/** The body with one bit turned over. */
function turnBit(body: Uint8Array, bit: number): Uint8Array {
  const at = bit % (body.length * 8);
  return body.map((byte, place) => (place === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
}

describe.each(SIGNED_ROWS)("under %s", (_name, row) => {
  test("what was signed passes", () => {
    fc.assert(
      fc.property(secrets, bodies, (secret, body) =>
        passes({ row, secret, body, digest: sign({ secret, body }) }),
      ),
    );
  });

  test("no body that differs in one bit passes", () => {
    const nonEmpty = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(secrets, nonEmpty, fc.nat(), (secret, body, bit) => {
        const digest = sign({ secret, body });
        return !passes({ row, secret, body: turnBit(body, bit), digest });
      }),
    );
  });

  test("no signature that differs in one digit passes", () => {
    const digits = fc.integer({ min: 0, max: 15 }).map((value) => value.toString(16));
    fc.assert(
      fc.property(secrets, bodies, fc.nat(63), digits, (secret, body, place, digit) => {
        const digest = sign({ secret, body });
        const other = digest.slice(0, place) + digit + digest.slice(place + 1);
        return passes({ row, secret, body, digest: other }) === (other === digest);
      }),
    );
  });

  test("no signature under another secret passes", () => {
    fc.assert(
      fc.property(secrets, secrets, bodies, (secret, other, body) => {
        fc.pre(secret !== other);
        return !passes({ row, secret, body, digest: sign({ secret: other, body }) });
      }),
    );
  });

  test("no text of any other form passes, and none throws", () => {
    const texts = fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary-ascii" }));
    fc.assert(
      fc.property(bodies, texts, (body, text) => {
        const value = text.replaceAll(/[^\x21-\x7e]/g, "");
        return !passes({ row, secret: "s", body, digest: value });
      }),
    );
  });
});

describe("under basic", () => {
  const passwords = fc.tuple(secrets, secrets).map(([user, word]) => `${user}:${word}`);
  const { basic } = PRESET_ROWS;

  function passesBasic(secret: string, authorization: string): boolean {
    const held = { id: "held", text: secret, digest: sha256(secret), expiresAt: null };
    const headers = new Headers({ Authorization: authorization });
    const request = { row: basic, secrets: [held], headers, body: new Uint8Array(), now: 0 };
    return verify(request).ok;
  }
  const authorizationOf = (secret: string): string => basicHeaders(secret)["Authorization"] ?? "";

  test("what names the secret passes, and no other user or password", () => {
    fc.assert(
      fc.property(passwords, passwords, (secret, other) => {
        fc.pre(secret !== other);
        const own = passesBasic(secret, authorizationOf(secret));
        return own && !passesBasic(secret, authorizationOf(other));
      }),
    );
  });

  test("no header that differs in one character of its base64 passes", () => {
    const characters = fc.constantFrom("A", "B", "y", "0", "9", "+", "/", "=", "-", "_", " ");
    fc.assert(
      fc.property(passwords, fc.nat(), characters, (secret, at, character) => {
        const own = authorizationOf(secret);
        const place = "Basic ".length + (at % (own.length - "Basic ".length));
        const other = own.slice(0, place) + character + own.slice(place + 1);
        // White space at the end of a header is none of its value (RFC 9110).
        return passesBasic(secret, other) === (other.trim() === own);
      }),
    );
  });
});
