// Digests against published vectors; sealed text that opens with its own key, context and bytes only.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  equalBytes,
  hmac,
  randomKey,
  randomSecret,
  randomShare,
  seal,
  sha256,
  unseal,
} from "../../src/lib/crypto";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const repeat = (byte: number, count: number): Buffer => Buffer.alloc(count, byte);

/** RFC 4231, section 4: key, data, HMAC-SHA-256 (of case 5 the first 128 bits). */
const RFC_4231: [number, key: Buffer, data: Buffer, digest: string][] = [
  [
    1,
    repeat(0x0b, 20),
    Buffer.from("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    2,
    Buffer.from("Jefe"),
    Buffer.from("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    3,
    repeat(0xaa, 20),
    repeat(0xdd, 50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    4,
    hex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
    repeat(0xcd, 50),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  [5, repeat(0x0c, 20), Buffer.from("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
  [
    6,
    repeat(0xaa, 131),
    Buffer.from("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    7,
    repeat(0xaa, 131),
    Buffer.from(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ],
];

describe("hmac", () => {
  test.each(RFC_4231)("gives the digest of RFC 4231, case %i", (_case, secret, data, digest) => {
    const found = hmac({ algorithm: "sha256", key: secret, parts: [data] }).toString("hex");
    expect(found.slice(0, digest.length)).toBe(digest);
    expect(found).toHaveLength(64);
  });

  test("gives the SHA-1 digest of RFC 2202, case 2", () => {
    const parts = ["what do ya want for nothing?"];
    expect(hmac({ algorithm: "sha1", key: "Jefe", parts }).toString("hex")).toBe(
      "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    );
  });

  test("takes a text key as UTF-8 and the parts as if they were joined", () => {
    const text = "geheimnis-€";
    const joined = hmac({ algorithm: "sha256", key: Buffer.from(text), parts: ["id.1700.bödy"] });
    const parts = ["id", ".", Buffer.from("1700"), ".b", Buffer.from("ödy")];
    expect(hmac({ algorithm: "sha256", key: text, parts })).toEqual(joined);
  });
});

test("sha256 gives the digests of FIPS 180-2 for text and bytes", () => {
  const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256("abc").toString("hex")).toBe(digest);
  expect(sha256(Buffer.from("abc")).toString("hex")).toBe(digest);
});

test.each([
  ["the same bytes", "abc", "abc", true],
  ["nothing and nothing", "", "", true],
  ["a different byte", "abc", "abd", false],
  ["a prefix", "abc", "ab", false],
  ["a longer value", "ab", "abc", false],
])("equalBytes of %s", (_name, a, b, expected) => {
  expect(equalBytes(Buffer.from(a), Buffer.from(b))).toBe(expected);
});

test("random secrets carry their prefix and 256 bits, and differ", () => {
  const made = Array.from({ length: 100 }, () => randomSecret("whsec_"));
  for (const secret of made) expect(secret).toMatch(/^whsec_[A-Za-z0-9_-]{43}$/);
  expect(new Set(made).size).toBe(100);
  expect(randomKey()).toHaveLength(32);
  expect(randomKey()).not.toEqual(randomKey());
});

const key = repeat(1, 32);
const context = "secrets|webhook|whs_1|0a1b2c3d";
const sealed = seal({ key, plain: "whsec_secret-é", context });

/** Any code point that UTF-8 can write. */
const letter = fc
  .oneof(fc.integer({ max: 0xd7ff, min: 0 }), fc.integer({ max: 0x10ffff, min: 0xe000 }))
  .map((code) => String.fromCodePoint(code));

describe("sealed text", () => {
  test("opens with its key and context, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: letter }), fc.string({ unit: letter }), (text, around) => {
        const bytes = seal({ key, plain: text, context: around });
        expect(unseal({ key, sealed: bytes, context: around })).toBe(text);
      }),
    );
  });

  test("stays closed to another key and to another context", () => {
    expect(unseal({ key, sealed, context })).toBe("whsec_secret-é");
    expect(unseal({ key: repeat(2, 32), sealed, context })).toBeNull();
    expect(unseal({ key, sealed, context: `${context} ` })).toBeNull();
    expect(unseal({ key, sealed, context: "" })).toBeNull();
  });

  test("stays closed where a single bit of nonce, text or tag is altered", () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unseal({ key, sealed: altered, context })).toBeNull();
    }
  });

  test("stays closed where bytes are missing or added", () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(unseal({ key, sealed: sealed.subarray(0, length), context })).toBeNull();
    }
    expect(unseal({ key, sealed: Buffer.concat([sealed, Buffer.of(0)]), context })).toBeNull();
  });

  test("differs each time and shows nothing of the text", () => {
    const made = Array.from({ length: 50 }, () => seal({ key, plain: "same text", context }));
    expect(new Set(made.map((bytes) => bytes.toString("hex"))).size).toBe(50);
    expect(new Set(made.map((bytes) => bytes.toString("hex", 0, 12))).size).toBe(50);
    for (const bytes of made) expect(bytes.includes("same")).toBe(false);
  });

  test("is AES-256-GCM in the order nonce, ciphertext, tag, as another implementation reads it", async () => {
    const imported = await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, [
      "decrypt",
    ]);
    const algorithm = {
      name: "AES-GCM",
      iv: Uint8Array.from(sealed.subarray(0, 12)),
      additionalData: new TextEncoder().encode(context),
      tagLength: 128,
    };
    const opened = await crypto.subtle.decrypt(
      algorithm,
      imported,
      Uint8Array.from(sealed.subarray(12)),
    );
    expect(Buffer.from(opened).toString()).toBe("whsec_secret-é");
  });
});

test("random shares lie between 0 and 1, on both sides of the middle", () => {
  const shares = Array.from({ length: 1000 }, randomShare);
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...shares)).toBeLessThan(1);
  const low = shares.filter((share) => share < 0.5).length;
  // Fewer than 400 of 1,000 happen once in 10^10 runs.
  expect(low).toBeWithin(400, 600);
});
