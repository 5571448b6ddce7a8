// The schema of an input node, compiled once: faults when it is saved, a check for every input.
// Draft-07 and 2020-12; what a check may cost is bounded by `cost.ts`.

import { validate } from "@cfworker/json-schema";
import type { ErrorDetail } from "../../errors";
import { isRecord } from "../../lib/json-value";
import type { Json } from "../record";
import { copySchema, type SchemaCopy } from "./copy";
import { createCostMeter } from "./cost";
import { readDraft } from "./keywords";
import { describeMismatches, type MismatchContext } from "./mismatch";
import { resolveReferences } from "./resolve";

export type CompiledSchema =
  | {
      ok: true;
      /** On hostile input the check may block for long: it is made in the sandbox only. */
      needsSandbox: boolean;
      /** What does not fit, at most 20 entries; empty for an input that fits. */
      check(value: Json): ErrorDetail[];
    }
  | { ok: false; faults: ErrorDetail[] };

/** Checks a value against a schema, given as JSON text, where it may block: in the sandbox. */
export type CheckInSandbox = (data: { schema: string; value: Json }) => Promise<ErrorDetail[]>;

/** What of an input does not fit, with JSON pointers; a promise where the sandbox has to tell. */
export type CheckInput = (
  value: Json,
  checkInSandbox: CheckInSandbox,
) => ErrorDetail[] | Promise<ErrorDetail[]>;

/** Steps of one check, so that it takes about 50 ms at most. */
const MAX_STEPS = 20_000;
/** Inputs up to this cost are checked a second time where they do not fit, to list every fault. */
const MAX_LISTING_STEPS = 2_000;

interface Checker extends MismatchContext {
  readonly draft: "7" | "2020-12";
  /** Steps that a check of the value takes at most. */
  measure(value: Json): number;
}

const TOO_COSTLY: ErrorDetail = {
  path: "",
  code: "CHECK_LIMIT",
  message: `Checking this input takes more than ${MAX_STEPS} steps; send less at once.`,
};

const BROKEN_NAME: ErrorDetail = {
  path: "",
  code: "SCHEMA_MISMATCH",
  message: "A property name holds half of a surrogate pair; mend it.",
};

/** What made the checker throw: pointers are written as URIs, and long chains of $ref are recursion. */
function describeStop(error: unknown): ErrorDetail {
  if (error instanceof URIError) return BROKEN_NAME;
  if (error instanceof RangeError) return TOO_COSTLY;
  throw error;
}

function checkValue(checker: Checker, value: Json): ErrorDetail[] {
  const { draft, lookup, root } = checker;
  const steps = checker.measure(value);
  if (steps > MAX_STEPS) return [TOO_COSTLY];
  try {
    const quick = validate(value, root, draft, lookup, true);
    if (quick.valid) return [];
    const isSmall = steps <= MAX_LISTING_STEPS;
    const { errors } = isSmall ? validate(value, root, draft, lookup, false) : quick;
    return describeMismatches(checker, { value, errors });
  } catch (error) {
    return [describeStop(error)];
  }
}

/**
 * Compiles a JSON Schema of draft-07 or 2020-12. Faults carry a JSON pointer into the schema and are
 * `SCHEMA_INVALID`.
 */
export function compileInputSchema(schema: Json): CompiledSchema {
  const draft = readDraft(isRecord(schema) ? schema["$schema"] : undefined);
  if (draft === null) {
    const message = "Only draft-07 and 2020-12 are read; name one of them or leave $schema out.";
    return { ok: false, faults: [{ path: "/$schema", code: "SCHEMA_INVALID", message }] };
  }
  const copy: SchemaCopy = {
    draft,
    faults: [],
    schemas: [],
    refusing: new Set(),
    needsSandbox: false,
  };
  const root = copySchema(copy, { path: "", value: schema, depth: 0 });
  const lookup = copy.faults.length === 0 ? resolveReferences(copy, root) : null;
  if (lookup === null) return { ok: false, faults: copy.faults };
  const checker: Checker = {
    root: root.schema,
    lookup,
    refusing: copy.refusing,
    draft: draft === "draft-07" ? "7" : draft,
    measure: createCostMeter(root, MAX_STEPS),
  };
  return {
    ok: true,
    needsSandbox: copy.needsSandbox,
    check: (value) => checkValue(checker, value),
  };
}
