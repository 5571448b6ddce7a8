// What the contract has and this version has not: refused on save by name, stored nowhere.

import { describe, expect, test } from "bun:test";
import { BUILT_PRESETS, PRESETS } from "../../../src/vocabulary";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const missing = <T extends string>(all: readonly T[], built: readonly string[]): T[] =>
  all.filter((word) => !built.includes(word));

type Row = [name: string, webhook: unknown, path: string];

const WEBHOOK: Row[] = [
  ...missing(PRESETS, BUILT_PRESETS).map((preset): Row => [
    `auth.preset ${preset}`,
    { auth: { type: "hmac", preset } },
    "/webhook/auth/preset",
  ]),
  ["auth.custom", { auth: { type: "hmac", custom: { header: "x" } } }, "/webhook/auth/custom"],
  ["limits.overflow coalesce", { limits: { overflow: "coalesce" } }, "/webhook/limits/overflow"],
  [
    "limits.coalesceKey",
    { limits: { coalesceKey: "{{input.id}}" } },
    "/webhook/limits/coalesceKey",
  ],
  ["filter.events", { filter: { events: ["push"] } }, "/webhook/filter"],
  ["filter.expression", { filter: { expression: "true" } }, "/webhook/filter"],
  ["an empty filter", { filter: {} }, "/webhook/filter"],
  ["callback", { callback: { url: "https://x.test", secret: "s" } }, "/webhook/callback"],
  ["callback false", { callback: false }, "/webhook/callback"],
];

interface Detail {
  path?: string;
  nodeId?: string;
  field?: string;
  code: string;
  message: string;
}

/** Refused as a whole, and the agent is what it was. */
async function expectRefusal(app: TestApp, patch: unknown): Promise<Detail[]> {
  const { id } = await app.agent();
  const before = (await app.api(`GET /agents/${id}`)).data;
  const refused = await app.api(`PATCH /agents/${id}`, patch);
  expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
  expect((await app.api(`GET /agents/${id}`)).data).toEqual(before);
  const made = await app.api("POST /agents", { name: "x", ...(patch as object) });
  expectAnswer(made, { status: 422, code: "VALIDATION_ERROR" });
  expect((await app.api("GET /agents")).data).toHaveLength(1);
  return refused.error.details;
}

describe("a webhook's", () => {
  test.each(WEBHOOK)("%s is refused by name", async (_name, webhook, path) => {
    const app = await createTestApp();
    const details = await expectRefusal(app, { webhook });
    expect(details).toMatchObject([{ path, code: "VALUE_UNAVAILABLE" }]);
    expect(details[0]?.message).toContain(path.split("/").at(-1) ?? "");
  });

  test("unbuilt settings are all named at once", async () => {
    const app = await createTestApp();
    const details = await expectRefusal(app, {
      webhook: {
        auth: { type: "hmac", preset: "stripe", custom: {} },
        limits: { overflow: "coalesce", coalesceKey: "k" },
        filter: {},
        callback: {},
      },
    });
    expect(
      details.map((detail) => String(detail.path).replace("/webhook/", "")).toSorted(),
    ).toEqual([
      "auth/custom",
      "auth/preset",
      "callback",
      "filter",
      "limits/coalesceKey",
      "limits/overflow",
    ]);
  });

  test("unbuilt settings may be null, which leaves them as they are", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const webhook = {
      auth: { custom: null },
      limits: { overflow: null, coalesceKey: null },
      filter: null,
      callback: null,
    };
    const { data } = await app.api(`PATCH /agents/${id}`, { webhook });
    expect(Object.keys(data.webhook).toSorted()).toEqual([
      "allow",
      "auth",
      "limits",
      "respond",
      "secrets",
    ]);
  });
});
