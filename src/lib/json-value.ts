// JSON values as types, how to tell an object among them, and how one is read from text that may
// say more than a value can hold.

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An object that is neither null nor an array. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index of the quote that ends the string opened at `open`; throws a SyntaxError for none. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1) {
    let escapes = 0;
    while (text.charCodeAt(close - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
  throw new SyntaxError("not JSON");
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isExponent = (code: number): boolean => code === 0x65 || code === 0x45;
const isWithinNumber = (code: number): boolean =>
  isDigit(code) || isExponent(code) || code === 0x2e || code === 0x2b || code === 0x2d;

/** Digits that no double overflows without an exponent. */
const MAX_SAFE_DIGITS = 308;

/** Whether JSON has a number beyond the largest double: 1 to 9 ms for 1 MiB. */
function holdsInfinity(json: string): boolean {
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at);
    if (!isDigit(code)) continue;
    const start = at;
    let hasExponent = false;
    // What ends a number opens no string, so that it may be passed over.
    for (; isWithinNumber(json.charCodeAt(at)); at += 1) {
      hasExponent ||= isExponent(json.charCodeAt(at));
    }
    if (!hasExponent && at - start <= MAX_SAFE_DIGITS) continue;
    if (Number(json.slice(start, at)) === Infinity) return true;
  }
  return false;
}

/** A number that no double holds. */
export class NumberTooLarge extends SyntaxError {}

/**
 * As `JSON.parse`, but for a number that would be read as Infinity, which is no JSON and would be
 * written as null: then NumberTooLarge is thrown.
 */
export function parseJsonText(text: string): Json {
  const value: Json = JSON.parse(text);
  if (holdsInfinity(text)) throw new NumberTooLarge("a number beyond 1.8e308");
  return value;
}
