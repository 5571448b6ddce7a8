// Building blocks of wire shapes: closed objects, word lists, times, answers.

import { Type } from "@sinclair/typebox";
import type { Static, TProperties, TSchema, TUnsafe } from "@sinclair/typebox";

/** An object that refuses unknown keys. */
export const closed = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** A union of literals, typed as such: `Type.String({enum})` would check nothing. */
export const words = <T extends string>(list: readonly T[]): TUnsafe<T> =>
  Type.Unsafe<T>(Type.Union(list.map((word) => Type.Literal(word))));

/** The schema, or null. */
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Time as ISO 8601 UTC with milliseconds. */
export const Time = Type.String({ examples: ["2026-01-31T09:30:00.000Z"] });

/** One entry of `error.details`, of a draft's faults, or of an input's mismatches. */
export const DetailSchema = closed({
  path: Type.Optional(Type.String()),
  nodeId: Type.Optional(Type.String()),
  edgeId: Type.Optional(Type.String()),
  field: Type.Optional(Type.String()),
  code: Type.String(),
  message: Type.String(),
});

/** Something that works but should be known. */
export const WarningSchema = closed({ code: Type.String(), message: Type.String() });
export type Warning = Static<typeof WarningSchema>;

/** `{success, data}` around one thing. */
export const answer = <T extends TSchema>(data: T) => closed({ success: Type.Literal(true), data });

/** `{success, data: [], page}` around many. */
export const answerList = <T extends TSchema>(item: T) =>
  closed({
    success: Type.Literal(true),
    data: Type.Array(item),
    page: closed({ nextCursor: orNull(Type.String()), hasMore: Type.Boolean() }),
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
