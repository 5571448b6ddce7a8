// Who may call what: reading the header, and what a grant covers, as pure functions.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bearerOf, covers, grantOf } from "../../src/auth/guard";
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
  scope,
  agentId,
});

describe("covers", () => {
  const SCOPE_ROWS = SCOPES.flatMap((has, rank) =>
    SCOPES.map((needs, wanted): [Scope, Scope, boolean] => [has, needs, rank >= wanted]),
  );
  test.each(SCOPE_ROWS)("%s for %s: %p", (has, needs, expected) => {
    expect(covers(grantFor(has), { scope: needs, path: "/anything" })).toBe(expected);
  });

  const PATHS: [path: string, inside: boolean][] = [
    ["/agents/agt_1", true],
    ["/agents/agt_1/", true],
    ["/agents/agt_1/executions/x", true],
    ["/agents/agt_1/webhook/secrets", true],
    ["/agents", false],
    ["/agents/", false],
    ["/agents/agt_10", false],
    ["/agents/agt_2", false],
    ["/agents/AGT_1", false],
    ["/agents/agt_1%2f", false],
    ["/x/agents/agt_1/", false],
    ["/deliveries", false],
    ["/providers/agt_1", false],
    ["/", false],
  ];
  test.each(PATHS)("an agent's own token on %s: %p", (path, inside) => {
    expect(covers(grantFor("admin", "agt_1"), { scope: "read", path })).toBe(inside);
  });

  test("never gives an agent's token more than the same token without an agent", () => {
    const scopes = fc.constantFrom(...SCOPES);
    fc.assert(
      fc.property(scopes, scopes, fc.webPath(), (has, needs, path) => {
        const bound = covers(grantFor(has, "agt_1"), { scope: needs, path });
        return !bound || covers(grantFor(has), { scope: needs, path });
      }),
    );
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
