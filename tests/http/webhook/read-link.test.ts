// `Location`: a token with which a caller without an API key reads the result of its own delivery.

import { describe, expect, test } from "bun:test";
import { agentOnProvider, agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound } from "../../support/held-outbound";
import { bearerHeaders } from "../../support/signing";

const DAY_MS = 24 * 3_600_000;

const follow = async (app: TestApp, location: string, init: RequestInit = {}) =>
  readAnswer(await app.request(location, init));

/** An accepted delivery whose execution has ended, and where its answer pointed. */
async function delivered(app: TestApp) {
  const agent = await app.agent();
  const answer = await app.deliver(agent.id, '{"a":1}');
  await app.pool.idle();
  const location = answer.headers.get("location") ?? "";
  const [path = "", query = ""] = location.split("?");
  const token = query.replace(/^token=/, "");
  return { agent, answer, location, path, token };
}

describe("the Location of an accepted delivery", () => {
  test("is the execution's own path with a token", async () => {
    const app = await createTestApp();
    const { agent, answer, path, token } = await delivered(app);
    expect(path).toBe(`/agents/${agent.id}/executions/${answer.data.executionId}`);
    expect(token).toMatch(/^[0-9a-z]{6}\.[A-Za-z0-9_-]{43}$/);
  });

  test("shows id, status, output and error without any credential, and nothing else", async () => {
    const app = await createTestApp();
    const { answer, location } = await delivered(app);
    const read = await follow(app, location);
    expect(read.status).toBe(200);
    expect(read.body).toEqual({
      success: true,
      data: { id: answer.data.executionId, status: "completed", output: '{"a":1}', error: null },
    });
  });

  test("shows of a failure its code alone", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound });
    const agent = await agentOnProvider(app);
    const answer = await app.deliver(agent.id, "1");
    await held.started(1);
    held.fail();
    await app.pool.idle();
    const read = await follow(app, answer.headers.get("location") ?? "");
    expect(read.data).toEqual({
      id: answer.data.executionId,
      status: "failed",
      output: null,
      error: { code: "PROVIDER_UNREACHABLE" },
    });
  });

  test("asks to come back while the execution runs", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound });
    const agent = await agentOnProvider(app);
    const answer = await app.deliver(agent.id, "1");
    await held.started(1);
    const location = answer.headers.get("location") ?? "";
    const early = await follow(app, location);
    expect(early.data).toMatchObject({ status: "running", output: null });
    expect(early.headers.get("retry-after")).toBe("1");
    held.release();
    await app.pool.idle();
    expect((await follow(app, location)).headers.get("retry-after")).toBeNull();
  });
});

describe("the Location, whoever asked for it,", () => {
  test("is given where the webhook asks for a credential as well", async () => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: { type: "bearer" } });
    const answer = await app.deliver(agent.id, "1", { headers: bearerHeaders(SECRET) });
    expect((await follow(app, answer.headers.get("location") ?? "")).status).toBe(200);
  });

  test("is for nobody to keep", async () => {
    const app = await createTestApp();
    const { location } = await delivered(app);
    const { headers } = await follow(app, location);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("still reads after a restart", async () => {
    const app = await createTestApp();
    const { location } = await delivered(app);
    expect((await follow(await restart(app), location)).status).toBe(200);
  });
});

describe("the token", () => {
  test("is good to the last second of its 24 hours", async () => {
    const app = await createTestApp();
    const { location } = await delivered(app);
    app.clock.advance(DAY_MS - 1);
    expect((await follow(app, location)).status).toBe(200);
    app.clock.advance(1);
    expectAnswer(await follow(app, location), { status: 401, code: "UNAUTHORIZED" });
  });

  test("reads no other execution, not even of the same agent", async () => {
    const app = await createTestApp();
    const { agent, token } = await delivered(app);
    const { data } = await app.deliver(agent.id, '{"other":true}');
    const path = `/agents/${agent.id}/executions/${data.executionId}`;
    const read = await follow(app, `${path}?token=${token}`);
    expectAnswer(read, { status: 401, code: "UNAUTHORIZED", hides: ["other"] });
  });

  test("reads nothing under another agent's path", async () => {
    const app = await createTestApp();
    const { answer, token } = await delivered(app);
    const other = await app.agent();
    const path = `/agents/${other.id}/executions/${answer.data.executionId}`;
    const read = await follow(app, `${path}?token=${token}`);
    expectAnswer(read, { status: 404, code: "NOT_FOUND" });
  });
});

