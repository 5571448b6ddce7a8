// When an answer is sent and how often the disk is asked: seen from outside by strace, and for a
// group of which one fails from inside.

import { expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open";
import { guardProcesses } from "../support/process-cleanup";
import { testWith } from "../support/tools";
import { createTestApp } from "../support/app";
import { makeFolder } from "../support/process-files";
import { isLogSync, isLogWrite, readTrace, traceInto } from "../support/process-trace";
import { deliverAccepted, makeAgent, NO_LIMITS } from "../support/server-calls";
import { startServer } from "../support/server";
import { deliveryBytes, Load } from "../support/server-load";

guardProcesses();

const tracedTest = testWith(["strace"]);

const OPEN = { webhook: { limits: NO_LIMITS } };

const markerOf = (number: number): string => `marker-${String(number).padStart(5, "0")}`;

tracedTest(
  "no delivery is answered 200 before the log that holds it has been flushed to the disk",
  async () => {
    using folder = makeFolder();
    const path = folder.file("trace");
    const calls = ["write", "writev", "sendto", "sendmsg", "pwrite64", "fsync", "fdatasync"];
    const launcher = traceInto({ path, calls, maxString: 6000 });
    await using server = await startServer({ launcher });
    const { id: agentId } = await makeAgent(server, OPEN);
    const load = new Load({
      url: server.url,
      connections: 16,
      make: (number) => deliveryBytes({ agentId, body: { mark: markerOf(number) } }),
      requests: 200,
    });
    await load.ended;
    expect(load.acknowledged.size).toBe(200);
    expect(await server.stop()).toBe(0);

    const trace = readTrace(path);
    const writes = trace.filter(isLogWrite);
    const syncs = trace.filter(isLogSync);
    const answers = trace.filter(({ text }) => text.includes('"HTTP/1.1 200 OK'));
    const orders = [...load.acknowledged].map(([number, id]) => {
      const written = writes.find(({ text }) => text.includes(markerOf(number)))?.ended;
      const flushed = syncs.find(({ began }) => began > (written ?? Infinity))?.ended;
      const answered = answers.find(({ text }) => text.includes(id))?.began;
      return { number, written, flushed, answered };
    });
    const early = orders.filter(
      ({ flushed = Infinity, answered = -1 }) => answered === -1 || answered < flushed,
    );
    expect(early).toEqual([]);
  },
);

tracedTest("1,000 deliveries, 64 at a time, share at most 250 commits", async () => {
  using folder = makeFolder();
  const path = folder.file("trace");
  const launcher = traceInto({ path, calls: ["fsync", "fdatasync"], maxString: 32 });
  await using server = await startServer({ launcher });
  const { id: agentId } = await makeAgent(server, OPEN);
  const before = readTrace(path).filter(isLogSync).length;
  const load = new Load({
    url: server.url,
    connections: 64,
    make: (number) => deliveryBytes({ agentId, body: { number } }),
    requests: 1000,
  });
  await load.ended;
  expect(load.acknowledged.size).toBe(1000);
  expect(await server.stop()).toBe(0);
  const commits = readTrace(path).filter(isLogSync).length - before;
  console.log(`1,000 deliveries, ${commits} commits with the ends of their executions`);
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThanOrEqual(250);
});

test("the writer's connection waits for the disk and writes ahead", () => {
  using folder = makeFolder();
  const { raw } = openDatabase(folder.file("hookline.db"));
  const read = (name: string): unknown => Object.values(raw.query(`pragma ${name}`).get() ?? {})[0];
  expect(read("synchronous")).toBe(2);
  expect(read("journal_mode")).toBe("wal");
  raw.close();
});

tracedTest(
  "with HOOKLINE_DURABILITY=normal deliveries do not wait for the disk, and the log says so",
  async () => {
    using folder = makeFolder();
    const path = folder.file("trace");
    const launcher = traceInto({ path, calls: ["fsync", "fdatasync"], maxString: 32 });
    const env = { HOOKLINE_DURABILITY: "normal" };
    await using server = await startServer({ launcher, env });
    await server.logged("database.not_durable");
    const { id: agentId } = await makeAgent(server, OPEN);
    const before = readTrace(path).filter(isLogSync).length;
    for (let n = 0; n < 20; n += 1) await deliverAccepted(server, { agentId, body: { n } });
    // With `full` there is one for each; here only where the log is copied into the file.
    expect(readTrace(path).filter(isLogSync).length - before).toBeLessThan(5);
  },
);

/** An app on a database whose commits are counted. */
async function openCountingApp() {
  const { db, clock, deps } = await createTestApp();
  const { raw } = db;
  const prepare = raw.prepare.bind(raw);
  let commits = 0;
  raw.prepare = ((text: string) => {
    const statement = prepare(text);
    if (text !== "commit") return statement;
    const run = statement.run.bind(statement);
    statement.run = () => {
      commits += 1;
      return run();
    };
    return statement;
  }) as typeof raw.prepare;
  const app = await createTestApp({ db, clock, ids: deps.ids });
  return { ...app, commits: () => commits };
}

test("of two deliveries in one group of which one is over the limit, the other is accepted", async () => {
  const { agent, api, deliver, commits } = await openCountingApp();
  const { id } = await agent({ webhook: { limits: { perMinute: 1 } } });
  const before = commits();
  const answers = await Promise.all([deliver(id, '{"n":1}'), deliver(id, '{"n":2}')]);
  expect(commits() - before).toBe(1);
  const [first, second] = answers.toSorted((a, b) => a.status - b.status);
  expect([first?.status, second?.status]).toEqual([200, 429]);
  expect(second?.error.code).toBe("RATE_LIMITED");
  const { body } = await api(`GET /agents/${id}/executions`);
  expect(body.data.map((row: { id: string }) => row.id)).toEqual([first?.data.executionId]);
});

test("a write that fails within a group leaves the deliveries of the group accepted", async () => {
  const { agent, api, deliver, writer, commits } = await openCountingApp();
  const { id } = await agent(OPEN);
  const before = commits();
  const fail = (): never => {
    throw new Error("its own check");
  };
  const outcomes = await Promise.allSettled([
    deliver(id, '{"n":1}'),
    // Where the deliveries have read their bodies, so that all three share a group.
    Promise.resolve().then(() => writer.write(fail)),
    deliver(id, '{"n":2}'),
  ]);
  expect(commits() - before).toBe(1);
  expect(outcomes).toMatchObject([
    { value: { status: 200 } },
    { reason: { message: "its own check" } },
    { value: { status: 200 } },
  ]);
  const { body } = await api(`GET /agents/${id}/executions`);
  expect(body.data).toHaveLength(2);
});
