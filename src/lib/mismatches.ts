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

/** An error with those of each variant of its union; the validator's own can be read only once. */
interface Mismatch {
  error: ValueError;
  variants: Mismatch[][];
}

const toMismatch = (error: ValueError): Mismatch => ({
  error,
  variants: error.errors.map((iterator) => [...iterator].map(toMismatch)),
});

/** Errors inside the variant of a union that the value comes nearest to; none where it fits no kind. */
function nearestVariant({ error, variants }: Mismatch): Mismatch[] {
  return (
    variants
      .filter((found) => found.some((inner) => inner.error.path !== error.path))
      .toSorted((a, b) => a.length - b.length)[0] ?? []
  );
}

/** What each variant of a union expects, in one sentence. */
function sentenceOfUnion({ variants }: Mismatch): string {
  const firsts = variants.flatMap(([first]) => (first === undefined ? [] : [first]));
  const isNull = (first: Mismatch): boolean => first.error.type === ValueErrorType.Null;
  const expected = firsts.filter((first) => !isNull(first)).map(sentenceOf);
  const takesNull = firsts.some(isNull) ? ", or null" : "";
  return `${[...new Set(expected)].map((text) => text.slice(0, -1)).join(", or ")}${takesNull}.`;
}

function sentenceOf(mismatch: Mismatch): string {
  const { error } = mismatch;
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    return "There is no field of this name; leave it out.";
  }
  const literals = literalsOf(error.schema);
  if (literals !== null) return `Use one of ${literals.join(", ")}.`;
  return error.type === ValueErrorType.Union ? sentenceOfUnion(mismatch) : `${error.message}.`;
}

function toDetails(mismatch: Mismatch): ErrorDetail[] {
  const { error } = mismatch;
  const nested = literalsOf(error.schema) === null ? nearestVariant(mismatch) : [];
  if (nested.length > 0) return nested.flatMap(toDetails);
  const path = error.path.slice(0, MAX_PATH_CHARS);
  return [{ path, code: "INVALID", message: sentenceOf(mismatch) }];
}

/** At most 20 details, one for each place; the first thing wrong at a place is told. */
export function describeMismatches(errors: Iterable<ValueError>): ErrorDetail[] {
  const byPath = new Map<string, ErrorDetail>();
  for (const error of errors) {
    for (const detail of toDetails(toMismatch(error))) {
      if (!byPath.has(detail.path ?? "")) byPath.set(detail.path ?? "", detail);
    }
    if (byPath.size >= MAX_DETAILS) break;
  }
  return [...byPath.values()].slice(0, MAX_DETAILS);
}
