// What of a value does not fit a TypeBox schema, in words for its sender: where, and what would fit.
// Never the value itself.

import type { TSchema } from "@sinclair/typebox";
import { ValueErrorType, type ValueError } from "@sinclair/typebox/errors";
import type { ErrorDetail } from "../errors";

const MAX_DETAILS = 20;
const MAX_PATH_CHARS = 100;

/** The literals of a union of nothing else, else null. */
function literalsOf(schema: TSchema): string[] | null {
  const variants: TSchema[] = Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [];
  const literals = variants.map((variant): unknown => variant["const"]);
  return literals.length > 0 && literals.every((literal) => typeof literal === "string")
    ? literals
    : null;
}

/** Errors of the variant that the value was meant to be: the one that got furthest. */
function nearestVariant(error: ValueError): ValueError[] {
  const variants = error.errors
    .map((iterator) => [...iterator])
    .filter((found) => found.some((inner) => inner.path !== error.path));
  return variants[0] ?? [];
}

function sentenceOf(error: ValueError): string {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    return "There is no field of this name; leave it out.";
  }
  const literals = literalsOf(error.schema);
  if (literals !== null) return `Use one of ${literals.join(", ")}.`;
  const nullable: TSchema[] = Array.isArray(error.schema["anyOf"]) ? error.schema["anyOf"] : [];
  const inner = nullable.map(literalsOf).find((found) => found !== null);
  if (inner != null) return `Use one of ${inner.join(", ")}, or null.`;
  return `${error.message}.`;
}

function toDetails(error: ValueError): ErrorDetail[] {
  const nested = nearestVariant(error);
  if (nested.length > 0) return nested.flatMap(toDetails);
  const path = error.path.slice(0, MAX_PATH_CHARS);
  return [{ path, code: "INVALID", message: sentenceOf(error) }];
}

/** At most 20 details, one for each place; the first thing wrong at a place is told. */
export function describeMismatches(errors: Iterable<ValueError>): ErrorDetail[] {
  const byPath = new Map<string, ErrorDetail>();
  for (const error of errors) {
    for (const detail of toDetails(error)) {
      if (!byPath.has(detail.path ?? "")) byPath.set(detail.path ?? "", detail);
    }
    if (byPath.size >= MAX_DETAILS) break;
  }
  return [...byPath.values()].slice(0, MAX_DETAILS);
}
