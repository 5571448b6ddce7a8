// Large values are stored compressed: Zstandard level 1, from 4 KiB.

const PACK_FROM_BYTES = 4096;

export interface Packed {
  packed: boolean;
  bytes: Uint8Array;
}

/** Compresses what is large enough to gain. */
export function pack(bytes: Uint8Array): Packed {
  if (bytes.length < PACK_FROM_BYTES) return { packed: false, bytes };
  const compressed = Bun.zstdCompressSync(bytes, { level: 1 });
  return compressed.length < bytes.length
    ? { packed: true, bytes: compressed }
    : { packed: false, bytes };
}

/** Reverses `pack`; rows hold the flag as 0 or 1. */
export const unpack = (data: { packed: boolean | number; bytes: Uint8Array }): Uint8Array =>
  Number(data.packed) === 1 ? Bun.zstdDecompressSync(data.bytes) : data.bytes;
