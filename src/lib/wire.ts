// Building blocks of wire shapes: closed objects, word lists, times, names and examples, answers.

import { Type } from "@sinclair/typebox";
import type { Static, TProperties, TSchema, TUnsafe } from "@sinclair/typebox";
import type { WarningCode } from "../details";

/** An object that refuses unknown keys. */
export const closed = <T extends TProperties>(
  properties: T,
  options: { description?: string } = {},
) => Type.Object(properties, { ...options, additionalProperties: false });

/** A union of literals, typed as such: `Type.String({enum})` would check nothing. */
export const words = <T extends string>(list: readonly T[]): TUnsafe<T> =>
  Type.Unsafe<T>(Type.Union(list.map((word) => Type.Literal(word))));

/** The schema, or null. */
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/**
 * Gives a shape its name in the OpenAPI document, where it stands once and is referred to, and an
 * example, which shows in every body that holds it. A shape that is a body of its own needs one.
 */
// oxlint-disable-next-line eslint/max-params -- a row is read by columns
export const named = <T extends TSchema>(title: string, schema: T, example?: Static<T>): T => ({
  ...schema,
  title,
  ...(example === undefined ? {} : { examples: [example] }),
});

/** Values of examples that several shapes share. */
export const EXAMPLE = {
  agentId: "agt_0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  executionId: "exec_0192f0c4-11d0-7e52-9a1c-3f2e8d7b6a50",
  deliveryId: "dlv_0192f0c4-11d0-7e52-9a1c-3f2e8d7b6a50",
  providerId: "prv_0192f0b9-52c4-7b18-8d3e-6c5f4a3b2d10",
  toolId: "tool_0192f0ba-6e3d-7f42-9b1a-2d4c6e8f0a13",
  priceId: "prc_0192f0bb-7f4e-7a53-8c2b-3e5d7f9a1b24",
  tokenId: "key_0192f0b1-08c6-7d24-a5e7-9b8c7d6e5f40",
  requestId: "req_0192f0c4-11cf-7a61-b2d3-0c9e8f7a6b5d",
  time: "2026-01-31T09:30:00.000Z",
  later: "2026-01-31T09:30:01.250Z",
} as const;

/** Time as ISO 8601 UTC with milliseconds. */
export const Time = Type.String({ format: "date-time", examples: [EXAMPLE.time] });

/** One entry of `error.details`, of a draft's faults, or of an input's mismatches. */
export const DetailSchema = named(
  "Detail",
  closed({
    path: Type.Optional(Type.String({ description: "JSON pointer into the body or query." })),
    nodeId: Type.Optional(Type.String()),
    edgeId: Type.Optional(Type.String()),
    field: Type.Optional(Type.String()),
    code: Type.String(),
    message: Type.String({ description: "What is wrong there, and what to do." }),
  }),
);

/** The body of every failure; `FailureBody` of the error table. */
export const FailureSchema = named(
  "Failure",
  closed({
    success: Type.Literal(false),
    error: closed({
      code: Type.String({ description: "For programs: texts may change, a code does not." }),
      message: Type.String({ description: "For people: what was wrong, and what to do." }),
      hint: Type.Optional(Type.String()),
      details: Type.Optional(Type.Array(DetailSchema)),
      requestId: Type.String({ description: "As in `X-Request-Id` and in the server's log." }),
    }),
  }),
);

/** Something that works but should be known. */
export const WarningSchema = named(
  "Warning",
  closed({ code: Type.Unsafe<WarningCode>(Type.String()), message: Type.String() }),
);
export type Warning = Static<typeof WarningSchema>;

/** Where a list goes on. */
const PageSchema = named(
  "Page",
  closed({
    nextCursor: orNull(
      Type.String({ description: "`cursor` of the next page; null on the last one." }),
    ),
    hasMore: Type.Boolean(),
  }),
  { nextCursor: null, hasMore: false },
);

/** `{success, data}` around one thing; with an example where that of the thing does not fit. */
export const answer = <T extends TSchema>(data: T, example?: Static<T>) => {
  const schema = closed({ success: Type.Literal(true), data });
  return example === undefined
    ? schema
    : { ...schema, examples: [{ success: true, data: example }] };
};

/** `{success, data: [], page}` around many. */
export const answerList = <T extends TSchema>(item: T) =>
  closed({
    success: Type.Literal(true),
    data: Type.Array(item),
    page: PageSchema,
  });

/** The success body of one thing. */
export const success = <T>(data: T): { success: true; data: T } => ({ success: true, data });

/** A page of a list by keyset: what fits, and where the next page starts. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The success body of a list. */
export const successList = <T>(page: Page<T>) => ({
  success: true as const,
  data: page.items,
  page: { nextCursor: page.nextCursor, hasMore: page.nextCursor !== null },
});

/** Longest time that an answer waits for an execution's end. */
export const MAX_WAIT_SECONDS = 60;

/** Entries of a list without `limit`, and at most. */
export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 200;

/** A cursor is the sequence number that the next page starts below. */
export const CURSOR_PATTERN = "^[0-9]{1,16}$";

/** Where a page starts and how many entries it has, by the query that asks for it. */
export const pageOf = (query: { cursor?: string; limit?: number }) => ({
  before: query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor),
  limit: query.limit ?? PAGE_DEFAULT,
});

/**
 * Splits `limit + 1` rows into a page and its cursor. With fewer rows the next page starts at
 * `scannedTo`, where the search was cut short.
 */
export function toPage<Row extends { seq: number }, T>(
  data: { rows: Row[]; limit: number; scannedTo?: number | null },
  map: (row: Row) => T,
): Page<T> {
  const shown = data.rows.slice(0, data.limit);
  const next = data.rows.length > data.limit ? shown.at(-1)?.seq : data.scannedTo;
  return { items: shown.map(map), nextCursor: next == null ? null : String(next) };
}

/** A cursor by id: the id of the last item of the page before. */
export const ID_CURSOR_PATTERN = "^[a-z0-9_-]{1,64}$";

/** Splits `limit + 1` items into a page whose cursor is an id. */
export function toPageById<T extends { id: string }>(data: { items: T[]; limit: number }): Page<T> {
  const items = data.items.slice(0, data.limit);
  const hasMore = data.items.length > data.limit;
  return { items, nextCursor: hasMore ? (items.at(-1)?.id ?? null) : null };
}
