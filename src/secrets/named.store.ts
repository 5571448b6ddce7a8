// Named secrets, which tools read as `{{secrets.NAME}}`: set, replaced and deleted, never read back.

import { and, asc, eq, gt } from "drizzle-orm";
import { secrets } from "../db/schema";
import { AppError } from "../errors";
import type { SecretRow, SecretsDeps } from "./secrets.store";
import { insertSecret, openSecret } from "./secrets.store";

/** Names of secrets: capitals, digits and `_`, a letter first, as environment variables have them. */
export const SECRET_NAME_PATTERN = "^[A-Z][A-Z0-9_]{0,63}$";
export const SECRET_NAME = new RegExp(SECRET_NAME_PATTERN);

const isNamed = (name: string) => and(eq(secrets.purpose, "tool"), eq(secrets.name, name));

/** The row of that name, or undefined. */
export const findNamedSecret = (
  deps: Pick<SecretsDeps, "db">,
  name: string,
): SecretRow | undefined => deps.db.orm.select().from(secrets).where(isNamed(name)).get();

/** Sets a secret, in the place of an earlier one of its name; runs inside a write. */
export function putNamedSecret(
  deps: SecretsDeps,
  data: { name: string; text: string },
): { row: SecretRow; isNew: boolean } {
  const { changes } = deleteRow(deps, data.name);
  const row = insertSecret(deps, { purpose: "tool", ownerId: null, ...data });
  return { row, isNew: changes === 0 };
}

function deleteRow(deps: SecretsDeps, name: string): { changes: number } {
  const deleted = deps.db.orm
    .delete(secrets)
    .where(isNamed(name))
    .returning({ id: secrets.id })
    .all();
  return { changes: deleted.length };
}

/** Removes a secret; throws NOT_FOUND. Runs inside a write. */
export function deleteNamedSecret(deps: SecretsDeps, name: string): void {
  if (deleteRow(deps, name).changes === 0) throw new AppError("NOT_FOUND");
}

/** Up to `limit` secrets after the name, by their names. */
export const listNamedSecrets = (
  deps: SecretsDeps,
  data: { after: string | null; limit: number },
): SecretRow[] =>
  deps.db.orm
    .select()
    .from(secrets)
    .where(
      and(
        eq(secrets.purpose, "tool"),
        data.after === null ? undefined : gt(secrets.name, data.after),
      ),
    )
    .orderBy(asc(secrets.name))
    .limit(data.limit)
    .all();

/** A secret and its id; undefined where there is none. Throws CREDENTIAL_UNREADABLE. */
export function readNamedSecret(
  deps: SecretsDeps,
  name: string,
): { id: string; text: string } | undefined {
  const row = findNamedSecret(deps, name);
  if (row === undefined) return undefined;
  const text = openSecret(deps, row);
  if (text === null) throw new AppError("CREDENTIAL_UNREADABLE");
  return { id: row.id, text };
}
