// The shapes of a check of a value against a JSON Schema in a child: patterns and formats may block
// for as long as a sender likes. Leaves what a schema means to the pipelines.

import { isDetailCode } from "../details";
import type { ErrorDetail } from "../errors";
import type { Json } from "../lib/json-value";
import { isRecord } from "../lib/json-value";

/** One check of one value. */
export interface SchemaCall {
  /** Whose input it is: one agent holds one child while others wait. */
  agent: number;
  /** A schema without faults, as JSON text. */
  schema: string;
  value: Json;
  /** From the start of the check; waiting for a child is bounded on its own. */
  deadlineMs: number;
}

/**
 * What of a value does not fit, empty where it fits. Rejects with `CodeError`: CODE_TIMEOUT,
 * CODE_OUT_OF_MEMORY, CODE_VALUES_TOO_LARGE, SANDBOX_BUSY or SANDBOX_UNAVAILABLE.
 */
export type CheckSchema = (call: SchemaCall) => Promise<ErrorDetail[]>;

/** The check itself, as a child makes it; throws where the schema has faults. */
export type CheckHere = (data: { schema: string; value: Json }) => ErrorDetail[];

function readDetail(value: Json): ErrorDetail | null {
  if (!isRecord(value)) return null;
  const { path, code, message } = value;
  return typeof path === "string" &&
    typeof code === "string" &&
    isDetailCode(code) &&
    typeof message === "string"
    ? { path, code, message }
    : null;
}

/** The details that a child gave, or null where they are none. */
export function readDetails(value: Json): ErrorDetail[] | null {
  if (!Array.isArray(value)) return null;
  const details = value.map(readDetail);
  return details.some((detail) => detail === null)
    ? null
    : details.filter((detail) => detail !== null);
}
