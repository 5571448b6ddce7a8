// Answers of the OpenAPI document: successes with their headers, and failures by HTTP status, each
// set of codes once.

import type { ErrorCode } from "../../errors";
import { ERRORS } from "../../errors";
import type { AnswerHeader } from "../../lib/operation";
import { EXAMPLE } from "../../lib/wire";

export interface Reference {
  $ref: string;
}

/** A response object of OpenAPI. */
export interface Answer {
  description: string;
  headers: Record<string, Reference>;
  content?: Record<string, unknown>;
}

/** `components.responses`, filled by `placeFailures`. */
export type FailureAnswers = Map<string, Answer>;

/** Headers that come with a code. */
const HEADERS_OF_CODES: { readonly [Code in ErrorCode]?: readonly AnswerHeader[] } = {
  UNAUTHORIZED: ["WWW-Authenticate"],
  TOO_MANY_FAILURES: ["Retry-After"],
  RATE_LIMITED: ["Retry-After"],
  CONCURRENCY_LIMITED: ["Retry-After"],
  OVERLOADED: ["Retry-After"],
  STORAGE_UNAVAILABLE: ["Retry-After"],
  SECRET_UNREADABLE: ["Retry-After"],
  SANDBOX_BUSY: ["Retry-After"],
  SANDBOX_UNAVAILABLE: ["Retry-After"],
  SHUTTING_DOWN: ["Retry-After"],
  FAILING: ["Retry-After"],
};

/** Codes whose sentence speaks of `details`. */
const DETAILS_OF_CODES: { readonly [Code in ErrorCode]?: object } = {
  VALIDATION_ERROR: { path: "/name", code: "INVALID", message: "Expected string." },
  INPUT_INVALID: { path: "/message", code: "INVALID", message: "Expected string." },
};

/** References to the headers that an answer may have, beside that of every answer. */
export const headersOf = (names: readonly AnswerHeader[]): Answer["headers"] =>
  Object.fromEntries(
    [...new Set<AnswerHeader>(["X-Request-Id", ...names])].map((name) => [
      name,
      { $ref: `#/components/headers/${name}` },
    ]),
  );

function exampleOfCode(code: ErrorCode): object {
  const { message } = ERRORS[code];
  const detail = DETAILS_OF_CODES[code];
  const error = { code, message, ...(detail === undefined ? {} : { details: [detail] }) };
  return { value: { success: false, error: { ...error, requestId: EXAMPLE.requestId } } };
}

interface FailuresData {
  codes: readonly ErrorCode[];
  /** Beside those that come with a code. */
  headers: readonly AnswerHeader[];
}

function toFailureAnswer({ codes, headers }: FailuresData): Answer {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].doc}`).join("\n\n"),
    headers: headersOf([...codes.flatMap((code) => HEADERS_OF_CODES[code] ?? []), ...headers]),
    content: {
      "application/json": {
        schema: { $ref: "#/components/schemas/Failure" },
        examples: Object.fromEntries(codes.map((code) => [code, exampleOfCode(code)])),
      },
    },
  };
}

/** `RATE_LIMITED` → `RateLimited`. */
const toName = (code: string): string =>
  code
    .split("_")
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join("");

/**
 * The failures of one operation by status. A set of codes is described in `answers` once, and
 * referred to; where an operation's failures have headers of their own, they stand with it.
 */
export function placeFailures(
  answers: FailureAnswers,
  { codes, headers }: FailuresData,
): Record<string, Answer | Reference> {
  // In the order of the table, so that the same codes are the same answer.
  const known = Object.keys(ERRORS).filter((code): code is ErrorCode =>
    codes.some((one) => one === code),
  );
  const byStatus = Object.groupBy(known, (code) => String(ERRORS[code].status));
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => {
      const answer = toFailureAnswer({ codes: group, headers });
      if (headers.length > 0) return [status, answer];
      const name = group.map(toName).join("Or");
      answers.set(name, answer);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}
