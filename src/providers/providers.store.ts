// Rows of model providers; their keys are secrets of purpose `provider`.

import { and, asc, eq, gt, isNull, ne } from "drizzle-orm";
import { listCallers } from "../db/callers";
import type { Db } from "../db/open";
import type { Writer } from "../db/writer";
import { providers } from "../db/schema";
import { AppError, invalid } from "../errors";
import { toIso } from "../lib/clock";
import { formatId } from "../lib/ids";
import { checkBaseUrl } from "../lib/network/outbound-url";
import type { ProviderType } from "../vocabulary";
import type { FoundProvider } from "./call";
import { ECHO_PROVIDER_ID } from "./echo";
import type { EchoScript } from "./echo-script";
import { FORMATS } from "./formats";
import type { PriceList } from "./prices/price-list";
import { deletePricesOf } from "./prices/prices.store";
import type { SecretsDeps } from "../secrets/secrets.store";
import {
  deleteSecrets,
  insertSecret,
  listLiveSecrets,
  openSecret,
  toSecretFacts,
} from "../secrets/secrets.store";
import type { Provider, ProviderCreate, ProviderPatch } from "./providers.schema";

export type ProvidersDeps = SecretsDeps & { writer: Writer; prices: PriceList };

type ProviderRow = typeof providers.$inferSelect;

const ownerOf = (id: string) => ({ purpose: "provider", ownerId: id }) as const;

/** Where the API of that type is unless a provider names another place. */
const defaultUrlOf = (type: ProviderType): string | null =>
  type === "echo" ? null : FORMATS[type].baseUrl;

/** The base URL to store; null stands for the type's own. */
function checkedUrl(type: ProviderType, text: string | null): string | null {
  if (text === null) {
    if (type === "echo" || defaultUrlOf(type) !== null) return null;
    const message =
      "Give the base URL of the API, version included, such as http://127.0.0.1:11434/v1.";
    throw invalid({ path: "/baseUrl", code: "REQUIRED", message });
  }
  const checked = checkBaseUrl(text);
  if (!checked.ok) throw invalid({ path: "/baseUrl", ...checked.detail });
  return checked.url;
}

/** Stores the built-in provider where it is missing; runs inside a write. */
export function ensureEcho(deps: SecretsDeps): void {
  const now = deps.clock.now();
  deps.db.orm
    .insert(providers)
    .values({ id: ECHO_PROVIDER_ID, type: "echo", name: "Echo", createdAt: now, updatedAt: now })
    .onConflictDoNothing()
    .run();
}

function getRow(deps: { db: Db }, id: string): ProviderRow {
  const row = deps.db.orm.select().from(providers).where(eq(providers.id, id)).get();
  if (row === undefined) throw new AppError("NOT_FOUND");
  return row;
}

function getOwnRow(deps: ProvidersDeps, id: string): ProviderRow {
  const row = getRow(deps, id);
  if (row.id === ECHO_PROVIDER_ID) throw new AppError("PROVIDER_BUILT_IN");
  return row;
}

const readScript = (row: ProviderRow) =>
  row.script === null ? null : (JSON.parse(row.script) as EchoScript);

/** What a provider of that type does not have. */
const NOT_OF = {
  echo: ["baseUrl", "apiKey"],
  model: ["script"],
} as const;

/** Throws VALIDATION_ERROR where something is set that the type does not have. */
function requireOwnFields(type: ProviderType, data: ProviderPatch): void {
  const details = NOT_OF[type === "echo" ? "echo" : "model"]
    .filter((field) => data[field] != null)
    .map((field) => ({
      path: `/${field}`,
      code: "VALUE_UNAVAILABLE" as const,
      message: `A provider of type ${type} has no ${field}; leave it out.`,
    }));
  if (details.length > 0) throw invalid(...details);
}

/** As it is stored. */
const writeScript = (script: ProviderPatch["script"]): string | null | undefined =>
  script == null ? script : JSON.stringify(script);

function toProvider(deps: ProvidersDeps, row: ProviderRow): Provider {
  const key = listLiveSecrets(deps, ownerOf(row.id)).map(toSecretFacts).at(-1);
  return {
    id: row.id,
    type: row.type,
    name: row.name,
    baseUrl: row.baseUrl,
    apiKey: key === undefined ? null : { fingerprint: key.fingerprint, createdAt: key.createdAt },
    script: readScript(row),
    enabled: row.enabled,
    builtIn: row.id === ECHO_PROVIDER_ID,
    createdAt: toIso(row.createdAt),
    updatedAt: toIso(row.updatedAt),
  };
}

function replaceKey(
  deps: ProvidersDeps,
  data: { id: string; key: string | null | undefined },
): void {
  if (data.key === undefined) return;
  deleteSecrets(deps, ownerOf(data.id));
  if (data.key !== null) insertSecret(deps, { ...ownerOf(data.id), text: data.key });
}

/** One provider; throws NOT_FOUND. */
export const getProvider = (deps: ProvidersDeps, id: string): Provider =>
  toProvider(deps, getRow(deps, id));

/** What a provider is, on whatever server. */
export type ProviderFacts = Pick<ProviderRow, "type" | "name" | "baseUrl">;

/** What the provider of that id is; undefined where there is none. */
export const findProviderFacts = (deps: { db: Db }, id: string): ProviderFacts | undefined =>
  deps.db.orm
    .select({ type: providers.type, name: providers.name, baseUrl: providers.baseUrl })
    .from(providers)
    .where(eq(providers.id, id))
    .get();

