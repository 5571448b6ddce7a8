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
  const names: Record<string, string> = {
    ":executionId": executionId,
    ":deliveryId": executionId.replace("exec_", "dlv_"),
    ":version": "1",
    ":asset": [...createAssets().keys()][0] ?? "",
  };
  const readToken = (sent.headers.get("location") ?? "").split("token=")[1] ?? "";
  const pathOf = (route: string): string => {
    const path = route.split(" ")[1] ?? "";
    const id = path.startsWith("/providers") ? provider.data.id : own.id;
    return path.replace(":id", id).replaceAll(/:\w+/g, (name) => names[name] ?? name);
  };
  return { app, own, other, readToken, pathOf };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Credentials by name: what of a request they make. */
const CREDENTIALS: Record<
  string,
  (data: Prepared) => Promise<{ bearer?: string; query?: string }>
> = {
  none: async () => ({}),
  empty: async () => ({ bearer: "" }),
  wrong: async () => ({ bearer: "hk_live_wrong-wrong-wrong-wrong-wrong-wrong" }),
  read: async ({ app }) => ({ bearer: await addToken(app, { scope: "read" }) }),
  operate: async ({ app }) => ({ bearer: await addToken(app, { scope: "operate" }) }),
  admin: async ({ app }) => ({ bearer: await addToken(app, { scope: "admin" }) }),
  "own read": async ({ app, own }) => ({
    bearer: await addToken(app, { scope: "read", agentId: own.id }),
  }),
  "own admin": async ({ app, own }) => ({
    bearer: await addToken(app, { scope: "admin", agentId: own.id }),
  }),
  "other admin": async ({ app, other }) => ({
    bearer: await addToken(app, { scope: "admin", agentId: other.id }),
  }),
  expired: async ({ app }) => ({
    bearer: await addToken(app, { scope: "admin", expiresAt: app.clock.now() }),
  }),
  "webhook secret": async () => ({ bearer: SECRET }),
  "read link": async ({ readToken }) => ({ query: `?token=${readToken}` }),
  "read link as bearer": async ({ readToken }) => ({ bearer: readToken }),
};

/** The scope that a credential has on the agent's own routes, and whether only there. */
const GRANTS: Record<string, { scope: (typeof SCOPES)[number]; bound: boolean }> = {
  read: { scope: "read", bound: false },
  operate: { scope: "operate", bound: false },
  admin: { scope: "admin", bound: false },
  "own read": { scope: "read", bound: true },
  "own admin": { scope: "admin", bound: true },
};

/** The status that a credential must get from a route. */
function expectedOf(route: string, data: { row: RouteRow; credential: string }): number {
  const { row, credential } = data;
  if (row.needs === "nobody") return credential === "read link" ? statusWithQuery(row) : row.status;
  if (row.needs === "webhook") return credential === "webhook secret" ? row.status : 401;
  if (credential === "read link") return row.readLink === true ? row.status : 401;
  if (credential === "other admin") return 403;
  const grant = GRANTS[credential];
  if (grant === undefined) return 401;
  const enough = SCOPES.indexOf(grant.scope) >= SCOPES.indexOf(row.needs);
  const inside = !grant.bound || route.includes("/agents/:id");
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
  const { bearer, query = "" } = made ?? {};
  const headers = {
    ...(bearer === undefined ? {} : bearerHeaders(bearer)),
    ...(row.body === undefined ? {} : { "Content-Type": "application/json" }),
  };
  const init = { method: route.split(" ")[0] ?? "", headers };
  const full = row.body === undefined ? init : { ...init, body: JSON.stringify(row.body) };
  return (await prepared.app.request(prepared.pathOf(route) + query, full)).status;
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
