// The keywords of JSON Schema draft-07 and 2020-12: which values each takes, and which need the sandbox.
// Keywords that are not listed are annotations by the specification, and pass.

import { isRecord } from "../../lib/json-value";
import type { Json } from "../record";

export const DRAFTS = ["draft-07", "2020-12"] as const;
export type Draft = (typeof DRAFTS)[number];

/** How a keyword's value is built; all but `plain` hold schemas and are walked. */
export type Shape = "schema" | "schemas" | "schemaMap" | "items" | "dependencies" | "plain";

/**
 * `value` is the very value that the holding schema looks at, `names` are property names, `named`
 * and `prefix` the properties and items that have a schema each.
 */
export type Target = "value" | "members" | "names" | "named" | "items" | "prefix";

export interface Keyword {
  shape: Shape;
  /** The only draft that has it. */
  draft?: Draft;
  /** What of a value its schemas are applied to; left out where they only wait for a `$ref`. */
  on?: Target;
  /** Of `plain` ones: what the value must be, in words and as a test. */
  takes?: { words: string; test(value: Json): boolean };
  /** Of `schemaMap`: what its names must be. */
  names?: { words: string; test(name: string): boolean };
}

/** On hostile input these may block for hundreds of milliseconds (measured); they need the sandbox. */
export const SANDBOXED_KEYWORDS: ReadonlySet<string> = new Set([
  "pattern",
  "patternProperties",
  "format",
  "uniqueItems",
]);

/** References whose target depends on the way there; the checker ignores them silently. */
export const DYNAMIC_KEYWORDS: ReadonlySet<string> = new Set(["$dynamicRef", "$recursiveRef"]);

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

const isType = (value: Json): boolean => typeof value === "string" && TYPES.includes(value);
const isText = (value: Json): value is string => typeof value === "string";
const isCount = (value: Json): boolean => Number.isInteger(value) && Number(value) >= 0;
const isNumber = (value: Json): value is number => Number.isFinite(value);

/** Longer ones are hardly written by hand. */
const MAX_PATTERN_CHARS = 1_000;

/** As the checker reads it: ECMA-262 with the flag u, which refuses escapes that escape nothing. */
function isPattern(value: Json): boolean {
  if (!isText(value) || value.length > MAX_PATTERN_CHARS) return false;
  try {
    return new RegExp(value, "u").unicode;
  } catch {
    return false;
  }
}

const PATTERN = {
  words: `a regular expression of JavaScript with the flag u, of at most ${MAX_PATTERN_CHARS} characters`,
  test: isPattern,
};

/** An array of strings, such as the value of `required`. */
export const isNames = (value: Json): value is string[] =>
  Array.isArray(value) && value.every(isText);

const plain = (words: string, test: (value: Json) => boolean): Keyword => ({
  shape: "plain",
  takes: { words, test },
});
const modern = (keyword: Keyword): Keyword => ({ ...keyword, draft: "2020-12" });

const count = plain("a whole number from 0", isCount);
const number = plain("a number", isNumber);
const text = plain("a string", isText);
const one = (on: Target): Keyword => ({ shape: "schema", on });
const several = (on: Target): Keyword => ({ shape: "schemas", on });

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ["$id", text],
  ["$ref", text],
  ["$anchor", text],
  ["$defs", { shape: "schemaMap" }],
  ["definitions", { shape: "schemaMap" }],
  [
    "type",
    plain("one or more of " + TYPES.join(", "), (value) => {
      return Array.isArray(value) ? value.length > 0 && value.every(isType) : isType(value);
    }),
  ],
  ["const", plain("any value", () => true)],
  ["enum", plain("an array", (value) => Array.isArray(value))],
  ["allOf", several("value")],
  ["anyOf", several("value")],
  ["oneOf", several("value")],
  ["not", one("value")],
  ["if", one("value")],
  ["then", one("value")],
  ["else", one("value")],
  ["properties", { shape: "schemaMap", on: "named" }],
  ["additionalProperties", one("members")],
  ["propertyNames", one("names")],
  ["patternProperties", { shape: "schemaMap", on: "members", names: PATTERN }],
  ["required", plain("an array of strings", isNames)],
  ["minProperties", count],
  ["maxProperties", count],
  ["dependencies", { shape: "dependencies", draft: "draft-07", on: "value" }],
  [
    "dependentRequired",
    modern(
      plain("an object of arrays of strings", (value) => {
        return isRecord(value) && Object.values(value).every(isNames);
      }),
    ),
  ],
  ["dependentSchemas", modern({ shape: "schemaMap", on: "value" })],
  ["unevaluatedProperties", modern(one("members"))],
  ["prefixItems", modern(several("prefix"))],
  ["items", { shape: "items", on: "items" }],
  ["additionalItems", { ...one("items"), draft: "draft-07" }],
  ["unevaluatedItems", modern(one("items"))],
  ["contains", one("items")],
  ["minContains", modern(count)],
  ["maxContains", modern(count)],
  ["minItems", count],
  ["maxItems", count],
  ["minimum", number],
  ["maximum", number],
  ["exclusiveMinimum", number],
  ["exclusiveMaximum", number],
  ["multipleOf", plain("a number above 0", (value) => isNumber(value) && value > 0)],
  ["minLength", count],
  ["maxLength", count],
  ["pattern", { shape: "plain", takes: PATTERN }],
  ["format", text],
  ["uniqueItems", plain("true or false", (value) => typeof value === "boolean")],
]);

/** The draft that `$schema` names, 2020-12 without one, null for any other. */
export function readDraft(value: Json | undefined): Draft | null {
  if (value === undefined) return "2020-12";
  if (typeof value !== "string") return null;
  const match = /^https?:\/\/json-schema\.org\/(?:draft\/)?(draft-07|2020-12)\/schema#?$/u.exec(
    value,
  );
  return DRAFTS.find((draft) => draft === match?.[1]) ?? null;
}
