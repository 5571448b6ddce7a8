// What a route says of itself in the OpenAPI document. Leaves shapes to the route's schemas, and
// who may call it to the guard, which takes the same declaration.

import type { ErrorCode } from "../errors";
import type { Scope, Tag } from "../vocabulary";

/** Headers that change what a write means; an operation says which of them it takes. */
export type TakenHeader = "if-match" | "idempotency-key";

/** One operation of the API. */
export interface Operation {
  /** `operationId` of the document: camelCase and unique. */
  id: string;
  /** One line, without a full stop. */
  summary: string;
  /** What the summary and the schemas do not tell; Markdown. */
  description?: string;
  tag: Tag;
  /** What an API token must cover; null for a route that asks for none. */
  scope: Scope | null;
  takes?: readonly TakenHeader[];
  /** Error codes that only this operation can answer. */
  fails?: readonly ErrorCode[];
}

/** `detail` of a route, as Elysia keeps it. */
export interface OperationDetail {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  /** Every error code that can be answered, for the document's failure responses. */
  "x-fails": readonly ErrorCode[];
  /** Request headers besides the credential, for the document's parameters. */
  "x-takes": readonly TakenHeader[];
}

/** The scheme's name in `components.securitySchemes`. */
export const TOKEN_SCHEME = "token";

/** What any route can answer. */
const ALWAYS: readonly ErrorCode[] = ["VALIDATION_ERROR", "INTERNAL"];

/** What an operation can answer because of a header that it takes. */
const HEADER_CODES: Record<TakenHeader, readonly ErrorCode[]> = {
  "if-match": ["PRECONDITION_FAILED"],
  "idempotency-key": ["IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_ANSWER_LOST"],
};

/** Puts an operation into the shape of a route's `detail`; `codes` are those of its guard. */
export function describeOperation(
  operation: Operation,
  codes: readonly ErrorCode[] = [],
): OperationDetail {
  const { id, summary, description, tag, scope, takes = [], fails = [] } = operation;
  const ofHeaders = takes.flatMap((header) => HEADER_CODES[header]);
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    // Since OpenAPI 3.1 a bearer scheme may list what the token must cover.
    security: scope === null ? [] : [{ [TOKEN_SCHEME]: [scope] }],
    "x-fails": [...new Set([...ALWAYS, ...codes, ...ofHeaders, ...fails])],
    "x-takes": takes,
  };
}
