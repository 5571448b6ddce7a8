// Templates of tools: text with `{{params.path}}` and `{{secrets.NAME}}`. A value fills its slot and is
// never parsed again. How it is written there is the caller's to say.

import type { Json } from "../lib/json-value";
import { isRecord } from "../lib/json-value";
import { SECRET_NAME } from "../secrets/named.store";

/** A slot: a parameter by its path, or a secret by its name. */
export type Slot =
  { source: "params"; path: readonly string[] } | { source: "secrets"; name: string };

export interface SlotText {
  readonly parts: readonly (string | Slot)[];
}

export type ParsedSlots = { ok: true; text: SlotText } | { ok: false; message: string };

const SLOT = /\\\{\{|\{\{\s*([^{}]*?)\s*\}\}/g;
const PATH = /^params((?:\.[\p{L}_$][\p{L}\p{N}_$-]*)*)$/u;
const FORBIDDEN = new Set(["__proto__", "prototype", "constructor"]);

function readSlot(text: string): Slot | null {
  const [source, name = "", ...more] = text.split(".");
  if (source === "secrets") {
    return more.length === 0 && SECRET_NAME.test(name) ? { source: "secrets", name } : null;
  }
  const path = PATH.exec(text)?.[1]?.split(".").slice(1);
  if (path === undefined || path.some((key) => FORBIDDEN.has(key))) return null;
  return { source: "params", path };
}

/** Parses a template; `\{{` is a literal `{{`. */
export function parseSlots(text: string): ParsedSlots {
  const parts: (string | Slot)[] = [];
  let from = 0;
  for (const match of text.matchAll(SLOT)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] === undefined) {
      parts.push("{{");
      continue;
    }
    const slot = readSlot(match[1]);
    if (slot === null) {
      const message = "Between {{ and }} there is params, params.<name> or secrets.<NAME>.";
      return { ok: false, message };
    }
    parts.push(slot);
  }
  const rest = text.slice(from);
  const isOpen = (part: string | Slot) => typeof part === "string" && part.includes("{{");
  if (isOpen(rest) || parts.some((part) => part !== "{{" && isOpen(part))) {
    return { ok: false, message: "A {{ is not closed; add }}, or write \\{{ for braces as text." };
  }
  return { ok: true, text: { parts: [...parts, rest].filter((part) => part !== "") } };
}

/** The names of the secrets that a template reads. */
export const secretsOf = ({ parts }: SlotText): string[] =>
  parts.flatMap((part) => (typeof part !== "string" && part.source === "secrets" ? part.name : []));

/** What slots are filled with. */
export interface SlotValues {
  params: Json;
  /** Throws where there is no such secret. */
  secret(name: string): string;
}

/** The value of a slot; undefined where a parameter is missing. */
export function readValue(values: SlotValues, slot: Slot): Json | undefined {
  if (slot.source === "secrets") return values.secret(slot.name);
  let value: Json | undefined = values.params;
  for (const key of slot.path) {
    if (value === undefined || !isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** A value inside text: strings as they are, all else as JSON. */
export const toText = (value: Json): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** Fills a template; undefined where a parameter is missing. `write` puts each value in its place. */
export function fill(
  values: SlotValues,
  data: { text: SlotText; write(text: string): string },
): string | undefined {
  let filled = "";
  for (const part of data.text.parts) {
    if (typeof part === "string") {
      filled += part;
      continue;
    }
    const value = readValue(values, part);
    if (value === undefined || value === null) return undefined;
    filled += data.write(toText(value));
  }
  return filled;
}

/** Fills a JSON value: one whole slot keeps its type, a missing parameter is null or empty. */
export function fillJson(values: SlotValues, value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => fillJson(values, item));
  if (isRecord(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, fillJson(values, item)]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== "string") return value;
  const parsed = parseSlots(value);
  if (!parsed.ok) return value;
  const { parts } = parsed.text;
  const [first, ...more] = parts;
  if (first !== undefined && typeof first !== "string" && more.length === 0) {
    return readValue(values, first) ?? null;
  }
  return parts
    .map((part) => (typeof part === "string" ? part : toText(readValue(values, part) ?? "")))
    .join("");
}
