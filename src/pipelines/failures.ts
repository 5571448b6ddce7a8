// What a step may tell of an error that was thrown.

import { AppError, ERRORS } from "../errors";
import type { Failure } from "./record";

/** The member `key` of anything that was thrown, if it is there. */
const readMember = (error: unknown, key: string): unknown =>
  typeof error === "object" && error !== null ? Reflect.get(error, key) : undefined;

/**
 * An `AppError` as its code and sentence, with the peer's HTTP status where the error carries one
 * as `httpStatus`; anything else is ours, reported to `onUnexpected`, and hidden.
 */
export function toFailure(deps: { onUnexpected(error: unknown): void }, error: unknown): Failure {
  if (!(error instanceof AppError)) {
    deps.onUnexpected(error);
    return { code: "EXECUTION_FAILED", message: ERRORS.EXECUTION_FAILED.message };
  }
  const status = readMember(error, "httpStatus");
  const failure: Failure = { code: error.code, message: error.message };
  return typeof status === "number" ? { ...failure, status } : failure;
}

/** The lines that code logged before the error, which carries them as `logs`; empty for none. */
export function readLogs(error: unknown): string[] {
  const logs = readMember(error, "logs");
  return Array.isArray(logs) ? logs.filter((line) => typeof line === "string") : [];
}

/** What had arrived of a text before the error, which carries it as `partialText`; null for none. */
export function readPartialText(error: unknown): string | null {
  const text = readMember(error, "partialText");
  return typeof text === "string" && text !== "" ? text : null;
}
