// 100 a minute: exact in a fixed window, by the hand clock; only what is accepted takes.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const LIMITED = { status: 429, code: "RATE_LIMITED" };

/** An agent whose cap on concurrency stays out of the way. */
const roomyAgent = (app: TestApp, limits: Record<string, unknown> = {}) =>
  app.agent({ webhook: { limits: { maxConcurrent: 1000, ...limits } } });

/** That many deliveries, one after the other. */
async function deliverTimes(
  app: TestApp,
  data: { id: string; times: number },
): Promise<ApiAnswer[]> {
  const answers: ApiAnswer[] = [];
  for (let count = 0; count < data.times; count += 1) answers.push(await app.deliver(data.id, "1"));
  return answers;
}

const accepted = (answers: ApiAnswer[]): number =>
  answers.filter((answer) => answer.status === 200).length;

const retryAfter = async (app: TestApp, id: string): Promise<string | null> =>
  (await app.deliver(id, "1")).headers.get("retry-after");

describe("within one window", () => {
  test("exactly 100 are accepted, and the next is told when to come back", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app);
    expect(accepted(await deliverTimes(app, { id, times: 100 }))).toBe(100);
    const refused = await app.deliver(id, "1");
    expectAnswer(refused, LIMITED);
    expect(refused.headers.get("retry-after")).toBe("60");
  });

  test("exactly 100 of 150 in parallel are accepted", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app);
    const sent = Array.from({ length: 150 }, () => app.deliver(id, "1"));
    const answers = await Promise.all(sent);
    expect(accepted(answers)).toBe(100);
    for (const answer of answers.filter(({ status }) => status !== 200))
      expectAnswer(answer, LIMITED);
    await app.pool.idle();
    const { data } = await app.api(`GET /agents/${id}/executions?limit=200`);
    expect(data).toHaveLength(100);
  });

  test("each webhook has its own 100", async () => {
    const app = await createTestApp();
    const [one, two] = [await roomyAgent(app), await roomyAgent(app)];
    await deliverTimes(app, { id: one.id, times: 100 });
    expect(accepted(await deliverTimes(app, { id: two.id, times: 101 }))).toBe(100);
  });
});

describe("the window", () => {
  test("starts with its first accepted delivery and lasts 60 s to the millisecond", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 2 });
    app.clock.advance(34_567);
    await deliverTimes(app, { id, times: 2 });
    app.clock.advance(12_345);
    expect(await retryAfter(app, id)).toBe("48");
    app.clock.advance(46_655);
    expect(await retryAfter(app, id)).toBe("1");
    app.clock.advance(999);
    expect(await retryAfter(app, id)).toBe("1");
    app.clock.advance(1);
    expect(accepted(await deliverTimes(app, { id, times: 3 }))).toBe(2);
  });

  test("is anchored anew by the first delivery after it, not by the end of the last", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 1 });
    await app.deliver(id, "1");
    app.clock.advance(90_000);
    await app.deliver(id, "1");
    app.clock.advance(30_000);
    expect(await retryAfter(app, id)).toBe("30");
  });

  test("is not anchored by a refusal", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 1 });
    await app.deliver(id, "{");
    app.clock.advance(30_000);
    await app.deliver(id, "1");
    expect(await retryAfter(app, id)).toBe("60");
  });

  const JUMPS = [
    ["an hour back", -3_600_000],
    ["a day ahead", 86_400_000],
  ] as const;
  test.each(JUMPS)("neither opens nor blocks when the wall clock jumps %s", async (_name, ms) => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 10 });
    await deliverTimes(app, { id, times: 6 });
    app.clock.advance(20_000);
    app.clock.jumpWall(ms);
    expect(accepted(await deliverTimes(app, { id, times: 6 }))).toBe(4);
    expect(await retryAfter(app, id)).toBe("40");
    app.clock.advance(39_999);
    expect(accepted(await deliverTimes(app, { id, times: 1 }))).toBe(0);
    app.clock.advance(1);
    expect(accepted(await deliverTimes(app, { id, times: 11 }))).toBe(10);
  });
});

