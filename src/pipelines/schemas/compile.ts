// The schema of an input node, compiled once: faults when it is saved, a check for every input.
// Checking is bounded: a recursive schema and a hostile input cannot hold the event loop.

import { type Schema, validate } from "@cfworker/json-schema";
import type { ErrorDetail } from "../../errors";
import type { Json } from "../record";
import { isObject } from "../values";
import { copySchema, type SchemaCopy } from "./copy";
import { readDraft } from "./keywords";
import { describeMismatches, type MismatchContext } from "./mismatch";
import { resolveReferences } from "./resolve";

export type CompiledSchema =
  | {
      ok: true;
      /** What does not fit, at most 20 entries; empty for an input that fits. */
      check(value: Json): ErrorDetail[];
    }
  | { ok: false; faults: ErrorDetail[] };

/** Schemas applied in one check; 0.7 to 2 µs each, so about 25 to 50 ms at most. */
const MAX_APPLICATIONS = 25_000;
/** The same for the second look, which lists more than the first fault. */
const MAX_LISTING = 2_000;

/** Counts what a check costs. */
interface Meter {
  left: number;
}

class MeterEmpty extends Error {}

/** The checker reads this property of every schema that it applies: the one place to count at. */
function createMeteredPrototype(meter: Meter): object {
  const prototype: object = Object.create(null);
  return Object.defineProperty(prototype, "__absolute_recursive_ref__", {
    get() {
      meter.left -= 1;
      if (meter.left < 0) throw new MeterEmpty();
      return undefined;
    },
  });
}

interface Checker extends MismatchContext {
  readonly meter: Meter;
  readonly draft: "7" | "2020-12";
}

const TOO_COSTLY: ErrorDetail = {
  path: "",
  code: "CHECK_LIMIT",
  message: `Checking this input takes more than ${MAX_APPLICATIONS} steps; send less at once.`,
};

const BROKEN_NAME: ErrorDetail = {
  path: "",
  code: "SCHEMA_MISMATCH",
  message: "A property name holds half of a surrogate pair; mend it.",
};

/** What stopped a check before its end. */
function describeStop(error: unknown): ErrorDetail {
  if (error instanceof MeterEmpty || error instanceof RangeError) return TOO_COSTLY;
  if (error instanceof URIError) return BROKEN_NAME;
  throw error;
}

function applySchema(checker: Checker, data: { value: Json; room: number; onlyFirst: boolean }) {
  const { draft, lookup, meter, root } = checker;
  meter.left = data.room;
  return validate(data.value, root, draft, lookup, data.onlyFirst);
}

/** As the quick check, but goes on after a fault; null where that costs too much. */
function listErrors(checker: Checker, value: Json) {
  try {
    return applySchema(checker, { value, room: MAX_LISTING, onlyFirst: false }).errors;
  } catch (error) {
    describeStop(error);
    return null;
  }
}

function checkValue(checker: Checker, value: Json): ErrorDetail[] {
  try {
    const quick = applySchema(checker, { value, room: MAX_APPLICATIONS, onlyFirst: true });
    if (quick.valid) return [];
    const errors = listErrors(checker, value) ?? quick.errors;
    return describeMismatches(checker, { value, errors });
  } catch (error) {
    return [describeStop(error)];
  }
}

/**
 * Compiles a JSON Schema of draft-07 or 2020-12. Faults carry a JSON pointer into the schema and are
 * `SCHEMA_INVALID`, or `SCHEMA_KEYWORD_UNAVAILABLE` for keywords that this version does not check.
 */
export function compileInputSchema(schema: Json): CompiledSchema {
  const draft = readDraft(isObject(schema) ? schema["$schema"] : undefined);
  if (draft === null) {
    const message = "Only draft-07 and 2020-12 are read; name one of them or leave $schema out.";
    return { ok: false, faults: [{ path: "/$schema", code: "SCHEMA_INVALID", message }] };
  }
  const meter: Meter = { left: Number.POSITIVE_INFINITY };
  const prototype = createMeteredPrototype(meter);
  const copy: SchemaCopy = {
    draft,
    prototype,
    faults: [],
    schemas: new Map(),
    refusing: new Set(),
  };
  const root: Schema = copySchema(copy, { path: "", value: schema, depth: 0 });
  const lookup = copy.faults.length === 0 ? resolveReferences(copy, root) : null;
  if (lookup === null) return { ok: false, faults: copy.faults };
  const { refusing } = copy;
  const checker: Checker = {
    root,
    lookup,
    refusing,
    meter,
    draft: draft === "draft-07" ? "7" : draft,
  };
  return { ok: true, check: (value) => checkValue(checker, value) };
}
