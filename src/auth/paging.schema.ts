// Queries that many lists share. `t` of Elysia, as query values arrive as text.

import { t } from "elysia";
import { CURSOR_PATTERN, EXAMPLE, ID_CURSOR_PATTERN, PAGE_DEFAULT, PAGE_MAX } from "../lib/wire";

export const CURSOR_TEXT = "`page.nextCursor` of the page before.";

/** `limit` and `cursor` of a list. */
export const pageFields = {
  limit: t.Optional(
    t.Integer({
      minimum: 1,
      maximum: PAGE_MAX,
      error: `limit takes an integer from 1 to ${PAGE_MAX}.`,
      description: `Entries of one page; ${PAGE_DEFAULT} without it.`,
      examples: [20],
    }),
  ),
  cursor: t.Optional(
    t.String({ pattern: CURSOR_PATTERN, description: CURSOR_TEXT, examples: ["1042"] }),
  ),
};

/** A query that refuses everything. */
export const NoQuery = t.Object({}, { additionalProperties: false });

/** A query of just a page. */
export const PageQuery = t.Object(pageFields, { additionalProperties: false });

/** As `PageQuery`, of a list whose cursor is an id. */
export const PageByIdQuery = t.Object(
  {
    ...pageFields,
    cursor: t.Optional(
      t.String({
        pattern: ID_CURSOR_PATTERN,
        description: CURSOR_TEXT,
        examples: [EXAMPLE.providerId],
      }),
    ),
  },
  { additionalProperties: false },
);
