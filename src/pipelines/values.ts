// Reading and measuring JSON values: own properties only, never a prototype.

import type { Json } from "./record";

export type JsonObject = { [key: string]: Json };

/** Largest output of a node: 1 MiB of JSON as UTF-8. */
export const MAX_OUTPUT_BYTES = 1_048_576;

/** Names that lead to a prototype; refused wherever a name is written. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  "__proto__",
  "prototype",
  "constructor",
]);

/** The own property `key` of an object or array (an array's `length` is one), else undefined. */
export function readOwn(value: Json, key: string): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  if (!Array.isArray(value)) return value[key];
  return key === "length" ? value.length : value[Number(key)];
}

/** The value under `path`; undefined where any part of the path is missing. */
export function readPath(value: Json | undefined, path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (current === undefined) return undefined;
    current = readOwn(current, key);
  }
  return current;
}

/** Bytes of a value that is no container; an infinite number is written as null. */
function measureScalar(value: boolean | number | null): number {
  if (typeof value === "number") return Number.isFinite(value) ? String(value).length : 4;
  return value === false ? 5 : 4;
}

/** Makes a function that takes the size of a value from `room`; negative once it does not fit. */
function createMeter(measureString: (text: string) => number) {
  return function take(value: Json, room: number): number {
    if (typeof value === "string") return room - measureString(value);
    if (typeof value !== "object" || value === null) return room - measureScalar(value);
    let left = room - 1;
    let isEmpty = true;
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length && left >= 0; index++) {
        left = take(value[index] ?? null, left - 1);
        isEmpty = false;
      }
    } else {
      for (const key in value) {
        if (left < 0) return left;
        left = take(value[key] ?? null, left - 2 - measureString(key));
        isEmpty = false;
      }
    }
    return isEmpty ? left - 1 : left;
  };
}

/** About the memory that a value takes, for sums that need no more than that. */
export const takeRoughly = createMeter((text) => text.length + 2);

/** No string takes more: a control character is six bytes, `\u0001`. */
const takeAtMost = createMeter((text) => text.length * 6 + 2);
/** What is left of `room` bytes after a value as JSON; negative once it does not fit. */
export const takeBytes = createMeter((text) => Buffer.byteLength(JSON.stringify(text)));

/**
 * Whether `value` takes at most `limit` bytes as JSON. The bound needs no copy and settles nearly
 * every value; the count stops at the limit, however often a large value is repeated.
 */
export const fitsBytes = (value: Json, limit: number): boolean =>
  takeAtMost(value, limit) >= 0 || takeBytes(value, limit) >= 0;

/** Enough of a text to know it by. A copy: a part of a text would keep all of it in memory. */
export function clipText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const kept = Buffer.from(text.slice(0, maxChars)).toString();
  return `${kept}… (${text.length} characters)`;
}

/** A value as a trace keeps it: whole up to `limit` bytes of JSON, else the start of a text or a note. */
export function clipValue(value: Json, limit: number): Json {
  if (typeof value === "string") return clipText(value, limit);
  return fitsBytes(value, limit) ? value : `… (more than ${limit} bytes of JSON)`;
}
