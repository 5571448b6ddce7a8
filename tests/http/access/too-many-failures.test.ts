// Guessing API tokens: after 60 failures a minute from one address 429, and a good token always in.

import { describe, expect, test } from "bun:test";
import { parseTrustProxy } from "../../../src/lib/network/forwarded";
import { agentWithSecret } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const UNAUTHORIZED = { status: 401, code: "UNAUTHORIZED" };
const TOO_MANY = { status: 429, code: "TOO_MANY_FAILURES" };

const ask = async (app: TestApp, headers: Record<string, string>, path = "/agents") =>
  readAnswer(await app.request(path, { headers }));

async function failTimes(app: TestApp, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    expectAnswer(await ask(app, bearerHeaders(`hk_live_guess-${count}`)), UNAUTHORIZED);
  }
}

describe("after 60 failed tokens in a minute", () => {
  test("the next is 429 until the minute is over, to the second", async () => {
    const app = await createTestApp();
    await failTimes(app, 60);
    app.clock.advance(12_300);
    const refused = await ask(app, bearerHeaders("hk_live_guess"));
    expectAnswer(refused, TOO_MANY);
    expect(refused.headers.get("retry-after")).toBe("48");
    expect(refused.headers.get("www-authenticate")).toBeNull();
    app.clock.advance(47_700);
    expectAnswer(await ask(app, bearerHeaders("hk_live_guess")), UNAUTHORIZED);
  });

  test("a good token still comes in, and counts for nothing", async () => {
    const app = await createTestApp();
    await failTimes(app, 60);
    for (let count = 0; count < 100; count += 1) {
      expect((await ask(app, bearerHeaders(ADMIN_TOKEN))).status).toBe(200);
    }
    expectAnswer(await ask(app, bearerHeaders("hk_live_guess")), TOO_MANY);
  });

  test("a good token that may not is 403, as ever", async () => {
    const app = await createTestApp();
    const { data } = await app.api("POST /tokens", { name: "t", scope: "read" });
    await failTimes(app, 60);
    const refused = await ask(app, bearerHeaders(data.token), "/tokens");
    expectAnswer(refused, { status: 403, code: "FORBIDDEN" });
  });

  test("every route is 429, those with a body before it is read", async () => {
    const app = await createTestApp();
    await failTimes(app, 60);
    for (const [method, path] of [
      ["POST", "/agents"],
      ["DELETE", "/providers/x"],
      ["GET", "/tokens"],
    ]) {
      const headers = { ...bearerHeaders("wrong"), "Content-Type": "application/json" };
      const init = method === "POST" ? { body: "{" } : {};
      const answer = await app.request(path ?? "", { method: method ?? "", headers, ...init });
      expectAnswer(await readAnswer(answer), TOO_MANY);
    }
  });

  test("webhooks answer the same address 429 as well", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    await failTimes(app, 60);
    expectAnswer(await app.deliver(id, "1", { headers: bearerHeaders("wrong") }), TOO_MANY);
  });
});

test("what sends no token at all is told to, however often", async () => {
  const app = await createTestApp();
  for (let count = 0; count < 61; count += 1) expectAnswer(await ask(app, {}), UNAUTHORIZED);
  expectAnswer(await ask(app, bearerHeaders("wrong")), UNAUTHORIZED);
});

test("a body is counted once, though it is asked twice for its credential", async () => {
  const app = await createTestApp();
  for (let count = 0; count < 60; count += 1) {
    expectAnswer(await app.api("POST /agents", { name: "a" }, "wrong"), UNAUTHORIZED);
  }
  expectAnswer(await app.api("POST /agents", { name: "a" }, "wrong"), TOO_MANY);
});

test("a header about a client means nothing without a trusted peer", async () => {
  const app = await createTestApp({ config: { trustProxy: parseTrustProxy("private") } });
  for (let count = 0; count < 60; count += 1) {
    const headers = { ...bearerHeaders("wrong"), "X-Forwarded-For": `192.0.2.${count}` };
    expectAnswer(await ask(app, headers), UNAUTHORIZED);
  }
  const headers = { ...bearerHeaders("wrong"), "X-Forwarded-For": "192.0.2.250" };
  expectAnswer(await ask(app, headers), TOO_MANY);
});
