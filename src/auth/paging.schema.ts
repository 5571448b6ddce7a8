// Queries that many lists share. `t` of Elysia, as query values arrive as text.

import { t } from "elysia";
import { CURSOR_PATTERN, ID_CURSOR_PATTERN, PAGE_MAX } from "../lib/wire";

/** `limit` and `cursor` of a list. */
export const pageFields = {
  limit: t.Optional(
    t.Integer({
      minimum: 1,
      maximum: PAGE_MAX,
      error: `limit takes an integer from 1 to ${PAGE_MAX}.`,
    }),
  ),
  cursor: t.Optional(t.String({ pattern: CURSOR_PATTERN })),
};

/** A query that refuses everything. */
export const NoQuery = t.Object({}, { additionalProperties: false });

/** A query of just a page. */
export const PageQuery = t.Object(pageFields, { additionalProperties: false });

/** As `PageQuery`, of a list whose cursor is an id. */
export const PageByIdQuery = t.Object(
  { ...pageFields, cursor: t.Optional(t.String({ pattern: ID_CURSOR_PATTERN })) },
  { additionalProperties: false },
);
