// Answers of the OpenAPI document: successes with their headers, and failures by HTTP status, each
// set of codes once.

import type { ErrorCode } from "../../errors";
import { ERRORS } from "../../errors";
import type { AnswerHeader } from "../../lib/operation";
import { EXAMPLE } from "../../lib/wire";

interface Reference {
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

const LIMITED: readonly AnswerHeader[] = [
  "Retry-After",
  "RateLimit-Policy",
  "RateLimit",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
];

/** Headers that come with a code. */
const HEADERS_OF_CODES: { readonly [Code in ErrorCode]?: readonly AnswerHeader[] } = {
  UNAUTHORIZED: ["WWW-Authenticate"],
  TOO_MANY_FAILURES: ["Retry-After"],
  RATE_LIMITED: LIMITED,
  CONCURRENCY_LIMITED: LIMITED,
  OVERLOADED: ["Retry-After"],
  STORAGE_UNAVAILABLE: ["Retry-After"],
  SECRET_UNREADABLE: ["Retry-After"],
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

function toFailureAnswer(codes: readonly ErrorCode[]): Answer {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].doc}`).join("\n\n"),
    headers: headersOf(codes.flatMap((code) => HEADERS_OF_CODES[code] ?? [])),
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

/** The failures of one operation by status; each set of codes is described in `answers` once. */
export function placeFailures(
  answers: FailureAnswers,
  codes: readonly ErrorCode[],
): Record<string, Reference> {
  // In the order of the table, so that the same codes are the same answer.
  const known = Object.keys(ERRORS).filter((code): code is ErrorCode =>
    codes.some((one) => one === code),
  );
  const byStatus = Object.groupBy(known, (code) => String(ERRORS[code].status));
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => {
      const name = group.map(toName).join("Or");
      answers.set(name, toFailureAnswer(group));
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}
