// What a route says of itself in the OpenAPI document. Leaves shapes to the route's schemas, and
// who may call it to the guard, which takes the same declaration.

import type { TSchema } from "@sinclair/typebox";
import type { ErrorCode } from "../errors";
import type { Scope, Tag } from "../vocabulary";

/** Headers of answers that the document tells of; `X-Request-Id` is on every one. */
export type AnswerHeader =
  | "X-Request-Id"
  | "Location"
  | "Retry-After"
  | "WWW-Authenticate"
  | "RateLimit-Policy"
  | "RateLimit"
  | "X-RateLimit-Limit"
  | "X-RateLimit-Remaining"
  | "X-RateLimit-Reset"
  | "Idempotent-Replayed"
  | "ETag"
  | "Content-Disposition";

/** What an answer holds that the route's `response` does not tell. */
export interface AnswerContent {
  type: string;
  schema: TSchema;
}

/** Headers that change what a write means; one that does not take them refuses them. */
export type WriteHeader = "if-match" | "idempotency-key";

/** Headers that change what a request means; an operation says which of them it takes. */
export type TakenHeader = WriteHeader | "if-none-match";

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
  /** A request without a body counts as `{}`. */
  bodyOptional?: boolean;
  /** Error codes that only this operation can answer. */
  fails?: readonly ErrorCode[];
  /** Headers that its success may have. */
  headers?: readonly AnswerHeader[];
  /** Headers that any of its answers may have. */
  headersOfAll?: readonly AnswerHeader[];
  /** Successes by status that are not in the route's `response`; null has no body. */
  answers?: Readonly<Record<number, AnswerContent | null>>;
}

/** A success as the document's builder takes it. */
interface AnswerDetail {
  description: string;
  content?: Record<string, { schema: TSchema }>;
}

/** `detail` of a route, as Elysia keeps it. */
export interface OperationDetail {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  /** Request headers besides the credential. */
  parameters: HeaderParameter[];
  responses: Record<string, AnswerDetail>;
  /** Every error code that can be answered, for the document's failure responses. */
  "x-fails": readonly ErrorCode[];
  "x-headers": { success: readonly AnswerHeader[]; all: readonly AnswerHeader[] };
  "x-body-optional": boolean;
}

/** Names of `components.securitySchemes`: the API token, the token of a `Location`, a webhook's own. */
export const TOKEN_SCHEME = "token";
export const READ_TOKEN_SCHEME = "readToken";
export const WEBHOOK_SCHEMES = [
  "webhookBearer",
  "webhookBasic",
  "webhookSignature",
  "githubSignature",
] as const;

/** What any route can answer. */
const ALWAYS: readonly ErrorCode[] = ["INTERNAL"];

const toAnswerDetail = (content: AnswerContent | null): AnswerDetail => ({
  description: "",
  ...(content === null ? {} : { content: { [content.type]: { schema: content.schema } } }),
});

/** A request header as a parameter of the document. */
interface HeaderParameter {
  name: string;
  in: "header";
  schema: { type: "string"; description: string; examples: string[] };
}

const HEADER_PARAMETERS: Record<TakenHeader, HeaderParameter> = {
  "if-match": {
    name: "If-Match",
    in: "header",
    schema: {
      type: "string",
      description: "The `ETag` of what the change was made for; another one is answered 412.",
      examples: ['"7"'],
    },
  },
  "if-none-match": {
    name: "If-None-Match",
    in: "header",
    schema: {
      type: "string",
      description: "The `ETag` of an earlier answer; 304 while it is still the same.",
      examples: ['W/"2jmj7l5rSw0yVb_vlWAYkK_YBwk"'],
    },
  },
  "idempotency-key": {
    name: "Idempotency-Key",
    in: "header",
    schema: {
      type: "string",
      description:
        "A name for this request, kept 24 hours: sent again, it gives the first answer and does nothing.",
      examples: ["0b989ba4-242f-11e5-81e1-c7b6966d2516"],
    },
  },
};

/** What an operation can answer because of a header that it takes. */
const HEADER_CODES: Record<TakenHeader, readonly ErrorCode[]> = {
  "if-match": ["PRECONDITION_FAILED"],
  "if-none-match": [],
  "idempotency-key": ["IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_ANSWER_LOST"],
};

/** Puts an operation into the shape of a route's `detail`; `codes` are those of its guard. */
export function describeOperation(
  operation: Operation,
  codes: readonly ErrorCode[] = [],
): OperationDetail {
  const {
    id,
    summary,
    description,
    tag,
    scope,
    takes = [],
    fails = [],
    headers = [],
    answers = {},
  } = operation;
  const ofHeaders = takes.flatMap((header) => HEADER_CODES[header]);
  const isKeyed = takes.includes("idempotency-key");
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    // Since OpenAPI 3.1 a bearer scheme may list what the token must cover.
    security: scope === null ? [] : [{ [TOKEN_SCHEME]: [scope] }],
    parameters: takes.map((name) => HEADER_PARAMETERS[name]),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, content]) => [status, toAnswerDetail(content)]),
    ),
    "x-fails": [...new Set([...ALWAYS, ...codes, ...ofHeaders, ...fails])],
    "x-headers": {
      success: isKeyed ? [...headers, "Idempotent-Replayed"] : headers,
      all: operation.headersOfAll ?? [],
    },
    "x-body-optional": operation.bodyOptional ?? false,
  };
}
