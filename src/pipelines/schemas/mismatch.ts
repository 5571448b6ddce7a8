// What does not fit, in our own words: the checker's texts hold values that were sent.

import type { DetailCode } from "../../details";
import { isDetailCode } from "../../details";
import type { OutputUnit, Schema } from "@cfworker/json-schema";
import type { ErrorDetail } from "../../errors";
import type { Json } from "../record";
import { readPath } from "../values";
import { findTarget, type Lookup } from "./resolve";

/** Details of one input. */
export const MAX_DETAILS = 20;
/** Longer pointers end at a parent, so that no long key comes back. */
const MAX_POINTER_LENGTH = 200;
/** Longer lists of allowed values, and longer patterns, are not repeated. */
const MAX_LIST_LENGTH = 100;

export interface MismatchContext {
  readonly root: Schema;
  readonly lookup: Lookup;
  readonly refusing: ReadonlySet<Schema>;
}

/** Keywords that only say that something below them failed. */
const WRAPPERS: ReadonlySet<string> = new Set([
  "$ref",
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "dependentSchemas",
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
  "allOf",
  "if",
]);

/** Keywords below which failures are no faults of their own: another branch might have fitted. */
const BRANCHING: ReadonlySet<string> = new Set([
  "anyOf",
  "oneOf",
  "contains",
  "minContains",
  "propertyNames",
]);

/** Keyword → what to do, with the keyword's own value. */
const MESSAGES: Readonly<Record<string, (limit: unknown) => string>> = {
  type: (limit) =>
    `Send a value of type ${Array.isArray(limit) ? limit.join(" or ") : String(limit)}.`,
  const: () => "Send the one value that the schema allows.",
  enum: (limit) => {
    const list = Array.isArray(limit) ? limit.map((one) => JSON.stringify(one)).join(", ") : "";
    return list.length > MAX_LIST_LENGTH
      ? "Send a value that the schema lists."
      : `Send one of ${list}.`;
  },
  required: () => "This property is required; add it.",
  dependentRequired: () => "A property that another one here asks for is missing; add it.",
  minProperties: (limit) => `Send at least ${String(limit)} properties.`,
  maxProperties: (limit) => `Send at most ${String(limit)} properties.`,
  propertyNames: () => "A property name here is not one that the schema allows.",
  minItems: (limit) => `Send at least ${String(limit)} items.`,
  maxItems: (limit) => `Send at most ${String(limit)} items.`,
  contains: () => "No item is of the kind that the schema asks for; add one.",
  minContains: (limit) =>
    `Send at least ${String(limit)} items of the kind that the schema asks for.`,
  maxContains: (limit) => `Send at most ${String(limit)} items of the kind that the schema limits.`,
  minimum: (limit) => `Send a number of at least ${String(limit)}.`,
  maximum: (limit) => `Send a number of at most ${String(limit)}.`,
  exclusiveMinimum: (limit) => `Send a number above ${String(limit)}.`,
  exclusiveMaximum: (limit) => `Send a number below ${String(limit)}.`,
  multipleOf: (limit) => `Send a multiple of ${String(limit)}.`,
  minLength: (limit) => `Send at least ${String(limit)} characters.`,
  maxLength: (limit) => `Send at most ${String(limit)} characters.`,
  pattern: (limit) =>
    String(limit).length > MAX_LIST_LENGTH
      ? "Send text that matches the pattern of the schema."
      : `Send text that matches ${String(limit)}.`,
  format: (limit) => `Send text of the format ${String(limit).slice(0, MAX_LIST_LENGTH)}.`,
  uniqueItems: () => "Send every item only once.",
  anyOf: () => "The value fits none of the alternatives of the schema.",
  oneOf: () => "The value must fit exactly one of the alternatives of the schema.",
  not: () => "The schema excludes this value.",
};

/** `minLength` → `MIN_LENGTH`. */
function toCode(keyword: string): DetailCode {
  const code = keyword.replaceAll(/[A-Z]/gu, "_$&").toUpperCase();
  return isDetailCode(code) ? code : "SCHEMA_MISMATCH";
}

/** The names of a location such as `#/a~1b/0`, as they stand in the document. */
const splitLocation = (location: string): string[] =>
  location
    .split("/")
    .slice(1)
    .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"));

/** The JSON pointer of an instance location. */
function toPath(location: string): string {
  const names = decodeURIComponent(location).slice(1);
  return names.length <= MAX_POINTER_LENGTH
    ? names
    : names.slice(0, names.lastIndexOf("/", MAX_POINTER_LENGTH));
}

/** The schema that holds the keyword at `location`; `$ref` on the way leads to its target. */
function findHolder(context: MismatchContext, location: string): Schema | null {
  let current: unknown = context.root;
  for (const name of splitLocation(location).slice(0, -1)) {
    if (typeof current !== "object" || current === null) return null;
    current = name === "$ref" ? findTarget(context.lookup, current) : Reflect.get(current, name);
  }
  return typeof current === "object" ? current : null;
}

/** A value where the schema is `false`. */
function describeRefusal(error: OutputUnit): ErrorDetail {
  const path = toPath(error.instanceLocation);
  const by = error.keywordLocation.split("/").at(-2) ?? "";
  if (by === "additionalProperties" || by === "unevaluatedProperties") {
    return { path, code: toCode(by), message: "This property is not allowed; remove it." };
  }
  return { path, code: "SCHEMA_MISMATCH", message: "Nothing is allowed here; remove it." };
}

/** One detail for each property that is required and missing. */
function describeMissing(at: { value: Json; required: unknown; location: string }): ErrorDetail[] {
  const holder = readPath(at.value, splitLocation(at.location)) ?? null;
  const names: unknown[] = Array.isArray(at.required) ? at.required : [];
  return names
    .map((name) => String(name))
    .filter((name) => readPath(holder, [name]) === undefined)
    .map((name) => {
      const path = toPath(
        `${at.location}/${encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))}`,
      );
      return { path, code: "REQUIRED", message: "This property is required; add it." };
    });
}

function describe(context: MismatchContext, at: { error: OutputUnit; value: Json }): ErrorDetail[] {
  const { error, value } = at;
  const { keyword, instanceLocation: location } = error;
  const holder = findHolder(context, error.keywordLocation);
  if (holder !== null && keyword === "not" && context.refusing.has(holder)) {
    return [describeRefusal(error)];
  }
  if (keyword === "required") {
    return describeMissing({ value, required: holder?.required, location });
  }
  const message = MESSAGES[keyword]?.(holder?.[keyword]) ?? "The value does not fit the schema.";
  return [{ path: toPath(location), code: toCode(keyword), message }];
}

/** Turns the checker's errors into details, without the followers of another error. */
export function describeMismatches(
  context: MismatchContext,
  data: { value: Json; errors: readonly OutputUnit[] },
): ErrorDetail[] {
  const branches = data.errors.filter((error) => BRANCHING.has(error.keyword));
  const prefixes = [...new Set(branches.map((error) => `${error.keywordLocation}/`))];
  const details = new Map<string, ErrorDetail>();
  for (const error of data.errors) {
    if (WRAPPERS.has(error.keyword)) continue;
    if (prefixes.some((prefix) => error.keywordLocation.startsWith(prefix))) continue;
    for (const detail of describe(context, { error, value: data.value })) {
      details.set(`${detail.code} ${detail.path}`, detail);
      if (details.size === MAX_DETAILS) return [...details.values()];
    }
  }
  return [...details.values()];
}
