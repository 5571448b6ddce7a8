// Rows of own prices, and their shape on the wire with that of built-in ones.

import { and, asc, count, eq, gt, ne } from "drizzle-orm";
import type { Db } from "../../db/open";
import { prices, providers } from "../../db/schema";
import type { Writer } from "../../db/writer";
import { AppError, invalid } from "../../errors";
import type { Clock } from "../../lib/clock";
import { toIso } from "../../lib/clock";
import type { Ids } from "../../lib/ids";
import { formatId } from "../../lib/ids";
import { PRICED_TYPES } from "../../vocabulary";
import type { BuiltInPrice } from "./built-in";
import { BUILT_IN_PRICES, toMicros } from "./built-in";
import type { Price } from "./price";
import type { PriceList } from "./price-list";
import type { PriceCreate, PricePatch, PriceShape } from "./prices.schema";

export interface PricesDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
  writer: Writer;
  prices: PriceList;
}

type PriceRow = typeof prices.$inferSelect;

/** Own prices that may be stored: all are held in memory. */
const MAX_PRICES = 1_000;

const toDay = (at: number): string => toIso(at).slice(0, 10);

const toPrice = ({ createdAt: _made, updatedAt: _changed, ...row }: PriceRow): Price => ({
  ...row,
  maxInputTokens: null,
});

/** All own prices. */
export const readOwnPrices = (deps: { db: Db }): Price[] =>
  deps.db.orm.select().from(prices).all().map(toPrice);

function toShape(deps: PricesDeps, data: { price: Price } & Partial<PriceShape>): PriceShape {
  const { price, ...own } = data;
  return {
    ...price,
    validFrom: toDay(price.validFrom),
    input: price.input / 1e6,
    cachedInput: price.cachedInput === null ? null : price.cachedInput / 1e6,
    output: price.output / 1e6,
    builtIn: false,
    current: deps.prices.current(price)?.id === price.id,
    source: null,
    createdAt: null,
    updatedAt: null,
    ...own,
  };
}

const toBuiltIn = (deps: PricesDeps, { source, ...price }: BuiltInPrice): PriceShape =>
  toShape(deps, { price, builtIn: true, source });

const toOwn = (deps: PricesDeps, row: PriceRow): PriceShape =>
  toShape(deps, {
    price: toPrice(row),
    createdAt: toIso(row.createdAt),
    updatedAt: toIso(row.updatedAt),
  });

const findBuiltIn = (id: string): BuiltInPrice | undefined =>
  BUILT_IN_PRICES.find((price) => price.id === id);

function getOwnRow(deps: PricesDeps, id: string): PriceRow {
  const row = deps.db.orm.select().from(prices).where(eq(prices.id, id)).get();
  if (row !== undefined) return row;
  throw new AppError(findBuiltIn(id) === undefined ? "NOT_FOUND" : "PRICE_BUILT_IN");
}

/** One price; throws NOT_FOUND. */
export function getPrice(deps: PricesDeps, id: string): PriceShape {
  const builtIn = findBuiltIn(id);
  return builtIn === undefined ? toOwn(deps, getOwnRow(deps, id)) : toBuiltIn(deps, builtIn);
}

/** Up to `limit` prices after the cursor, an id; the built-in ones first, own ones oldest first. */
export function listPrices(
  deps: PricesDeps,
  data: { after: string | null; limit: number },
): PriceShape[] {
  const after = data.after ?? "";
  const builtIn = BUILT_IN_PRICES.filter(({ id }) => id > after).slice(0, data.limit);
  const rows = deps.db.orm
    .select()
    .from(prices)
    .where(gt(prices.id, after))
    .orderBy(asc(prices.id))
    .limit(data.limit - builtIn.length)
    .all();
  return [
    ...builtIn.map((price) => toBuiltIn(deps, price)),
    ...rows.map((row) => toOwn(deps, row)),
  ];
}

type Amounts = Pick<PricePatch, "input" | "cachedInput" | "output">;

/** In millionths; throws VALIDATION_ERROR where an amount has more decimals than six. */
function readAmounts<T extends Amounts>(amounts: T): T {
  const read = Object.entries(amounts).map(([name, usd]: [string, number | null | undefined]) => {
    if (usd == null) return [name, usd];
    if (toMicros(usd) / 1e6 === usd) return [name, toMicros(usd)];
    const message = "Prices have at most six decimals, for a million tokens.";
    throw invalid({ path: `/${name}`, code: "INVALID", message });
  });
  return Object.fromEntries(read);
}

