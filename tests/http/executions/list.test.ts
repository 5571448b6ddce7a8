// Lists of executions: filters, pages, and queries that are refused.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";

const BAD_QUERY = { status: 422, code: "VALIDATION_ERROR" };

const idsOf = async (app: TestApp, query: string): Promise<string[]> =>
  (await app.api(`GET ${query}`)).data.map((entry: { id: string }) => entry.id);

/** One completed, one failed, one running and one waiting delivery, and a manual one that waits. */
async function mixed() {
  const { app, held, agent, deliver } = await createHeldApp();
  const completed = await deliver();
  await held.started(1);
  held.release();
  await app.pool.idle();
  const failed = await deliver();
  await held.started(2);
  held.fail();
  await app.pool.idle();
  const running = await deliver();
  await held.started(3);
  const waiting = await deliver();
  const { data } = await app.api(`POST /agents/${agent.id}/invoke`, { input: 1 });
  const manual: string = data.executionId;
  const list = `/agents/${agent.id}/executions`;
  const end = () => {
    held.stopHolding();
    return app.pool.idle();
  };
  return { app, list, completed, failed, running, waiting, manual, end };
}

describe("the list of executions", () => {
  test("filters by trigger and by status, newest first", async () => {
    const { app, list, completed, failed, running, waiting, manual, end } = await mixed();
    const open = [manual, waiting, running];
    const CASES: [query: string, ids: string[]][] = [
      ["", [...open, failed, completed]],
      ["?trigger=webhook", [waiting, running, failed, completed]],
      ["?trigger=manual", [manual]],
      ["?trigger=schedule", []],
      ["?status=running", open],
      ["?status=completed", [completed]],
      ["?status=failed,completed", [failed, completed]],
      ["?status=timed_out,cancelled,interrupted", []],
      ["?trigger=webhook&status=running", [waiting, running]],
      ["?trigger=manual&status=failed", []],
    ];
    for (const [query, ids] of CASES)
      expect([query, await idsOf(app, list + query)]).toEqual([query, ids]);
    await end();
  });

  test("shows summaries that wait as running, without input, output or steps", async () => {
    const { app, list, end } = await mixed();
    const { data } = await app.api(`GET ${list}`);
    const seen = data.map((entry: { status: string; waiting: boolean }) => [
      entry.status,
      entry.waiting,
    ]);
    expect(seen).toEqual([
      ["running", true],
      ["running", true],
      ["running", false],
      ["failed", false],
      ["completed", false],
    ]);
    for (const key of ["input", "output", "steps"]) expect(data[0]).not.toHaveProperty(key);
    await end();
  });
});

describe("pages of executions", () => {
  test.each([
    [1, 7],
    [2, 4],
    [7, 1],
    [200, 1],
  ])("by pages of %i has each once, in %i pages", async (limit, pages) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const expected: string[] = [];
    for (let count = 0; count < 7; count += 1) {
      expected.unshift((await app.deliver(id, "1")).data.executionId);
    }
    const found: string[] = [];
    let seen = 0;
    for (let cursor: string | null = ""; cursor !== null; seen += 1) {
      const after: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { data, body } = await app.api(`GET /agents/${id}/executions?limit=${limit}${after}`);
      found.push(...data.map((entry: { id: string }) => entry.id));
      cursor = body.page.nextCursor;
    }
    expect({ found, seen }).toEqual({ found: expected, seen: pages });
  });

  test("goes on with the filter where the page ended, whatever came meanwhile", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const sent: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      sent.unshift((await app.deliver(id, "1")).data.executionId);
      await app.api(`POST /agents/${id}/invoke`, { input: 1 });
    }
    const path = `GET /agents/${id}/executions?trigger=webhook&limit=2`;
    const first = await app.api(path);
    await app.deliver(id, "1");
    const second = await app.api(`${path}&cursor=${first.body.page.nextCursor}`);
    const ids = [...first.data, ...second.data].map((entry: { id: string }) => entry.id);
    expect(ids).toEqual(sent);
    expect(second.body.page).toEqual({ nextCursor: null, hasMore: false });
  });
});

describe("a list of executions", () => {
  test("has no execution of another agent", async () => {
    const app = await createTestApp();
    const [one, two] = [await app.agent(), await app.agent()];
    await app.deliver(one.id, "1");
    expect(await idsOf(app, `/agents/${two.id}/executions`)).toEqual([]);
  });

  test.each([
    "trigger=x",
    "trigger=",
    "trigger=webhook,manual",
    "status=x",
    "status=running,x",
    "status=",
    "status=waiting",
    "limit=0",
    "limit=201",
    "cursor=x",
    "q=1",
    "wait=5",
  ])("refuses ?%s", async (query) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expectAnswer(await app.api(`GET /agents/${id}/executions?${query}`), BAD_QUERY);
  });

  test("and the poll refuse a query key that they do not know", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { data } = await app.deliver(id, "1");
    expectAnswer(
      await app.api(`GET /agents/${id}/executions/${data.executionId}?verbose=1`),
      BAD_QUERY,
    );
    expectAnswer(await app.api(`POST /agents/${id}/invoke?x=1`, { input: 1 }), BAD_QUERY);
  });
});
