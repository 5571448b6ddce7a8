// Parses large JSON piece by piece. `JSON.parse` cannot be interrupted: 1 MiB made of nothing but
// different keys holds the loop for 100 ms and more. Each piece goes through `JSON.parse` itself,
// so that what is JSON is decided there; here only members are found.

import type { Json } from "./json-value";
import { endOfString, parseJsonText } from "./json-value";

/** Bytes of text that are parsed in one go: about 10 ms for the slowest. */
export const SLICE_CHARS = 64 * 1024;

interface Slicing {
  text: string;
  /** Where this value starts and ends, white space around it included. */
  from: number;
  to: number;
  sliceChars: number;
  pause(): Promise<void> | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;

const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const opens = (code: number): boolean => code === 0x7b || code === 0x5b;
const closes = (code: number): boolean => code === 0x7d || code === 0x5d;

function fail(): never {
  throw new SyntaxError("not JSON");
}

/** Index behind the member that starts at `from`: of its comma, or `to`. */
function endOfMember(data: Slicing, from: number): number {
  let depth = 0;
  for (let at = from; at < data.to; at += 1) {
    const code = data.text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(data.text, at);
    else if (opens(code)) depth += 1;
    else if (closes(code)) depth -= 1;
    else if (code === COMMA && depth === 0) return at;
    if (depth < 0) fail();
  }
  return depth === 0 ? data.to : fail();
}

/** Ranges of members, several small ones together; a range never ends within a member. */
function* groupsOf(data: Slicing): Generator<{ from: number; to: number }> {
  let from = data.from;
  let at = data.from;
  for (;;) {
    const end = endOfMember(data, at);
    const isLast = end >= data.to;
    if (end - from > data.sliceChars && at > from) {
      yield { from, to: at - 1 };
      from = at;
    }
    if (isLast || end - from > data.sliceChars) {
      yield { from, to: end };
      from = end + 1;
    }
    if (isLast) return;
    at = end + 1;
  }
}

function trim(data: Slicing): Slicing {
  let { from, to } = data;
  while (from < to && isSpace(data.text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(data.text.charCodeAt(to - 1))) to -= 1;
  return { ...data, from, to };
}

/** Members with more characters than a slice are taken apart, others parsed together. */
async function parseArray(data: Slicing): Promise<Json[]> {
  const items: Json[] = [];
  for (const range of groupsOf(data)) {
    await data.pause();
    const group = trim({ ...data, ...range });
    if (group.from === group.to) fail();
    if (group.to - group.from > data.sliceChars) items.push(await parseAny(group));
    else for (const item of parseText(group, "[]")) items.push(item);
  }
  return items;
}

async function parseObject(data: Slicing): Promise<Record<string, Json>> {
  const members: Record<string, Json> = {};
  for (const range of groupsOf(data)) {
    await data.pause();
    const group = trim({ ...data, ...range });
    if (group.from === group.to) fail();
    const isLarge = group.to - group.from > data.sliceChars;
    const part = isLarge ? await parseMember(group) : parseText(group, "{}");
    for (const [key, value] of Object.entries(part)) setOwn(members, { key, value });
  }
  return members;
}

/** As `JSON.parse` does: `__proto__` is a key like any other. */
function setOwn(target: Record<string, Json>, data: { key: string; value: Json }): void {
  const { key, value } = data;
  if (key !== "__proto__") target[key] = value;
  else {
    const own = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(target, key, own);
  }
}

async function parseMember(data: Slicing): Promise<Record<string, Json>> {
  if (data.text.charCodeAt(data.from) !== QUOTE) fail();
  const end = endOfString(data.text, data.from) + 1;
  const key: unknown = JSON.parse(data.text.slice(data.from, end));
  const colon = trim({ ...data, from: end }).from;
  if (typeof key !== "string" || data.text[colon] !== ":") fail();
  const member: Record<string, Json> = {};
  setOwn(member, { key, value: await parseAny({ ...data, from: colon + 1 }) });
  return member;
}

function parseText(data: Slicing, brackets: "[]"): Json[];
function parseText(data: Slicing, brackets: "{}"): Record<string, Json>;
function parseText(data: Slicing, brackets: string): Json {
  return parseJsonText(`${brackets[0]}${data.text.slice(data.from, data.to)}${brackets[1]}`);
}

async function parseAny(untrimmed: Slicing): Promise<Json> {
  const data = trim(untrimmed);
  const { text, from, to } = data;
  const first = text[from];
  const isContainer = first === "{" || first === "[";
  if (to - from <= data.sliceChars || !isContainer) return parseJsonText(text.slice(from, to));
  if (text[to - 1] !== (first === "{" ? "}" : "]")) fail();
  const inside = { ...data, from: from + 1, to: to - 1 };
  // Nothing but white space, in a container that is larger than a slice.
  if (trim(inside).from === trim(inside).to) return JSON.parse(`${first}${text[to - 1]}`);
  return first === "{" ? parseObject(inside) : parseArray(inside);
}

/** What `parseJsonText(text)` gives, or a SyntaxError, with `pause` awaited between the pieces. */
export const parseInSlices = (
  deps: { pause(): Promise<void> | undefined; sliceChars?: number },
  text: string,
): Promise<Json> =>
  parseAny({
    text,
    from: 0,
    to: text.length,
    sliceChars: deps.sliceChars ?? SLICE_CHARS,
    pause: () => deps.pause(),
  });