/** Refusals and answers that must leave the window as it is. */
const TAKING_NOTHING: [
  name: string,
  send: (app: TestApp, id: string) => Promise<ApiAnswer>,
  status: number,
][] = [
  ["a wrong method", (app, id) => app.api(`GET /agents/${id}/webhook`), 405],
  ["a forged delivery", (app, id) => app.deliver(id, "1", { headers: bearerHeaders("x") }), 401],
  ["broken JSON", (app, id) => app.deliver(id, "{", { headers: bearerHeaders(SECRET) }), 400],
  [
    "an input that does not fit",
    (app, id) => app.deliver(id, '"x"', { headers: bearerHeaders(SECRET) }),
    422,
  ],
  [
    "a malformed key",
    (app, id) =>
      app.deliver(id, "1", { headers: { ...bearerHeaders(SECRET), "Idempotency-Key": "" } }),
    400,
  ],
  [
    "a repeat",
    (app, id) =>
      app.deliver(id, "7", { headers: { ...bearerHeaders(SECRET), "Idempotency-Key": "first" } }),
    200,
  ],
];

describe("nothing is taken by", () => {
  test.each(TAKING_NOTHING)("%s", async (_name, send, status) => {
    const app = await createTestApp();
    const pipeline = pipelineOf({ schema: { type: "number" } });
    const patch = { pipeline, webhook: { limits: { perMinute: 2 } } };
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" }, patch });
    const good = (key: string) =>
      app.deliver(id, "7", { headers: { ...bearerHeaders(SECRET), "Idempotency-Key": key } });
    expect((await good("first")).headers.get("x-ratelimit-remaining")).toBe("1");
    for (let count = 0; count < 5; count += 1) expect((await send(app, id)).status).toBe(status);
    expect((await good("second")).headers.get("x-ratelimit-remaining")).toBe("0");
    expectAnswer(await good("third"), LIMITED);
  });

  test("the refusals of the limit itself", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 1 });
    await app.deliver(id, "1");
    await deliverTimes(app, { id, times: 20 });
    app.clock.advance(60_000);
    expect(accepted(await deliverTimes(app, { id, times: 1 }))).toBe(1);
  });
});

describe("perMinute", () => {
  test("counts from the next delivery on when it is raised or lowered", async () => {
    const app = await createTestApp();
    const { id } = await roomyAgent(app, { perMinute: 2 });
    const set = (perMinute: number | null) =>
      app.api(`PATCH /agents/${id}`, { webhook: { limits: { perMinute } } });
    expect(accepted(await deliverTimes(app, { id, times: 3 }))).toBe(2);
    await set(5);
    expect(accepted(await deliverTimes(app, { id, times: 4 }))).toBe(3);
    await set(1);
    const refused = await app.deliver(id, "1");
    expectAnswer(refused, LIMITED);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    await set(null);
    expect(accepted(await deliverTimes(app, { id, times: 96 }))).toBe(95);
  });

  test("is else that of the instance", async () => {
    const app = await createTestApp({ config: { webhookRatePerMinute: 3 } });
    const { id } = await roomyAgent(app);
    expect(accepted(await deliverTimes(app, { id, times: 4 }))).toBe(3);
  });
});

test("a window that was used up says so in the ledger, with what was compared", async () => {
  const app = await createTestApp();
  const { id } = await roomyAgent(app, { perMinute: 1 });
  await deliverTimes(app, { id, times: 2 });
  await app.ledger.flush();
  const { data } = await app.api(`GET /agents/${id}/deliveries?verdict=refused`);
  const row = await app.api(`GET /agents/${id}/deliveries/${data[0].id}`);
  const rung = row.data.ladder.find((entry: { state: string }) => entry.state === "stopped");
  expect(rung).toEqual({
    gate: "rate",
    state: "stopped",
    reason: "RATE_LIMITED",
    compared: { limit: 1, used: 1 },
  });
});
