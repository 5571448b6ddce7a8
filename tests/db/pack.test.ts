// Compression of stored values: from 4 KiB on, where it gains, and back byte for byte.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pack, unpack } from "../../src/db/pack";
import { randomKey } from "../../src/lib/crypto";

const noise = (length: number): Uint8Array =>
  Buffer.concat(Array.from({ length: Math.ceil(length / 32) }, randomKey)).subarray(0, length);

describe("pack", () => {
  test.each([
    ["nothing", 0, false],
    ["4,095 bytes", 4095, false],
    ["4,096 bytes", 4096, true],
    ["a megabyte", 1024 * 1024, true],
  ])("%s of one letter: %i bytes are compressed: %p", (_name, length, compressed) => {
    const bytes = Buffer.alloc(length, "a");
    const packed = pack(bytes);
    expect(packed.packed).toBe(compressed);
    if (compressed) expect(packed.bytes.length).toBeLessThan(length / 10);
    else expect(packed.bytes).toBe(bytes);
  });

  test("keeps bytes that compression would not make fewer", () => {
    const bytes = noise(10_000);
    expect(pack(bytes)).toEqual({ packed: false, bytes });
  });
});

describe("unpack", () => {
  test("gives back the bytes, with the flag as it is made and as rows hold it", () => {
    const sized = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.integer({ min: 4_000, max: 9_000 }).map((length) => new Uint8Array(length).fill(7)),
      fc.integer({ min: 4_000, max: 9_000 }).map(noise),
    );
    fc.assert(
      fc.property(sized, (bytes) => {
        const packed = pack(bytes);
        const row = { packed: packed.packed ? 1 : 0, bytes: packed.bytes };
        expect(Buffer.from(unpack(packed))).toEqual(Buffer.from(bytes));
        expect(Buffer.from(unpack(row))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test("throws where bytes that are marked as compressed are not", () => {
    expect(() => unpack({ packed: true, bytes: Buffer.from("plain") })).toThrow();
  });
});
