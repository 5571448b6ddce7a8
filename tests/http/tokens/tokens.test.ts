// API tokens through the API: made once, listed without their text, and refused once deleted.

import { describe, expect, test } from "bun:test";
import { insertToken, makeToken } from "../../../src/auth/tokens.store";
import { sha256 } from "../../../src/lib/crypto";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createRecordedLog } from "../../support/recorded-log";
import { addToken } from "../../support/tokens";

const create = (app: TestApp, patch: Record<string, unknown> = {}) =>
  app.api("POST /tokens", { name: "deploy", scope: "operate", ...patch });

/** What the app answers to that token, as a list of status codes by call. */
async function statusesOf(app: TestApp, token: string, calls: string[]): Promise<number[]> {
  const statuses = [];
  for (const call of calls) statuses.push((await app.api(call, undefined, token)).status);
  return statuses;
}

const LATER = "2026-01-01T01:00:00.000Z";
const NOT_FOUND = { status: 404, code: "NOT_FOUND" };

describe("a token that is made", () => {
  test("is answered with its text, which nothing shows again", async () => {
    const app = await createTestApp();
    const made = await create(app);
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/tokens/${made.data.id}`);
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { token, ...rest } = made.data;
    expect(token).toMatch(/^hk_live_[A-Za-z0-9_-]{43}$/);
    expect(rest).toEqual({
      id: expect.stringMatching(/^key_[0-9a-f-]{36}$/),
      name: "deploy",
      scope: "operate",
      agentId: null,
      createdAt: "2026-01-01T00:00:00.000Z",
      expiresAt: null,
      lastUsedAt: null,
    });
    for (const path of ["/tokens", `/tokens/${rest.id}`]) {
      const shown = await app.api(`GET ${path}`);
      expectAnswer(shown, { status: 200, hides: [token, token.slice(8), token.slice(-4)] });
    }
    expect((await app.api(`GET /tokens/${rest.id}`)).data).toEqual(rest);
  });

  test("works at once, within its scope", async () => {
    const app = await createTestApp();
    const { token } = (await create(app, { scope: "read" })).data;
    const calls = ["GET /agents", "GET /tokens", "POST /agents"];
    expect(await statusesOf(app, token, calls)).toEqual([200, 403, 403]);
  });

  test("for an agent works on that agent alone, and never on tokens", async () => {
    const app = await createTestApp();
    const [own, other] = [await app.agent(), await app.agent()];
    const { token, agentId } = (await create(app, { scope: "admin", agentId: own.id })).data;
    expect(agentId).toBe(own.id);
    const calls = [
      `GET /agents/${own.id}`,
      `GET /agents/${other.id}`,
      "GET /agents",
      "GET /tokens",
      "POST /tokens",
    ];
    expect(await statusesOf(app, token, calls)).toEqual([200, 403, 403, 403, 403]);
  });

  test("is not found any more once its agent is deleted, and names nothing else", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { token } = (await create(app, { scope: "admin", agentId: id })).data;
    await app.api(`DELETE /agents/${id}`);
    expect(await statusesOf(app, token, [`GET /agents/${id}`, "GET /agents"])).toEqual([404, 403]);
  });

  test("ends at the millisecond of its expiry, and stays in the list", async () => {
    const app = await createTestApp();
    const { token, id, expiresAt } = (await create(app, { expiresAt: LATER })).data;
    expect(expiresAt).toBe(LATER);
    app.clock.advance(3_600_000 - 1);
    expect(await statusesOf(app, token, ["GET /agents"])).toEqual([200]);
    app.clock.advance(1);
    expect(await statusesOf(app, token, ["GET /agents"])).toEqual([401]);
    expect((await app.api("GET /tokens")).data[0].id).toBe(id);
  });

  const TIMES: [text: string, at: string][] = [
    ["2026-01-01T01:00Z", LATER],
    ["2026-01-01T01:00:00Z", LATER],
    ["2026-01-01T03:00:00+02:00", LATER],
    ["2025-12-31T20:30:00.5-04:30", "2026-01-01T01:00:00.500Z"],
  ];
  test.each(TIMES)("may expire at %s", async (expiresAt, at) => {
    const app = await createTestApp();
    expect((await create(app, { expiresAt })).data.expiresAt).toBe(at);
  });

  test("keeps working over a restart", async () => {
    const app = await createTestApp();
    const { token } = (await create(app)).data;
    expect(await statusesOf(await restart(app), token, ["GET /agents"])).toEqual([200]);
  });
});

describe("when a token was used last", () => {
  const lastUse = async (app: TestApp, id: string): Promise<string | null> => {
    await app.tokenUses.flush();
    return (await app.api(`GET /tokens/${id}`)).data.lastUsedAt;
  };

  test("is shown, whatever its requests were answered", async () => {
    const app = await createTestApp();
    const { id, token } = (await create(app)).data;
    expect(await lastUse(app, id)).toBeNull();
    app.clock.advance(1_000);
    await statusesOf(app, token, ["GET /agents"]);
    expect(await lastUse(app, id)).toBe("2026-01-01T00:00:01.000Z");
    app.clock.advance(1_000);
    expect(await statusesOf(app, token, ["GET /tokens"])).toEqual([403]);
    expect(await lastUse(app, id)).toBe("2026-01-01T00:00:02.000Z");
  });

  test("is not moved by requests after its expiry", async () => {
    const app = await createTestApp();
    const { id, token } = (await create(app, { expiresAt: LATER })).data;
    app.clock.advance(3_600_000);
    expect(await statusesOf(app, token, ["GET /agents"])).toEqual([401]);
    expect(await lastUse(app, id)).toBeNull();
  });

  test("is known after a restart", async () => {
    const app = await createTestApp();
    const { id, token } = (await create(app)).data;
    await statusesOf(app, token, ["GET /agents"]);
    await app.tokenUses.flush();
    expect(await lastUse(await restart(app), id)).toBe("2026-01-01T00:00:00.000Z");
  });
});

describe("a token is refused", () => {
  const BAD: [name: string, patch: Record<string, unknown>, shows: string[]][] = [
    ["without a name", { name: undefined }, ["/name"]],
    ["with an empty name", { name: "" }, ["/name"]],
    ["with a name of 101 characters", { name: "x".repeat(101) }, ["/name"]],
    ["with the name of the setting's token", { name: "HOOKLINE_ADMIN_TOKEN" }, ["NAME_RESERVED"]],
    ["without a scope", { scope: undefined }, ["/scope"]],
    ["with another scope", { scope: "root" }, ["/scope"]],
    ["with a scope in capitals", { scope: "ADMIN" }, ["/scope"]],
    ["with a list of scopes", { scope: ["read"] }, ["/scope"]],
    ["for an unknown agent", { agentId: "agt_unknown" }, ["/agentId", "AGENT_UNKNOWN"]],
    ["for no agent by an empty id", { agentId: "" }, ["/agentId"]],
    ["with an expiry that is over", { expiresAt: "2025-12-31T23:59:59.999Z" }, ["TIME_PAST"]],
    ["with an expiry that is now", { expiresAt: "2026-01-01T00:00:00Z" }, ["TIME_PAST"]],
    ["with a day alone", { expiresAt: "2027-01-31" }, ["/expiresAt", "TIME_INVALID"]],
    ["with a time without offset", { expiresAt: "2027-01-31T09:30:00" }, ["TIME_INVALID"]],
    ["with a time that is none", { expiresAt: "2027-13-31T09:30:00Z" }, ["TIME_INVALID"]],
    ["with a time after the year 9999", { expiresAt: "9999-12-31T23:59-01:00" }, ["TIME_INVALID"]],
    ["with a day that no month has", { expiresAt: "2027-02-30T09:30:00Z" }, ["TIME_INVALID"]],
    ["with words for a time", { expiresAt: "tomorrow" }, ["TIME_INVALID"]],
    ["with a number for a time", { expiresAt: 1_800_000_000 }, ["/expiresAt"]],
    ["with an unknown key", { expiresInDays: 7 }, ["/expiresInDays"]],
    ["with a text of the caller's", { token: `hk_live_${"a".repeat(43)}` }, ["/token"]],
  ];
  test.each(BAD)("%s, and none is made", async (_name, patch, shows) => {
    const app = await createTestApp();
    expectAnswer(await create(app, patch), { status: 422, code: "VALIDATION_ERROR", shows });
    expect((await app.api("GET /tokens")).data).toHaveLength(1);
  });

  test("for an agent that is deleted", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.api(`DELETE /agents/${id}`);
    const shows = ["AGENT_UNKNOWN"];
    const refused = await create(app, { agentId: id });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", shows });
  });

  test("beyond 1,000, until one is deleted", async () => {
    const app = await createTestApp();
    await app.writer.write(() => {
      for (let made = 1; made < 999; made += 1) {
        insertToken(app.deps, { text: makeToken(), name: "many", scope: "read" });
      }
    });
    const { id } = (await create(app)).data;
    expectAnswer(await create(app), { status: 409, code: "TOO_MANY_TOKENS", shows: ["delete"] });
    expect((await app.api(`DELETE /tokens/${id}`)).status).toBe(204);
    expect((await create(app)).status).toBe(201);
  });
});

describe("the list", () => {
  test("has the newest first, in pages without gaps", async () => {
    const app = await createTestApp();
    const ids: string[] = [];
    for (const name of ["a", "b", "c", "d"]) ids.unshift((await create(app, { name })).data.id);
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const { body } = await app.api(`GET /tokens?limit=2${query}`);
      expect(body.page.hasMore).toBe(body.page.nextCursor !== null);
      found.push(...body.data.map((token: { id: string }) => token.id));
      cursor = body.page.nextCursor;
    } while (cursor !== null);
    expect(found.slice(0, 4)).toEqual(ids);
    expect(found).toHaveLength(5);
  });

  test("tells nothing but the fields of a token", async () => {
    const app = await createTestApp();
    const { data, text } = await app.api("GET /tokens");
    expect(Object.keys(data[0]).toSorted()).toEqual(
      ["agentId", "createdAt", "expiresAt", "id", "lastUsedAt", "name", "scope"].toSorted(),
    );
    expect(text).not.toContain(ADMIN_TOKEN.slice(8));
  });

  test.each(["limit=0", "limit=201", "cursor=KEY", "cursor=", "scope=read"])(
    "refuses %s",
    async (query) => {
      const app = await createTestApp();
      const refused = await app.api(`GET /tokens?${query}`);
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    },
  );
});

describe("a token that is deleted", () => {
  test("is refused at once and gone, and others work on", async () => {
    const app = await createTestApp();
    const [gone, kept] = [(await create(app)).data, (await create(app)).data];
    const deleted = await app.api(`DELETE /tokens/${gone.id}`);
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect(await statusesOf(app, gone.token, ["GET /agents"])).toEqual([401]);
    expect(await statusesOf(app, kept.token, ["GET /agents"])).toEqual([200]);
    expectAnswer(await app.api(`GET /tokens/${gone.id}`), NOT_FOUND);
    expectAnswer(await app.api(`DELETE /tokens/${gone.id}`), NOT_FOUND);
    expect(await statusesOf(await restart(app), gone.token, ["GET /agents"])).toEqual([401]);
  });

  test("may be the one that asks", async () => {
    const app = await createTestApp();
    const { id, token } = (await create(app, { scope: "admin" })).data;
    expect(await statusesOf(app, token, [`DELETE /tokens/${id}`, "GET /agents"])).toEqual([
      204, 401,
    ]);
  });
});

describe("the last admin token without an expiry", () => {
  const LAST = { status: 409, code: "LAST_ADMIN_TOKEN", shows: ["create another one first"] };
  const idOfFirst = async (app: TestApp): Promise<string> =>
    (await app.api("GET /tokens")).data.at(-1).id;

  test("stays, whatever else there is, and keeps working", async () => {
    const app = await createTestApp();
    const { id: agentId } = await app.agent();
    const first = await idOfFirst(app);
    await addToken(app, { scope: "operate" });
    await addToken(app, { scope: "admin", agentId });
    const expiring = await addToken(app, {
      scope: "admin",
      expiresAt: app.clock.now() + 3_600_000,
    });
    expectAnswer(await app.api(`DELETE /tokens/${first}`), LAST);
    expectAnswer(await app.api(`DELETE /tokens/${first}`, undefined, expiring), LAST);
    expect((await app.api("GET /tokens")).data).toHaveLength(4);
  });

  test("goes once there is another", async () => {
    const app = await createTestApp();
    const first = await idOfFirst(app);
    const { id, token } = (await create(app, { scope: "admin" })).data;
    expect((await app.api(`DELETE /tokens/${first}`)).status).toBe(204);
    expectAnswer(await app.api(`DELETE /tokens/${id}`, undefined, token), LAST);
  });

  test("is one of two that are deleted at once", async () => {
    const app = await createTestApp();
    const first = await idOfFirst(app);
    const second = (await create(app, { scope: "admin" })).data;
    const answers = await Promise.all([
      app.api(`DELETE /tokens/${first}`),
      app.api(`DELETE /tokens/${second.id}`),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409]);
  });

  test("does not keep the others", async () => {
    const app = await createTestApp();
    for (const scope of ["read", "operate", "admin"]) {
      const { id } = (await create(app, { scope, expiresAt: LATER })).data;
      expect((await app.api(`DELETE /tokens/${id}`)).status).toBe(204);
    }
  });
});

test("neither a token nor its digest is in a log line or in any answer but the first", async () => {
  const log = createRecordedLog();
  const app = await createTestApp({ log });
  const { token, id } = (await create(app, { scope: "admin" })).data;
  const digest = Buffer.from(sha256(token));
  const secrets = [token.slice(8), digest.toString("hex"), digest.toString("base64")];
  const answers = [
    await app.api("GET /tokens", undefined, token),
    await app.api(`GET /tokens/${id}`, undefined, token),
    await app.api("POST /tokens", { name: token, scope: token, agentId: token }, token),
    await app.api(`DELETE /tokens/${token}`, undefined, token),
    await app.api(`DELETE /tokens/${id}`, undefined, token),
    await app.api("GET /tokens", undefined, token),
  ];
  const told = answers.map(({ headers, text }) => `${JSON.stringify([...headers])}${text}`).join();
  for (const secret of secrets) expect(told + JSON.stringify(log.lines)).not.toContain(secret);
});

test("an unknown token id is not found, whatever it looks like", async () => {
  const app = await createTestApp();
  for (const id of ["key_x", "key_00000000-0000-7000-8000-000000000000", "*", "%25", ADMIN_TOKEN]) {
    expectAnswer(await app.api(`GET /tokens/${id}`), NOT_FOUND);
    expectAnswer(await app.api(`DELETE /tokens/${id}`), NOT_FOUND);
  }
});