describe("a token that was changed:", () => {
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  /** The last letter carries 4 bits of 6: its neighbour stands for the same bytes. */
  const respell = (token: string): string =>
    token.slice(0, -1) + (LETTERS[LETTERS.indexOf(token.at(-1) ?? "") ^ 1] ?? "");

  const TAMPERED: [name: string, change: (token: string) => string][] = [
    ["empty", () => ""],
    ["of other text", () => "zz.zz"],
    ["without its signature", (token) => token.replace(/\..*/, ".")],
    ["without its expiry", (token) => token.replace(/^[^.]*/, "")],
    ["with a later expiry", (token) => `zzzzzz${token.slice(6)}`],
    [
      "with a changed first letter",
      (token) => token.replace(/\../, (text) => (text === ".A" ? ".B" : ".A")),
    ],
    ["with its last letter spelt otherwise", respell],
    ["with a letter less", (token) => token.slice(0, -1)],
    ["with a letter more", (token) => `${token}A`],
    ["with a part more", (token) => `${token}.A`],
    ["with a mark that base64 skips", (token) => `${token}!`],
    ["in upper case", (token) => token.toUpperCase()],
  ];
  test.each(TAMPERED)("%s it is refused", async (_name, change) => {
    const app = await createTestApp();
    const { path, token } = await delivered(app);
    const read = await follow(app, `${path}?token=${change(token)}`);
    expectAnswer(read, { status: 401, code: "UNAUTHORIZED", hides: ['{"a":1}', "completed"] });
  });

  test("that is wrong is told what to send instead, as any 401", async () => {
    const app = await createTestApp();
    const { path } = await delivered(app);
    const read = await follow(app, `${path}?token=zz.zz`);
    expect(read.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("of another server key is refused", async () => {
    const app = await createTestApp();
    const { path } = await delivered(app);
    const { token } = await delivered(await createTestApp());
    expect((await follow(app, `${path}?token=${token}`)).status).toBe(401);
  });
});

describe("with an API token beside the read token", () => {
  const admin = { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } };

  test("the API token decides, whatever became of the other", async () => {
    const app = await createTestApp();
    const { location } = await delivered(app);
    app.clock.advance(2 * DAY_MS);
    const read = await follow(app, location, admin);
    expect({ status: read.status, trigger: read.data?.trigger }).toEqual({
      status: 200,
      trigger: "webhook",
    });
  });

  test("a wrong API token is refused, although the read token is good", async () => {
    const app = await createTestApp();
    const { location } = await delivered(app);
    const headers = { Authorization: "Bearer hk_live_wrong" };
    expect((await follow(app, location, { headers })).status).toBe(401);
  });
});

describe("with HOOKLINE_READ_LINKS=false", () => {
  test("neither an accepted delivery nor its repeat carries a Location", async () => {
    const app = await createTestApp({ config: { readLinks: false } });
    const agent = await app.agent();
    const headers = { "Idempotency-Key": "k" };
    const first = await app.deliver(agent.id, "1", { headers });
    const repeat = await app.deliver(agent.id, "1", { headers });
    expect([first.status, repeat.status]).toEqual([200, 200]);
    expect(repeat.headers.get("idempotent-replayed")).toBe("true");
    expect([first.headers.get("location"), repeat.headers.get("location")]).toEqual([null, null]);
  });
});