/** The first moment of a day such as `2026-01-31`, in UTC; throws VALIDATION_ERROR. */
function readDay(text: string): number {
  const at = Date.parse(text);
  // A day that is none runs over into the next month.
  if (at >= 0 && toDay(at) === text) return at;
  const message = "Give a day from 1970 on, such as 2026-01-31.";
  throw invalid({ path: "/validFrom", code: "TIME_INVALID", message });
}

/** Of what a price may be: a type, or a provider that there is. Runs inside a write. */
function requireProvider(deps: PricesDeps, provider: string): void {
  if (PRICED_TYPES.some((type) => type === provider)) return;
  const row = deps.db.orm
    .select({ type: providers.type })
    .from(providers)
    .where(eq(providers.id, provider))
    .get();
  if (row !== undefined && row.type !== "echo") return;
  const message = `Give the id of a provider other than echo, or one of: ${PRICED_TYPES.join(", ")}.`;
  throw invalid({ path: "/provider", code: "PROVIDER_UNKNOWN", message });
}

/** Throws PRICE_EXISTS where another price has that provider, model and day; runs inside a write. */
function requireFree(deps: PricesDeps, row: Omit<PriceRow, "createdAt" | "updatedAt">): void {
  const { provider, model, validFrom } = row;
  const same = and(
    eq(prices.provider, provider),
    eq(prices.model, model),
    eq(prices.validFrom, validFrom),
    ne(prices.id, row.id),
  );
  const found = deps.db.orm.select({ id: prices.id }).from(prices).where(same).get();
  if (found !== undefined) throw new AppError("PRICE_EXISTS");
}

function requireRoom(deps: PricesDeps): void {
  const stored = deps.db.orm.select({ count: count() }).from(prices).get()?.count ?? 0;
  if (stored >= MAX_PRICES) throw new AppError("TOO_MANY_PRICES");
}

/** Writes, and has the prices read again once that is on disk. */
async function change<T>(deps: PricesDeps, job: () => T): Promise<T> {
  return deps.writer.write(job, () => deps.prices.renew());
}

/** Stores a price of the owner's. */
export async function createPrice(deps: PricesDeps, data: PriceCreate): Promise<PriceShape> {
  const { provider, model, input, output, cachedInput = null } = data;
  const amounts = readAmounts({ input, cachedInput, output });
  const row = await change(deps, () => {
    const now = deps.clock.now();
    requireProvider(deps, provider);
    requireRoom(deps);
    const validFrom = readDay(data.validFrom ?? toDay(now));
    const key = { id: formatId("prc", deps.ids.uid()), provider, model, validFrom };
    requireFree(deps, { ...key, ...amounts });
    return deps.db.orm
      .insert(prices)
      .values({ ...key, ...amounts, createdAt: now, updatedAt: now })
      .returning()
      .get();
  });
  return toOwn(deps, row);
}

/** Changes a price of the owner's; what the patch leaves out stays. */
export async function changePrice(
  deps: PricesDeps,
  data: { id: string; patch: PricePatch },
): Promise<PriceShape> {
  const { validFrom, ...amounts } = data.patch;
  const columns = {
    ...readAmounts(amounts),
    ...(validFrom === undefined ? {} : { validFrom: readDay(validFrom) }),
  };
  const row = await change(deps, () => {
    const before = getOwnRow(deps, data.id);
    requireFree(deps, { ...before, ...columns });
    return deps.db.orm
      .update(prices)
      .set({ ...columns, updatedAt: deps.clock.now() })
      .where(eq(prices.id, data.id))
      .returning()
      .get();
  });
  return toOwn(deps, row);
}

/** Removes a price of the owner's: a built-in one of the same model holds again. */
export async function deletePrice(deps: PricesDeps, id: string): Promise<void> {
  await change(deps, () => {
    getOwnRow(deps, id);
    deps.db.orm.delete(prices).where(eq(prices.id, id)).run();
  });
}

/** Removes the prices of a provider that is deleted; runs inside a write. */
export function deletePricesOf(deps: { db: Db }, providerId: string): void {
  deps.db.orm.delete(prices).where(eq(prices.provider, providerId)).run();
}
