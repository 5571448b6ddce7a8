// Routes of the named secrets that tools read: write-only.

import { Elysia, t } from "elysia";
import type { GuardDeps } from "../auth/guard";
import { requires, requiresJson } from "../auth/guard";
import { CURSOR_TEXT, NoQuery, pageFields } from "../auth/paging.schema";
import { invalid } from "../errors";
import { toIso, toIsoOrNull } from "../lib/clock";
import { answer, answerList, PAGE_DEFAULT, success, successList } from "../lib/wire";
import {
  listNamedSecrets,
  putNamedSecret,
  SECRET_NAME,
  SECRET_NAME_PATTERN,
} from "../secrets/named.store";
import type { SecretRow } from "../secrets/secrets.store";
import { type NamedSecret, NamedSecretPutSchema, NamedSecretSchema } from "./tools.schema";
import { deleteSecret, type ToolsDeps } from "./tools.store";

type RouteDeps = ToolsDeps & GuardDeps;

const toNamedSecret = (row: SecretRow): NamedSecret => ({
  name: row.name ?? "",
  fingerprint: row.fingerprint,
  createdAt: toIso(row.createdAt),
  lastUsedAt: toIsoOrNull(row.lastUsedAt),
});

const PageByNameQuery = t.Object(
  {
    ...pageFields,
    cursor: t.Optional(
      t.String({ pattern: SECRET_NAME_PATTERN, description: CURSOR_TEXT, examples: ["A_TOKEN"] }),
    ),
  },
  { additionalProperties: false },
);

function requireName(name: string): void {
  if (SECRET_NAME.test(name)) return;
  const message = "A name takes capitals, digits and _, a letter first, 64 characters at most.";
  throw invalid({ path: "/name", code: "INVALID", message });
}

/** `/secrets`. */
export function secretRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .get(
      "/secrets",
      ({ query }) => {
        const limit = query.limit ?? PAGE_DEFAULT;
        const after = query.cursor ?? null;
        const rows = listNamedSecrets(deps, { after, limit: limit + 1 });
        const items = rows.slice(0, limit).map(toNamedSecret);
        const nextCursor = rows.length > limit ? (items.at(-1)?.name ?? null) : null;
        return successList({ items, nextCursor });
      },
      {
        ...requires(deps, {
          id: "listSecrets",
          summary: "Lists named secrets",
          description: "By their names, without what they hold.",
          tag: "Tools",
          scope: "read",
        }),
        query: PageByNameQuery,
        response: { 200: answerList(NamedSecretSchema) },
      },
    )
    .put(
      "/secrets/:name",
      async ({ params, body, set }) => {
        requireName(params.name);
        const { row, isNew } = await deps.writer.write(() =>
          putNamedSecret(deps, { name: params.name, text: body.value }),
        );
        if (isNew) set.status = 201;
        return success(toNamedSecret(row));
      },
      {
        ...requiresJson(deps, {
          id: "putSecret",
          summary: "Sets a named secret",
          description:
            "New, or in the place of one of that name, for every call from now on. Encrypted at rest, and never shown again.",
          tag: "Tools",
          scope: "admin",
          fails: ["STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: NamedSecretPutSchema,
        response: { 200: answer(NamedSecretSchema), 201: answer(NamedSecretSchema) },
      },
    )
    .delete(
      "/secrets/:name",
      async ({ params, set }) => {
        await deleteSecret(deps, params.name);
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deleteSecret",
          summary: "Deletes a named secret",
          tag: "Tools",
          scope: "admin",
          fails: ["NOT_FOUND", "SECRET_IN_USE", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
}