/** Ids of the providers that are just so, oldest first. */
export function listProvidersLike(deps: { db: Db }, facts: ProviderFacts): string[] {
  const { type, name, baseUrl } = facts;
  const checked = baseUrl === null ? null : checkBaseUrl(baseUrl);
  const url = checked?.ok === true ? checked.url : baseUrl;
  return deps.db.orm
    .select({ id: providers.id })
    .from(providers)
    .where(
      and(
        eq(providers.type, type),
        eq(providers.name, name),
        url === null ? isNull(providers.baseUrl) : eq(providers.baseUrl, url),
      ),
    )
    .orderBy(asc(providers.id))
    .all()
    .map(({ id }) => id);
}

/** Up to `limit` providers after the cursor, an id; oldest first, the built-in one before them. */
export function listProviders(
  deps: ProvidersDeps,
  data: { after: string | null; limit: number },
): Provider[] {
  const own =
    data.after === null || data.after === ECHO_PROVIDER_ID
      ? undefined
      : gt(providers.id, data.after);
  const rows = deps.db.orm
    .select()
    .from(providers)
    .where(and(ne(providers.id, ECHO_PROVIDER_ID), own))
    .orderBy(asc(providers.id))
    .limit(data.limit)
    .all();
  const all = data.after === null ? [getRow(deps, ECHO_PROVIDER_ID), ...rows] : rows;
  return all.slice(0, data.limit).map((row) => toProvider(deps, row));
}

/** Stores a provider. */
export async function createProvider(deps: ProvidersDeps, data: ProviderCreate): Promise<Provider> {
  requireOwnFields(data.type, data);
  const baseUrl = checkedUrl(data.type, data.baseUrl ?? null);
  const { name, enabled } = data;
  const script = writeScript(data.script) ?? null;
  return deps.writer.write(() => {
    const now = deps.clock.now();
    const id = formatId("prv", deps.ids.uid());
    const values = { id, type: data.type, name, baseUrl, script, createdAt: now, updatedAt: now };
    const row = deps.db.orm
      .insert(providers)
      .values({ ...values, ...(enabled === undefined ? {} : { enabled }) })
      .returning()
      .get();
    replaceKey(deps, { id, key: data.apiKey });
    return toProvider(deps, row);
  });
}

/** A key that nobody can read must not be sent to a host that its owner did not give it for. */
function keepKeyAtHome(
  deps: ProvidersDeps,
  data: { before: ProviderRow; baseUrl: string | null },
): void {
  const { before } = data;
  const own = defaultUrlOf(before.type);
  const [from, to] = [before.baseUrl ?? own, data.baseUrl ?? own];
  if (from === null || to === null || new URL(from).origin === new URL(to).origin) return;
  if (listLiveSecrets(deps, ownerOf(before.id)).length === 0) return;
  const message = "The base URL names another server: send apiKey with it, or null to remove it.";
  throw invalid({ path: "/apiKey", code: "REQUIRED", message });
}

/** Changes a provider; a new key replaces the old one at once. */
export async function changeProvider(
  deps: ProvidersDeps,
  data: { id: string; patch: ProviderPatch },
): Promise<Provider> {
  const { apiKey, script, ...columns } = data.patch;
  return deps.writer.write(() => {
    const before = getOwnRow(deps, data.id);
    requireOwnFields(before.type, data.patch);
    if (columns.baseUrl !== undefined) {
      columns.baseUrl = checkedUrl(before.type, columns.baseUrl);
      if (apiKey === undefined) keepKeyAtHome(deps, { before, baseUrl: columns.baseUrl });
    }
    const row = deps.db.orm
      .update(providers)
      .set({ ...columns, script: writeScript(script), updatedAt: deps.clock.now() })
      .where(eq(providers.id, data.id))
      .returning()
      .get();
    replaceKey(deps, { id: data.id, key: apiKey });
    return toProvider(deps, row);
  });
}

/** Removes a provider, its key and its prices; throws PROVIDER_IN_USE while a live version calls it. */
export async function deleteProvider(deps: ProvidersDeps, id: string): Promise<void> {
  const remove = (): void => {
    getOwnRow(deps, id);
    const users = listCallers(deps, { kind: "provider", id });
    if (users.length > 0) {
      const details = users.map((agent) => ({
        path: `/agents/${agent}`,
        code: "PROVIDER_IN_USE" as const,
        message: `The agent ${agent} calls this provider.`,
      }));
      throw new AppError("PROVIDER_IN_USE", { details });
    }
    deleteSecrets(deps, ownerOf(id));
    deletePricesOf(deps, id);
    deps.db.orm.delete(providers).where(eq(providers.id, id)).run();
  };
  await deps.writer.write(remove, () => deps.prices.renew());
}

/** Whether a node may name this provider. */
export function isUsable(deps: { db: Db }, id: string): boolean {
  const row = deps.db.orm
    .select({ enabled: providers.enabled })
    .from(providers)
    .where(eq(providers.id, id))
    .get();
  return row?.enabled === true;
}

function toCallable(deps: SecretsDeps, row: ProviderRow): FoundProvider {
  return {
    type: row.type,
    baseUrl: row.baseUrl,
    script: readScript(row),
    apiKey() {
      const secret = listLiveSecrets(deps, ownerOf(row.id)).at(-1);
      if (secret === undefined) return null;
      const text = openSecret(deps, secret);
      if (text === null) throw new AppError("CREDENTIAL_UNREADABLE");
      return text;
    },
  };
}

/** What a call needs of a provider; undefined where it is gone or switched off. */
export function findCallable(deps: SecretsDeps, id: string): FoundProvider | undefined {
  const row = deps.db.orm.select().from(providers).where(eq(providers.id, id)).get();
  return row?.enabled === true ? toCallable(deps, row) : undefined;
}
/** What a call needs of a provider, also of one that is switched off; throws NOT_FOUND. */
export const getCallable = (deps: SecretsDeps, id: string): FoundProvider =>
  toCallable(deps, getRow(deps, id));
