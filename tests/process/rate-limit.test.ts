// The 100 of a minute, exact under parallel deliveries, crashes and forgeries, and deliveries
// with one key, of which one counts.

import { expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import {
  deliver,
  deliverAccepted,
  githubHeaders,
  listExecutions,
  makeAgent,
  sign,
} from "../support/server-calls";
import { startServer } from "../support/server";
import { deliveryBytes, executionIdOf, Load, sendAtOnce, tally } from "../support/server-load";

guardProcesses();

const ROOMY = { webhook: { limits: { maxConcurrent: 1000 } } };

const deliveries = (data: { agentId: string; count: number; headers?: Record<string, string> }) =>
  Array.from({ length: data.count }, (_, number) => deliveryBytes({ ...data, body: { number } }));

test("of 1,000 parallel deliveries exactly 100 are accepted, the others told when to come again", async () => {
  await using server = await startServer();
  for (let round = 0; round < 5; round += 1) {
    const { id: agentId } = await makeAgent(server, ROOMY);
    const answers = await sendAtOnce(server.url, deliveries({ agentId, count: 1000 }));
    expect(tally(answers)).toEqual({ "200": 100, "429 RATE_LIMITED": 900 });

    const accepted = answers.filter((answer) => answer?.status === 200);
    const ids = accepted.map(executionIdOf);
    expect(new Set(ids).size).toBe(100);
    const stored = (await listExecutions(server, agentId)).map(({ id }) => id);
    expect(stored.toSorted()).toEqual(ids.toSorted());
    const left = accepted.map((answer) => Number(answer?.headers.get("x-ratelimit-remaining")));
    expect(left.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    for (const answer of answers) {
      if (answer?.status !== 429) continue;
      expect(answer.headers.get("retry-after")).toMatch(/^([1-9]|[1-5][0-9]|60)$/);
      expect(answer.headers.get("x-ratelimit-remaining")).toBe("0");
    }
  }
});

test("a crash within the window forgets none of what it has taken", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, ROOMY);
  const before = await sendAtOnce(server.url, deliveries({ agentId, count: 60 }));
  expect(tally(before)).toEqual({ "200": 60 });
  await server.restart();
  const after = await sendAtOnce(server.url, deliveries({ agentId, count: 1000 }));
  expect(tally(after)).toEqual({ "200": 40, "429 RATE_LIMITED": 960 });
});

test("a crash in the midst of the deliveries leaves exactly 100 in the window", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, ROOMY);
  const make = (number: number): Buffer => deliveryBytes({ agentId, body: { number } });
  const load = new Load({ url: server.url, connections: 16, make });
  await load.until(30);
  await server.kill();
  await load.ended;
  await server.start();
  const after = await sendAtOnce(server.url, deliveries({ agentId, count: 1000 }));
  const stored = (await listExecutions(server, agentId)).map(({ id }) => id);
  expect(stored).toHaveLength(100);
  const promised = [
    ...load.acknowledged.values(),
    ...after.filter((answer) => answer?.status === 200).map(executionIdOf),
  ];
  expect(promised.filter((id) => !stored.includes(id))).toEqual([]);
});

test("1,000 forged deliveries beside 100 good ones take nothing: all 100 are accepted", async () => {
  await using server = await startServer();
  const agent = await makeAgent(server, {
    webhook: { ...ROOMY.webhook, auth: { type: "hmac", preset: "hmac" } },
  });
  const signedBy = (secret: string) => (number: number) => {
    const body = JSON.stringify({ number });
    const headers = { "X-Webhook-Signature": sign(secret, body) };
    return deliveryBytes({ agentId: agent.id, body, headers });
  };
  const good = signedBy(agent.webhookSecret);
  const forged = signedBy("whsec_of-somebody-else");
  // Ten forged, one good, and so on.
  const requests = Array.from({ length: 1100 }, (_, number) =>
    number % 11 === 10 ? good(number) : forged(number),
  );
  const answers = await sendAtOnce(server.url, requests);
  expect(tally(answers.filter((_, number) => number % 11 === 10))).toEqual({ "200": 100 });
  expect(tally(answers.filter((_, number) => number % 11 !== 10))).toEqual({
    "401 UNAUTHORIZED": 60,
    "429 TOO_MANY_FAILURES": 940,
  });
  const [next] = await sendAtOnce(server.url, [good(2000)]);
  expect(tally([next ?? null])).toEqual({ "429 RATE_LIMITED": 1 });
});

test("200 parallel copies with one key make one execution, whose id is in all answers, also after a crash", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server);
  const copy = deliveryBytes({ agentId, body: { n: 1 }, headers: { "Idempotency-Key": "one" } });
  const copies = Array.from({ length: 200 }, () => copy);
  const answers = await sendAtOnce(server.url, copies);
  expect(tally(answers)).toEqual({ "200": 200 });
  const ids = new Set(answers.map(executionIdOf));
  expect(ids.size).toBe(1);
  const replayed = answers.map((answer) => answer?.headers.get("idempotent-replayed"));
  expect(replayed.filter((value) => value === "true")).toHaveLength(199);

  await server.restart();
  const later = await sendAtOnce(server.url, copies);
  expect(tally(later)).toEqual({ "200": 200 });
  for (const id of later.map(executionIdOf)) ids.add(id);
  expect(ids.size).toBe(1);
  expect((await listExecutions(server, agentId)).map(({ id }) => id)).toEqual([...ids]);
  expect(later.at(-1)?.headers.get("x-ratelimit-remaining")).toBe("99");
});

test("200 parallel copies of a GitHub delivery make one execution", async () => {
  await using server = await startServer();
  const webhook = { auth: { type: "hmac", preset: "github" } };
  const { id: agentId, webhookSecret: secret } = await makeAgent(server, { webhook });
  const body = JSON.stringify({ ref: "refs/heads/main" });
  const headers = githubHeaders({ secret, body, event: "push", delivery: "one" });
  const copies = Array.from({ length: 200 }, () => deliveryBytes({ agentId, body, headers }));
  const answers = await sendAtOnce(server.url, copies);
  expect(tally(answers)).toEqual({ "200": 200 });
  expect(new Set(answers.map(executionIdOf)).size).toBe(1);
  expect(await listExecutions(server, agentId)).toHaveLength(1);
});

test("a repeat is answered while the minute is used up, and another body under its key is refused", async () => {
  await using server = await startServer();
  const { id: agentId } = await makeAgent(server, ROOMY);
  const request = { agentId, body: { n: 1 }, headers: { "Idempotency-Key": "kept" } };
  const first = await deliverAccepted(server, request);
  const rest = await sendAtOnce(server.url, deliveries({ agentId, count: 100 }));
  expect(tally(rest)).toEqual({ "200": 99, "429 RATE_LIMITED": 1 });
  expect(await deliverAccepted(server, request)).toBe(first);
  const other = await deliver(server, { ...request, body: { n: 2 } });
  expect([other.status, other.error.code]).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
});
