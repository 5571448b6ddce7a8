// Every route with every kind of credential: who is let in, and that nobody else is.

import { describe, expect, test } from "bun:test";
import { createAssets } from "../../../src/ops/swagger/page";
import { SCOPES } from "../../../src/vocabulary";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { bearerHeaders } from "../../support/signing";
import { addToken } from "../../support/tokens";
import type { RouteRow } from "./routes";
import { ROUTES } from "./routes";

const routesOf = (app: TestApp): string[] =>
  app.app.routes.map((route) => `${route.method} ${route.path}`);

/** An app with one of everything that a path may name. */
async function prepare() {
  const app = await createTestApp();
  const own = await agentWithSecret(app, { auth: { type: "bearer" } });
  const other = await agentWithSecret(app, { auth: { type: "bearer" } });
  const sent = await app.deliver(own.id, "1", { headers: bearerHeaders(SECRET) });
  await app.pool.idle();
  const executionId: string = sent.data.executionId;
  const body = { type: "openai-compatible", name: "p", baseUrl: "https://x.test/v1" };
  const provider = await app.api("POST /providers", body);
  const url = "https://x.test/";
  const tool = await app.api("POST /tools", { type: "http", name: "t", method: "GET", url });
  const amounts = { provider: "openai", model: "m", input: 1, output: 2 };
  const price = await app.api("POST /prices", amounts);
  await app.api("PUT /secrets/KEPT", { value: "x" });
  const token = await app.api("POST /tokens", { name: "t", scope: "read" });
  const names: Record<string, string> = {
    ":executionId": executionId,
    ":deliveryId": executionId.replace("exec_", "dlv_"),
    ":version": "1",
    ":name": "KEPT",
    ":asset": [...createAssets().keys()][0] ?? "",
  };
  const readToken = (sent.headers.get("location") ?? "").split("token=")[1] ?? "";
  const pathOf = (route: string): string => {
    const path = route.split(" ")[1] ?? "";
    const things: Record<string, string> = {
      providers: provider.data.id,
      prices: price.data.id,
      tools: tool.data.id,
      tokens: token.data.id,
    };
    const id = things[path.split("/")[1] ?? ""] ?? own.id;
    return path.replace(":id", id).replaceAll(/:\w+/g, (name) => names[name] ?? name);
  };
  return { app, own, other, readToken, pathOf };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

interface Credential {
  authorization?: string;
  query?: string;
}

const bearer = (text: string): Credential => ({ authorization: `Bearer ${text}` });

const stored = async (app: TestApp, token: Parameters<typeof addToken>[1]): Promise<Credential> =>
  bearer(await addToken(app, token));

/** Credentials by name: what of a request they make. */
const CREDENTIALS: Record<string, (data: Prepared) => Promise<Credential>> = {
  none: async () => ({}),
  empty: async () => bearer(""),
  malformed: async ({ app }) => bearer(`${await addToken(app, { scope: "admin" })} x`),
  "of another scheme": async ({ app }) => ({
    authorization: `Basic ${btoa(`x:${await addToken(app, { scope: "admin" })}`)}`,
  }),
  wrong: async () => bearer("hk_live_wrong-wrong-wrong-wrong-wrong-wrong"),
  read: ({ app }) => stored(app, { scope: "read" }),
  operate: ({ app }) => stored(app, { scope: "operate" }),
  admin: ({ app }) => stored(app, { scope: "admin" }),
  "own read": ({ app, own }) => stored(app, { scope: "read", agentId: own.id }),
  "own operate": ({ app, own }) => stored(app, { scope: "operate", agentId: own.id }),
  "own admin": ({ app, own }) => stored(app, { scope: "admin", agentId: own.id }),
  "other read": ({ app, other }) => stored(app, { scope: "read", agentId: other.id }),
  "other operate": ({ app, other }) => stored(app, { scope: "operate", agentId: other.id }),
  "other admin": ({ app, other }) => stored(app, { scope: "admin", agentId: other.id }),
  expired: ({ app }) => stored(app, { scope: "admin", expiresAt: app.clock.now() }),
  deleted: async ({ app }) => {
    const { data } = await app.api("POST /tokens", { name: "gone", scope: "admin" });
    await app.api(`DELETE /tokens/${data.id}`);
    return bearer(data.token);
  },
  "webhook secret": async () => bearer(SECRET),
  "read link": async ({ readToken }) => ({ query: `?token=${readToken}` }),
  "read link as bearer": async ({ readToken }) => bearer(readToken),
};

/** The scope that a credential has, and the routes on which it has it. */
const GRANTS: Record<string, { scope: (typeof SCOPES)[number]; on: "all" | "own" | "other" }> = {
  read: { scope: "read", on: "all" },
  operate: { scope: "operate", on: "all" },
  admin: { scope: "admin", on: "all" },
  "own read": { scope: "read", on: "own" },
  "own operate": { scope: "operate", on: "own" },
  "own admin": { scope: "admin", on: "own" },
  "other read": { scope: "read", on: "other" },
  "other operate": { scope: "operate", on: "other" },
  "other admin": { scope: "admin", on: "other" },
};

/** The status that a credential must get from a route. */
function expectedOf(route: string, data: { row: RouteRow; credential: string }): number {
  const { row, credential } = data;
  if (row.needs === "nobody") return credential === "read link" ? statusWithQuery(row) : row.status;
  if (row.needs === "webhook") return credential === "webhook secret" ? row.status : 401;
  if (credential === "read link") return row.readLink === true ? row.status : 401;
  const grant = GRANTS[credential];
  if (grant === undefined) return 401;
  const enough = SCOPES.indexOf(grant.scope) >= SCOPES.indexOf(row.needs);
  const isOwn = route.includes("/agents/:id") && row.beyondAgent !== true;
  const inside = grant.on === "all" || (grant.on === "own" && isOwn);
  return enough && inside ? row.status : 403;
}

/** A query that the route does not know; the webhook takes any. */
const statusWithQuery = (row: RouteRow): number => (row.status === 405 ? 405 : 422);

interface Call {
  row: RouteRow;
  credential: string;
  prepared: Prepared;
}

async function statusOf(route: string, { row, credential, prepared }: Call): Promise<number> {
  const made = await CREDENTIALS[credential]?.(prepared);
  const { authorization, query = "" } = made ?? {};
  const asked = [query.slice(1), row.query ?? ""].filter((part) => part !== "").join("&");
  const headers = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(row.body === undefined ? {} : { "Content-Type": "application/json" }),
  };
  const init = { method: route.split(" ")[0] ?? "", headers };
  const full = row.body === undefined ? init : { ...init, body: JSON.stringify(row.body) };
  return (
    await prepared.app.request(`${prepared.pathOf(route)}${asked === "" ? "" : `?${asked}`}`, full)
  ).status;
}

test("every route of the app has a row, and every row a route", async () => {
  const app = await createTestApp();
  expect(routesOf(app).toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

describe("lets in whom it should, and nobody else:", () => {
  test.each(Object.entries(ROUTES))("%s", async (route, row) => {
    const expected: Record<string, number> = {};
    const found: Record<string, number> = {};
    const shared = await prepare();
    for (const credential of Object.keys(CREDENTIALS)) {
      const status = expectedOf(route, { row, credential });
      // Who is let in may change what the next one would find.
      const prepared = status < 400 && !route.startsWith("GET ") ? await prepare() : shared;
      expected[credential] = status;
      found[credential] = await statusOf(route, { row, credential, prepared });
    }
    expect(found).toEqual(expected);
  });
});
