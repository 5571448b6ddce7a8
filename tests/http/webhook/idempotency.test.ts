// Repeats of a delivery: by the caller's own key, or by the sender's delivery id.

import { describe, expect, test } from "bun:test";
import { agentOnProvider, agentWithSecret, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldOutbound } from "../../support/held-outbound";
import { bearerHeaders, githubHeaders } from "../../support/signing";

const DAY_MS = 24 * 3_600_000;
const keyed = (key: string) => ({ headers: { "Idempotency-Key": key } });
const isReplay = ({ headers }: ApiAnswer): boolean => headers.get("idempotent-replayed") === "true";

const githubAgent = (app: TestApp) =>
  agentWithSecret(app, { auth: { type: "hmac", preset: "github" } });

interface Sent {
  id: string;
  body: string;
  delivery?: string;
  key?: string;
}

function sendGithub(app: TestApp, { id, body, delivery = "d-1", key }: Sent): Promise<ApiAnswer> {
  const signed = githubHeaders({ secret: SECRET, body, id: delivery });
  const own = key === undefined ? {} : { "Idempotency-Key": key };
  return app.deliver(id, body, { headers: { ...signed, ...own } });
}

const executionsOf = async (app: TestApp, id: string): Promise<unknown[]> =>
  (await app.api(`GET /agents/${id}/executions`)).data;

describe("a repeat under the caller's key", () => {
  test("gets the first answer's body, and starts nothing", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const first = await app.deliver(id, '{"a":1}', keyed("k"));
    const repeat = await app.deliver(id, '{"a":1}', keyed("k"));
    expect(repeat.status).toBe(200);
    expect(repeat.data.executionId).toBe(first.data.executionId);
    expect([isReplay(first), isReplay(repeat)]).toEqual([false, true]);
    expect(repeat.headers.get("location")).toBe(first.headers.get("location"));
    expect(repeat.headers.get("x-ratelimit-remaining")).toBe("99");
    expect(await executionsOf(app, id)).toHaveLength(1);
  });

  test("tells how the first one ended", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound });
    const { id } = await agentOnProvider(app);
    await app.deliver(id, "1", keyed("k"));
    await held.started(1);
    expect((await app.deliver(id, "1", keyed("k"))).data.status).toBe("running");
    held.fail();
    await app.pool.idle();
    expect((await app.deliver(id, "1", keyed("k"))).data.status).toBe("failed");
  });

  test("of 200 in parallel starts one execution, whose id all answers carry", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const sent = Array.from({ length: 200 }, () => app.deliver(id, "1", keyed("k")));
    const answers = await Promise.all(sent);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => answer.data.executionId)).size).toBe(1);
    expect(answers.filter(isReplay)).toHaveLength(199);
    expect(await executionsOf(app, id)).toHaveLength(1);
    await app.pool.idle();
  });
});

describe("a second delivery under the caller's key", () => {
  test("with another body is refused, and so is every later one", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    await app.deliver(id, '{"a":1}', keyed("k"));
    for (const body of ['{"a":2}', '{"a": 1}', '{"a":1}\n']) {
      const refused = await app.deliver(id, body, keyed("k"));
      expectAnswer(refused, { status: 422, code: "IDEMPOTENCY_MISMATCH" });
    }
    expect(isReplay(await app.deliver(id, '{"a":1}', keyed("k")))).toBe(true);
  });

  test("with other bodies at the same time: one is accepted, and the others are refused", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const sent = Array.from({ length: 20 }, (_, at) => app.deliver(id, String(at), keyed("k")));
    const answers = await Promise.all(sent);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectAnswer(answer, { status: 422, code: "IDEMPOTENCY_MISMATCH" });
    }
    expect(await executionsOf(app, id)).toHaveLength(1);
    await app.pool.idle();
  });

  test("on another webhook is a delivery of its own", async () => {
    const app = await createTestApp();
    const [one, two] = [await app.agent(), await app.agent()];
    const first = await app.deliver(one.id, "1", keyed("k"));
    const second = await app.deliver(two.id, "2", keyed("k"));
    expect([first.status, second.status, isReplay(second)]).toEqual([200, 200, false]);
  });

  test("passes although minute and places are used up", async () => {
    const held = createHeldOutbound();
    const app = await createTestApp({ outbound: held.outbound });
    const limits = { perMinute: 1, maxConcurrent: 1 };
    const { id } = await agentOnProvider(app, { webhook: { limits } });
    await app.deliver(id, "1", keyed("k"));
    expect((await app.deliver(id, "1", keyed("other"))).status).toBe(429);
    expect((await app.deliver(id, "1", keyed("k"))).status).toBe(200);
    await held.started(1);
    held.stopHolding();
    await app.pool.idle();
  });
});

