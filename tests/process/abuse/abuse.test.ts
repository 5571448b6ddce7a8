// The abuse table: each case goes to one running binary as bytes over a socket. It is answered as
// stated or cut, leaves the stated rows in the ledger and no other execution, and harms nobody else.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { guardProcesses } from "../../support/process-cleanup";
import { within } from "../../support/process-waiting";
import { startServer, type Server } from "../../support/server";
import { ask, makeAgent } from "../../support/server-calls";
import { Connection } from "../../support/server-wire";
import { CANARY, toRequest, type AbuseCase, type CaseAgent } from "./abuse-case";
import { BODY } from "./body-cases";
import { CREDENTIALS } from "./credential-cases";
import { DRIPS, drip, type Drip, type Dripping } from "./drips";
import { exchange, faultsOf, makeCaseAgent } from "./exchange";
import { FRAMING } from "./framing-cases";
import { HEADERS } from "./header-cases";
import { readLeft } from "./left-behind";
import { PATHS } from "./path-cases";
import { SIGNATURES } from "./signature-cases";
import { SIZE } from "./size-cases";

guardProcesses();

let server: Server;
const done: { one: AbuseCase; agent: CaseAgent }[] = [];
const dripping = new Map<string, Promise<Dripping>>();
let slowest = { name: "", took: 0 };

beforeAll(async () => {
  // So that each case has an address of its own, and none is told of the failures of others.
  server = await startServer({ env: { HOOKLINE_TRUST_PROXY: "loopback" } });
  // They take their time beside the others.
  const path = `/agents/${(await makeAgent(server)).id}/webhook`;
  for (const one of DRIPS) dripping.set(one.name, drip(server, { one, path }));
});

afterAll(() => server[Symbol.asyncDispose]());

async function run(one: AbuseCase): Promise<void> {
  const agent = await makeCaseAgent(server, { one, number: done.length });
  done.push({ one, agent });
  const { outcome, answers, next, took } = await within(one.name, exchange(server, { one, agent }));
  expect(outcome).toBeOneOf(one.outcomes);
  expect(answers.flatMap(faultsOf)).toEqual([]);
  if (next !== null) expect(next).toBe('{"success":true,"data":{"status":"ok"}}');
  expect(took).toBeLessThan(one.limitMs);
  if (took > slowest.took) slowest = { name: one.name, took };
  const { ledger, bodies } = await readLeft(server, { one, agent });
  expect(ledger).toBeOneOf(one.ledgers);
  expect(bodies).toEqual([]);
  expect((await ask(server, "GET /healthz")).status).toBe(200);
}

const FAMILIES: [family: string, cases: AbuseCase[]][] = [
  ["framing", FRAMING],
  ["size and encoding", SIZE],
  ["content type and JSON", BODY],
  ["headers and tokens", HEADERS],
  ["signatures", SIGNATURES],
  ["secrets of deliveries", CREDENTIALS],
  ["paths and methods", PATHS],
];

describe.each(FAMILIES)("%s:", (_family, cases) => {
  test.each(cases.map((one): [string, AbuseCase] => [one.name, one]))("%s", (_name, one) =>
    run(one),
  );
});

describe("a sender that never comes to an end:", () => {
  test.each(DRIPS.map((one): [string, Drip] => [one.name, one]))("%s", async (_name, one) => {
    const ended = await dripping.get(one.name);
    expect(ended?.outcome).toBe(one.outcome);
    expect(ended?.answers.flatMap(faultsOf)).toEqual([]);
  });
});

describe("after all cases", () => {
  test("none has led to a delivery or an execution behind its answer", async () => {
    const late = [];
    for (const { one, agent } of done) {
      const { ledger } = await readLeft(server, { one, agent });
      if (!one.ledgers.includes(ledger)) late.push({ name: one.name, ledger });
    }
    expect(late).toEqual([]);
    console.log(`${done.length} cases; slowest: ${slowest.name}, ${Math.round(slowest.took)} ms`);
  });

  test("what was refused has taken nothing from the minute of its webhook", async () => {
    const refused = done.filter(
      ({ one }) => one.webhook === undefined && !one.ledgers.some((rows) => /accepted/.test(rows)),
    );
    expect(refused.length).toBeGreaterThan(100);
    using connection = await Connection.open(server.url);
    for (const { one, agent } of refused) {
      const answer = await connection.exchange(toRequest(agent, {}));
      const left = answer?.headers.get("x-ratelimit-remaining");
      expect([one.name, answer?.status, left]).toEqual([one.name, 200, "99"]);
    }
  });

  test("the log tells of no failure, and of nothing that was sent", () => {
    const events = new Set(server.logs.map(({ event }) => event));
    expect([...events].filter((event) => /failed|unhandled|error/.test(event))).toEqual([]);
    expect(server.logs.filter(({ event }) => event === "server.started")).toHaveLength(1);
    expect(server.stdout).not.toContain(CANARY);
    expect(server.stderr).toBe("");
  });
});
