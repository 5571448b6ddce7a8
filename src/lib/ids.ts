// Identifiers: UUIDv7 as 16 bytes inside, prefixed text outside.

import { sha256 } from "./crypto";

/** Source of new identifiers; tests give one that counts. */
export interface Ids {
  /** A new UUIDv7, 16 bytes, ascending with time (RFC 9562 section 5.7). */
  uid(): Buffer;
}

export const systemIds: Ids = { uid: () => Bun.randomUUIDv7("buffer") };

/** Ids that count from 1; their text sorts in the order of creation. */
export function createCountingIds(): Ids {
  let last = 0;
  return {
    uid() {
      last += 1;
      const bytes = Buffer.from("00000000000070008000000000000000", "hex");
      bytes.writeUInt32BE(last, 12);
      return bytes;
    },
  };
}

/**
 * The UUIDv7 of what came from `parent` under a name: the same whenever it is asked for, with the
 * parent's time and 74 bits of the name's SHA-256.
 */
export function deriveUid(parent: Uint8Array, name: string): Buffer {
  const uid = Buffer.concat([parent.subarray(0, 6), sha256(name).subarray(0, 10)]);
  uid[6] = 0x70 | ((uid[6] ?? 0) & 0x0f);
  uid[8] = 0x80 | ((uid[8] ?? 0) & 0x3f);
  return uid;
}

export type IdPrefix = "agt" | "exec" | "dlv" | "prv" | "key" | "whs" | "req" | "tool" | "prc";

/** `exec_0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f` for prefix `exec` and those 16 bytes. */
export function formatId(prefix: IdPrefix, uid: Uint8Array): string {
  const hex = uid.toHex();
  return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 16 bytes behind a public id, or null where the text is not one of that prefix. */
export function parseId(prefix: IdPrefix, text: string): Buffer | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const uuid = text.slice(prefix.length + 1);
  return UUID_TEXT.test(uuid) ? Buffer.from(uuid.replaceAll("-", ""), "hex") : null;
}