describe("a key is good for 24 hours", () => {
  test("to the millisecond, by the clock", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const first = await app.deliver(id, "1", keyed("k"));
    app.clock.advance(DAY_MS - 1);
    expect(isReplay(await app.deliver(id, "1", keyed("k")))).toBe(true);
    app.clock.advance(1);
    const later = await app.deliver(id, "1", keyed("k"));
    expect(isReplay(later)).toBe(false);
    expect(later.data.executionId).not.toBe(first.data.executionId);
    expect((await app.deliver(id, "1", keyed("k"))).data.executionId).toBe(later.data.executionId);
  });
});

describe("only an accepted delivery claims a key:", () => {
  const REFUSALS: [name: string, body: string, headers: Record<string, string>][] = [
    ["not a forged one", "1", bearerHeaders("wrong")],
    ["not one that is no JSON", "{", bearerHeaders(SECRET)],
    ["not one of another type", "1", { ...bearerHeaders(SECRET), "Content-Type": "text/plain" }],
  ];
  test.each(REFUSALS)("%s", async (_name, body, headers) => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" } });
    const key = { "Idempotency-Key": "k" };
    const refused = await app.deliver(id, body, { headers: { ...headers, ...key } });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    const good = await app.deliver(id, "2", { headers: { ...bearerHeaders(SECRET), ...key } });
    expect([good.status, isReplay(good)]).toEqual([200, false]);
  });

  test("not one beyond the limit", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { limits: { perMinute: 1 } } });
    await app.deliver(id, "1");
    expect((await app.deliver(id, "2", keyed("k"))).status).toBe(429);
    app.clock.advance(60_000);
    const good = await app.deliver(id, "3", keyed("k"));
    expect([good.status, isReplay(good)]).toEqual([200, false]);
  });
});

describe("a malformed key is refused:", () => {
  const MALFORMED = [
    ["empty", ""],
    ["with a space", "a b"],
    ["of 256 characters", "x".repeat(256)],
    ["beyond ASCII", "\u00e9"],
    ["with a tab", "a\tb"],
  ];
  test.each(MALFORMED)("%s", async (_name, key) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expectAnswer(await app.deliver(id, "1", keyed(key)), {
      status: 400,
      code: "IDEMPOTENCY_KEY_INVALID",
    });
    expect(await executionsOf(app, id)).toEqual([]);
  });

  test.each([["x"], ["x".repeat(255)], ["!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"]])(
    "but not %s",
    async (key) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      expect((await app.deliver(id, "1", keyed(key))).status).toBe(200);
      expect(isReplay(await app.deliver(id, "1", keyed(key)))).toBe(true);
    },
  );
});

describe("a sender's delivery id", () => {
  test("is the key under its preset", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const first = await sendGithub(app, { id, body: "{}" });
    const repeat = await sendGithub(app, { id, body: "{}" });
    expect(repeat.data.executionId).toBe(first.data.executionId);
    expect(isReplay(await sendGithub(app, { id, body: "{}", delivery: "d-2" }))).toBe(false);
  });

  test("is nothing under another preset", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const init = { headers: { "X-GitHub-Delivery": "d-1" } };
    await app.deliver(id, "1", init);
    expect(isReplay(await app.deliver(id, "1", init))).toBe(false);
  });

  test("decides although the body changed, which the ledger notes", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const first = await sendGithub(app, { id, body: '{"try":1}' });
    const repeat = await sendGithub(app, { id, body: '{"try":2}' });
    expect([repeat.status, repeat.data.executionId]).toEqual([200, first.data.executionId]);
    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${id}/deliveries?verdict=duplicate`);
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      reason: "BODY_DIFFERS",
      gate: "duplicate",
      executionId: first.data.executionId,
    });
  });
});

describe("a sender's delivery id, beside or as a key of another kind,", () => {
  test("gives way to the caller's own key", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const first = await sendGithub(app, { id, body: "{}", key: "own" });
    const sameKey = await sendGithub(app, { id, body: "{}", key: "own", delivery: "d-2" });
    const sameId = await sendGithub(app, { id, body: "{}" });
    expect(sameKey.data.executionId).toBe(first.data.executionId);
    expect(isReplay(sameId)).toBe(false);
  });

  test("does not meet a caller's key of the same text", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    await sendGithub(app, { id, body: "{}", delivery: "same" });
    const other = await sendGithub(app, { id, body: '{"x":1}', delivery: "d-9", key: "same" });
    expect([other.status, isReplay(other)]).toEqual([200, false]);
  });

  test("that is no key is let pass, and recognised by nobody", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const answers = [
      await sendGithub(app, { id, body: "{}", delivery: "two words" }),
      await sendGithub(app, { id, body: "{}", delivery: "two words" }),
    ];
    expect(answers.map((answer) => [answer.status, isReplay(answer)])).toEqual([
      [200, false],
      [200, false],
    ]);
  });
});
