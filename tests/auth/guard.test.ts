// Who may call what: reading the header, and what a grant covers, as pure functions.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { agentOf, bearerOf, covers, grantOf } from "../../src/auth/guard";
import type { Grant } from "../../src/auth/tokens.store";
import type { Scope } from "../../src/vocabulary";
import { SCOPES } from "../../src/vocabulary";
import { ADMIN_TOKEN, createTestApp } from "../support/app";

const requestWith = (authorization?: string): Request =>
  new Request(
    "http://localhost/",
    authorization === undefined ? {} : { headers: { authorization } },
  );

describe("bearerOf", () => {
  const ROWS: [header: string | undefined, token: string | null][] = [
    [undefined, null],
    ["", null],
    ["Bearer", null],
    ["Bearer ", null],
    ["Bearer x", "x"],
    ["bearer x", "x"],
    ["BEARER   x", "x"],
    ["Bearer x ", "x"],
    ["Bearer x y", null],
    ["Bearer\tx", null],
    ["Bearerx", null],
    ["x Bearer y", null],
    ["Basic x", null],
    ["Bearer a.b-c_d~e+f/g=", "a.b-c_d~e+f/g="],
    ["Bearer x, Bearer x", null],
  ];
  test.each(ROWS)("of %j is %j", (header, token) => {
    expect(bearerOf(requestWith(header))).toBe(token);
  });
});

const grantFor = (scope: Scope, agentId: string | null = null): Grant => ({
  id: "key_1",
  scope,
  agentId,
});

describe("covers", () => {
  const SCOPE_ROWS = SCOPES.flatMap((has, rank) =>
    SCOPES.map((needs, wanted): [Scope, Scope, boolean] => [has, needs, rank >= wanted]),
  );
  test.each(SCOPE_ROWS)("%s for %s: %p", (has, needs, expected) => {
    expect(covers(grantFor(has), { scope: needs, agentId: "agt_1" })).toBe(expected);
    expect(covers(grantFor(has), { scope: needs, agentId: null })).toBe(expected);
  });

  const AGENTS: [agentId: string | null, inside: boolean][] = [
    ["agt_1", true],
    ["agt_10", false],
    ["agt_2", false],
    ["AGT_1", false],
    ["agt_1/../agt_2", false],
    ["", false],
    [null, false],
  ];
  test.each(AGENTS)("an agent's own token on a route of %j: %p", (agentId, inside) => {
    expect(covers(grantFor("admin", "agt_1"), { scope: "read", agentId })).toBe(inside);
  });

  test("never gives an agent's token more than the same token without an agent", () => {
    const scopes = fc.constantFrom(...SCOPES);
    const agents = fc.option(fc.constantFrom("agt_1", "agt_2"));
    fc.assert(
      fc.property(scopes, scopes, agents, (has, needs, agentId) => {
        const bound = covers(grantFor(has, "agt_1"), { scope: needs, agentId });
        return !bound || covers(grantFor(has), { scope: needs, agentId });
      }),
    );
  });
});

describe("agentOf", () => {
  const ROUTES: [route: string, params: Record<string, string> | undefined, id: string | null][] = [
    ["/agents/:id", { id: "agt_1" }, "agt_1"],
    ["/agents/:id/webhook/secrets", { id: "agt_1" }, "agt_1"],
    ["/agents/:id/executions/:executionId", { id: "agt_1", executionId: "agt_2" }, "agt_1"],
    ["/agents", undefined, null],
    ["/agents/:id", undefined, null],
    ["/providers/:id", { id: "agt_1" }, null],
    ["/tokens/:id", { id: "agt_1" }, null],
    ["/deliveries/:deliveryId", { deliveryId: "agt_1" }, null],
    ["/agents/:identity", { id: "agt_1" }, null],
    ["/x/agents/:id", { id: "agt_1" }, null],
  ];
  test.each(ROUTES)("of %s with %j is %j", (route, params, id) => {
    expect(agentOf({ route, params })).toBe(id);
  });
});

describe("grantOf", () => {
  test("is the token's, and null without one that is known", async () => {
    const app = await createTestApp();
    const grant = grantOf(app.deps, requestWith(`Bearer ${ADMIN_TOKEN}`));
    expect(grant).toMatchObject({ scope: "admin", agentId: null });
    expect(grantOf(app.deps, requestWith())).toBeNull();
    expect(grantOf(app.deps, requestWith("Bearer hk_live_unknown"))).toBeNull();
    expect(grantOf(app.deps, requestWith(`Basic ${ADMIN_TOKEN}`))).toBeNull();
  });
});
