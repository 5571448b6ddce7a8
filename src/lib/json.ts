// Reading JSON that strangers send: bytes in, a value or a reason out, never an exception.

import { parseInSlices, SLICE_CHARS } from "./json-slices";
import type { Json } from "./json-value";
import { isRecord, NumberTooLarge, parseJsonText } from "./json-value";
import type { LoopTurn } from "./loop-turn";

/** Deepest nesting of arrays and objects that is read. 100,000 levels block the loop for a second. */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of UTF-8 bytes without its byte order mark, or null where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function endOfString(bytes: Uint8Array, open: number): number {
  let close = bytes.indexOf(QUOTE, open + 1);
  while (close !== -1) {
    let escapes = 0;
    while (bytes[close - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return close;
    close = bytes.indexOf(QUOTE, close + 1);
  }
  return bytes.length;
}

/** Whether brackets outside strings nest deeper than `limit`, counted without parsing. */
export function nestsDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    }
  }
  return false;
}

export type ParsedJson =
  | { ok: true; value: Json }
  | { ok: false; problem: "empty" | "not_utf8" | "too_deep" | "infinite" | "malformed" };

/** The text of bytes that may be JSON, or why they are not. */
function readText(
  bytes: Uint8Array,
): { ok: true; text: string } | Exclude<ParsedJson, { ok: true }> {
  if (nestsDeeperThan(bytes, MAX_JSON_DEPTH)) return { ok: false, problem: "too_deep" };
  const text = decodeUtf8(bytes);
  if (text === null) return { ok: false, problem: "not_utf8" };
  return text.trim() === "" ? { ok: false, problem: "empty" } : { ok: true, text };
}

/** Parses UTF-8 JSON of at most `MAX_JSON_DEPTH` levels; a byte order mark is skipped. */
export function parseJson(bytes: Uint8Array): ParsedJson {
  const read = readText(bytes);
  if (!read.ok) return read;
  try {
    return { ok: true, value: parseJsonText(read.text) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

/** Of what parsing threw; anything but a SyntaxError is thrown on. */
function problemOf(error: unknown): "infinite" | "malformed" {
  if (error instanceof NumberTooLarge) return "infinite";
  if (error instanceof SyntaxError) return "malformed";
  throw error;
}

/**
 * As `parseJson`, in slices with a turn for others in between where the text is large. At once where
 * it is small and the turn is young: a promise more takes longer than to parse 1 KiB.
 */
export function parseJsonInTurns(
  deps: { turn: LoopTurn },
  bytes: Uint8Array,
): ParsedJson | Promise<ParsedJson> {
  const pause = deps.turn.pause();
  if (bytes.length > SLICE_CHARS) return parseLarge(deps, { bytes, pause });
  return pause === undefined ? parseJson(bytes) : pause.then(() => parseJson(bytes));
}

async function parseLarge(
  deps: { turn: LoopTurn },
  { bytes, pause }: { bytes: Uint8Array; pause: Promise<void> | undefined },
): Promise<ParsedJson> {
  await pause;
  const read = readText(bytes);
  if (!read.ok) return read;
  try {
    return { ok: true, value: await parseInSlices(deps.turn, read.text) };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

const PROBLEMS = {
  empty: "The body is empty; send a JSON value.",
  not_utf8: "The body is not UTF-8.",
  too_deep: `The body nests deeper than ${MAX_JSON_DEPTH} levels.`,
  infinite: "The body has a number beyond 1.8e308.",
  malformed: "The body is not well-formed JSON.",
};

/** One sentence for a reader, without any of the bytes. */
export const describeJsonProblem = (problem: keyof typeof PROBLEMS): string => PROBLEMS[problem];

/** RFC 7396 JSON Merge Patch: null removes, objects merge, anything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  // A map takes `__proto__` as a name like any other.
  const merged = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
