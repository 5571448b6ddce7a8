// Headers of the webhook's answers: the state of the limits, and the request id.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import { createTestApp } from "../../support/app";
import { LIMIT_HEADERS } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const pick = (headers: Headers): Record<string, string | null> =>
  Object.fromEntries(LIMIT_HEADERS.map((name) => [name, headers.get(name)]));

/** The hand clock starts at 2026-01-01T00:00:00Z. */
const START_SECONDS = Date.UTC(2026, 0, 1) / 1000;

describe("limit headers", () => {
  test("tell the whole window on the first accepted delivery", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    expect(pick((await app.deliver(agent.id, "1")).headers)).toEqual({
      "ratelimit-policy": '"webhook";q=100;w=60',
      ratelimit: '"webhook";r=99;t=60',
      "x-ratelimit-limit": "100",
      "x-ratelimit-remaining": "99",
      "x-ratelimit-reset": String(START_SECONDS + 60),
    });
  });

  test("count down to the end of the window, in whole seconds rounded up", async () => {
    const app = await createTestApp();
    const agent = await app.agent({ webhook: { limits: { perMinute: 3 } } });
    await app.deliver(agent.id, "1");
    app.clock.advance(10_500);
    expect(pick((await app.deliver(agent.id, "2")).headers)).toEqual({
      "ratelimit-policy": '"webhook";q=3;w=60',
      ratelimit: '"webhook";r=1;t=50',
      "x-ratelimit-limit": "3",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": String(START_SECONDS + 60),
    });
  });

  test("stand on a refusal behind the credential, and show that it took nothing", async () => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: { type: "bearer" } });
    const headers = bearerHeaders(SECRET);
    await app.deliver(agent.id, "1", { headers });
    const refused = await app.deliver(agent.id, "{", { headers });
    expect(refused.status).toBe(400);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("99");
    expect(refused.headers.get("ratelimit")).toBe('"webhook";r=99;t=60');
  });
});

describe("limit headers at the end of the minute, and before the credential,", () => {
  test("show nothing left on the refusal by the limit itself", async () => {
    const app = await createTestApp();
    const agent = await app.agent({ webhook: { limits: { perMinute: 1 } } });
    await app.deliver(agent.id, "1");
    app.clock.advance(20_000);
    const refused = await app.deliver(agent.id, "2");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("ratelimit")).toBe('"webhook";r=0;t=40');
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
  });

  test("are kept from whom no credential has let in", async () => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: { type: "bearer" } });
    const off = await app.agent({ webhookEnabled: false });
    const answers = [
      await app.deliver(agent.id, "1"),
      await app.deliver(agent.id, "1", { headers: bearerHeaders("wrong") }),
      await app.deliver(agent.id, "1", { headers: { "Content-Encoding": "gzip" } }),
      await app.deliver(off.id, "1"),
      await app.deliver("agt_unknown", "1"),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 415, 404, 404]);
    for (const { headers } of answers) {
      expect(Object.values(pick(headers))).toEqual(LIMIT_HEADERS.map(() => null));
    }
  });
});

describe("X-Request-Id", () => {
  const GIVEN = ["a", "my-id_1.2", "x".repeat(64), "00-4bf92f3577b34da6a3ce929d0e0e4736"];
  test.each(GIVEN)("%s comes back", async (id) => {
    const app = await createTestApp();
    const agent = await app.agent();
    const headers = { "X-Request-Id": id };
    expect((await app.deliver(agent.id, "1", { headers })).headers.get("x-request-id")).toBe(id);
    const refused = await app.deliver(agent.id, "{", { headers });
    expect(refused.error.requestId).toBe(id);
  });

  const ODD = [
    ["with a space", "two words"],
    ["too long", "x".repeat(65)],
    ["with markup", "<script>"],
    ["of other letters", "\u00e9t\u00e9"],
    ["empty", ""],
  ];
  test.each(ODD)("%s is replaced by one of ours", async (_name, id) => {
    const app = await createTestApp();
    const agent = await app.agent();
    const answer = await app.deliver(agent.id, "1", { headers: { "X-Request-Id": id } });
    expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f-]{32,36}$/);
  });

  test("is made anew for every request without one", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const first = await app.deliver(agent.id, "1");
    const second = await app.deliver(agent.id, "1");
    expect(first.headers.get("x-request-id")).not.toBe(second.headers.get("x-request-id"));
  });

  test("stands on answers of the API, successes included", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const headers = { "X-Request-Id": "given-1" };
    const refused = await app.request(`/agents/${agent.id}`, { headers });
    expect(refused.headers.get("x-request-id")).toBe("given-1");
    const read = await app.api(`GET /agents/${agent.id}`);
    expect(read.headers.get("x-request-id")).toMatch(/^req_/);
  });
});
