// Looks for texts in bytes, however they are written down: as they are, encoded, or compressed within
// a database.

import type { StoppedDatabase } from "../support/process-database";

/** Bytes by the name of the place where they were found. */
export type Places = Map<string, Uint8Array>;

/** A whole number of base64 digits holds four times six bits. */
const DIGIT_BITS = 6;

/** What base64 makes of bytes behind `before` others, without the digits that neighbours share. */
function base64Within(bytes: Uint8Array, before: number): string {
  const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  const first = Math.ceil((before * 8) / DIGIT_BITS);
  return digits.slice(first, Math.floor(((before + bytes.length) * 8) / DIGIT_BITS));
}

const toUrlDigits = (digits: string): string => digits.replaceAll("+", "-").replaceAll("/", "_");

/** All ways of writing bytes down that are looked for. */
function formsOf(bytes: Buffer): Buffer[] {
  const text = bytes.toString();
  const digits = [0, 1, 2].map((before) => base64Within(bytes, before));
  const hex = bytes.toString("hex");
  const escaped = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(text);
  const texts = [...digits, ...digits.map(toUrlDigits), hex, hex.toUpperCase(), escaped, url];
  return [bytes, ...[...new Set(texts)].map((form) => Buffer.from(form))];
}

/** `<name> in <place>` for everything that stands somewhere in any form. */
export function findCanaries(canaries: Map<string, Buffer>, places: Places): string[] {
  const found: string[] = [];
  for (const [name, bytes] of canaries) {
    const forms = formsOf(bytes);
    for (const [place, content] of places) {
      const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      if (forms.some((form) => buffer.includes(form))) found.push(`${name} in ${place}`);
    }
  }
  return found;
}

/** How a frame of Zstandard begins (RFC 8878, section 3.1.1). */
const ZSTANDARD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

function bytesOf(value: unknown): Uint8Array {
  if (typeof value === "string") return Buffer.from(value);
  if (!(value instanceof Uint8Array)) return Buffer.alloc(0);
  if (!ZSTANDARD.equals(value.subarray(0, ZSTANDARD.length))) return value;
  return Bun.zstdDecompressSync(new Uint8Array(value));
}

/** The values of all tables, unpacked: in the file a long one is cut by the ends of pages. */
export function readValues(database: StoppedDatabase): Places {
  const tables = database.rows<{ name: string }>(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  );
  return new Map(
    tables.map(({ name }) => {
      const rows = database.rows<Record<string, unknown>>(`select * from "${name}"`);
      const values = rows.flatMap((row) => Object.values(row).map(bytesOf));
      return [
        `table ${name}`,
        Buffer.concat(values.flatMap((value) => [value, Buffer.from("\n")])),
      ];
    }),
  );
}
