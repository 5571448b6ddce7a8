// The price table through the API: built-in and own prices, and how they stand to each other.

import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../../src/lib/clock";
import { addProvider } from "../../support/agents";
import { createTestApp, restart, type TestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const BODY = { provider: "openai", model: "gpt-4o", input: 3, cachedInput: 1.5, output: 12 };
const BUILT_IN = "openai_gpt-4o_20261127";

const start = (): Promise<TestApp> =>
  createTestApp({ clock: createManualClock(Date.parse("2027-03-01T15:00:00Z")) });

const add = (app: TestApp, patch: Record<string, unknown> = {}) =>
  app.api("POST /prices", { ...BODY, ...patch });

const isCurrent = async (app: TestApp, id: string): Promise<boolean> =>
  (await app.api(`GET /prices/${id}`)).data.current;

describe("the list", () => {
  test("has built-in prices, with their day and source, and own ones behind them", async () => {
    const app = await start();
    const { id } = (await add(app)).data;
    const all: Record<string, unknown>[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await app.api(`GET /prices?limit=20${query}`);
      all.push(...body.data);
      cursor = body.page.nextCursor;
    }
    expect(new Set(all.map((price) => price["id"])).size).toBe(all.length);
    expect(all.at(-1)).toMatchObject({ id, builtIn: false, source: null, ...BODY });
    expect(all.slice(0, -1).every((price) => price["builtIn"] === true)).toBe(true);
    expect(all.find((price) => price["id"] === BUILT_IN)).toEqual({
      id: BUILT_IN,
      provider: "openai",
      model: "gpt-4o",
      validFrom: "2026-11-27",
      input: 2.5,
      cachedInput: 1.25,
      output: 10,
      maxInputTokens: null,
      builtIn: true,
      current: false,
      source: expect.stringContaining("https://"),
      createdAt: null,
      updatedAt: null,
    });
  });
});

describe("an own price", () => {
  test("holds from today without a day, in the place of the built-in one, until it is deleted", async () => {
    const app = await start();
    expect(await isCurrent(app, BUILT_IN)).toBe(true);
    const made = await add(app);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/prices/${made.data.id}`);
    expect(made.data).toMatchObject({ ...BODY, validFrom: "2027-03-01", current: true });
    expect(await isCurrent(app, BUILT_IN)).toBe(false);
    expect((await app.api(`DELETE /prices/${made.data.id}`)).status).toBe(204);
    expectAnswer(await app.api(`GET /prices/${made.data.id}`), { status: 404, code: "NOT_FOUND" });
    expect(await isCurrent(app, BUILT_IN)).toBe(true);
  });

  test("of a later day waits for it", async () => {
    const app = await start();
    const { id, current } = (await add(app, { validFrom: "2027-03-02" })).data;
    expect(current).toBe(false);
    app.clock.advance(9 * 3_600_000);
    expect(await isCurrent(app, id)).toBe(true);
  });

  test("is changed, and what the patch leaves out stays", async () => {
    const app = await start();
    const { id } = (await add(app)).data;
    const changed = await app.api(`PATCH /prices/${id}`, { cachedInput: null, output: 0.000001 });
    expect(changed.data).toMatchObject({ ...BODY, cachedInput: null, output: 0.000001 });
    expect((await app.api(`GET /prices/${id}`)).data).toEqual(changed.data);
    const later = await app.api(`PATCH /prices/${id}`, { validFrom: "2027-03-02" });
    expect(later.data).toMatchObject({ validFrom: "2027-03-02", current: false });
    expect(await isCurrent(app, BUILT_IN)).toBe(true);
  });

  test("is there after a restart", async () => {
    const app = await start();
    const made = await add(app);
    expect((await (await restart(app)).api(`GET /prices/${made.data.id}`)).data).toEqual(made.data);
  });

  test("of a provider goes with it", async () => {
    const app = await start();
    const provider = await addProvider(app);
    const { id } = (await add(app, { provider })).data;
    await app.api(`DELETE /providers/${provider}`);
    expectAnswer(await app.api(`GET /prices/${id}`), { status: 404, code: "NOT_FOUND" });
    expect(app.deps.prices.current({ provider, model: "gpt-4o" })).toBeNull();
  });

  test("is added once for one Idempotency-Key", async () => {
    const app = await start();
    const call = { call: "POST /prices", body: BODY, headers: { "Idempotency-Key": "k" } };
    const [first, second] = [await app.send(call), await app.send(call)];
    expect(second.data).toEqual(first.data);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
  });
});

describe("is refused:", () => {
  test.each([
    ["a provider that is none", { provider: "prv_none" }, "/provider"],
    ["the provider echo", { provider: "echo" }, "/provider"],
    ["a negative amount", { input: -1 }, "/input"],
    ["an amount beyond 10,000 dollars", { output: 10_001 }, "/output"],
    ["an amount of seven decimals", { cachedInput: 0.0000001 }, "/cachedInput"],
    ["a day that is none", { validFrom: "2027-02-30" }, "/validFrom"],
    ["a time in the place of a day", { validFrom: "2027-02-20T00:00:00Z" }, "/validFrom"],
    ["a day before 1970", { validFrom: "1969-12-31" }, "/validFrom"],
    ["a key that is unknown", { price: 1 }, "/price"],
  ])("%s", async (_name, patch, path) => {
    const app = await start();
    const refused = await add(app, patch);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path }]);
  });

  test("a second price of the same provider, model and day, also by a change", async () => {
    const app = await start();
    await add(app);
    expectAnswer(await add(app), { status: 409, code: "PRICE_EXISTS" });
    const { id } = (await add(app, { validFrom: "2027-03-02" })).data;
    const moved = await app.api(`PATCH /prices/${id}`, { validFrom: "2027-03-01" });
    expectAnswer(moved, { status: 409, code: "PRICE_EXISTS" });
    expect((await app.api(`PATCH /prices/${id}`, { validFrom: "2027-03-02" })).status).toBe(200);
  });

  test("a change of a built-in price, and its deletion", async () => {
    const app = await start();
    const refusals = [
      await app.api(`PATCH /prices/${BUILT_IN}`, { input: 1 }),
      await app.api(`DELETE /prices/${BUILT_IN}`),
    ];
    for (const refused of refusals) expectAnswer(refused, { status: 409, code: "PRICE_BUILT_IN" });
    expect((await app.api(`GET /prices/${BUILT_IN}`)).data.input).toBe(2.5);
  });

  test("more than a thousand prices", async () => {
    const app = await start();
    app.db.raw.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
      insert into prices select 'prc_x' || i, 'openai', 'm' || i, 0, 1, 1, 1, 0, 0 from n`);
    expectAnswer(await add(app), { status: 409, code: "TOO_MANY_PRICES" });
  });
});
