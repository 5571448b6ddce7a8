// Idempotency-Key on the API: a repeat is answered as the first time, and nothing is done twice.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";
import { addToken } from "../../support/tokens";
import { countRows, CREATE, isReplayed, sendKeyed, shownBy, WRITES } from "./writes";

const DAY_MS = 24 * 3_600_000;

async function prepare() {
  const app = await createTestApp();
  const { id } = await app.agent({ webhook: { auth: { type: "bearer" } } });
  return { app, id };
}

const revisionOf = async (app: TestApp, id: string) =>
  (await app.api(`GET /agents/${id}`)).headers.get("etag");

describe.each(WRITES.map((write) => [write.call, write] as const))("%s", (_call, write) => {
  test("is answered again as the first time, and done once", async () => {
    const { app, id } = await prepare();
    const first = await sendKeyed(app, { write, id });
    expect([first.status, isReplayed(first)]).toEqual([write.status, false]);
    await app.pool.idle();
    const [rows, revision] = [countRows(app), await revisionOf(app, id)];
    app.clock.advance(5_000);
    const again = await sendKeyed(app, { write, id });
    expect(isReplayed(again)).toBe(true);
    expect(shownBy(again)).toEqual(shownBy(first));
    expect(again.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
    expect([countRows(app), await revisionOf(app, id)]).toEqual([rows, revision]);
  });

  test("is answered again after a restart", async () => {
    const { app, id } = await prepare();
    const first = await sendKeyed(app, { write, id });
    await app.pool.idle();
    const rows = countRows(app);
    const later = await restart(app);
    const again = await sendKeyed(later, { write, id });
    expect(isReplayed(again)).toBe(true);
    expect(shownBy(again)).toEqual(shownBy(first));
    expect(countRows(later)).toEqual(rows);
  });

  test("of five at once with one key is done by one, and the others get its answer", async () => {
    const { app, id } = await prepare();
    const sent = Array.from({ length: 5 }, () => sendKeyed(app, { write, id }));
    const answers = await Promise.all(sent);
    expect(answers.filter(isReplayed)).toHaveLength(4);
    expect(new Set(answers.map((answer) => JSON.stringify(shownBy(answer)))).size).toBe(1);
    const single = await prepare();
    await sendKeyed(single.app, { write, id: single.id });
    expect(countRows(app)).toEqual(countRows(single.app));
    await Promise.all([app.pool.idle(), single.app.pool.idle()]);
  });

  test("that could not be stored leaves no claim: the repeat does it", async () => {
    const { app, id } = await prepare();
    app.db.raw.run("pragma query_only = on");
    const refused = await sendKeyed(app, { write, id });
    expectAnswer(refused, { status: 503, code: "STORAGE_UNAVAILABLE" });
    app.db.raw.run("pragma query_only = off");
    const done = await sendKeyed(app, { write, id });
    expect([done.status, isReplayed(done)]).toEqual([write.status, false]);
    await app.pool.idle();
  });

  test("is done again under another key, for another token, and after a day", async () => {
    const { app, id } = await prepare();
    const token = await addToken(app, { scope: "admin" });
    const others = [{}, { key: "another-key" }, { token }];
    for (const other of others) {
      const answer = await sendKeyed(app, { write, id, ...other });
      expect([answer.status, isReplayed(answer)]).toEqual([write.status, false]);
    }
    app.clock.advance(DAY_MS - 1);
    expect(isReplayed(await sendKeyed(app, { write, id }))).toBe(true);
    app.clock.advance(1);
    expect(isReplayed(await sendKeyed(app, { write, id }))).toBe(false);
    expect(isReplayed(await sendKeyed(app, { write, id }))).toBe(true);
    await app.pool.idle();
  });

  test("without a key is done every time, and nothing is kept", async () => {
    const { app, id } = await prepare();
    for (let count = 0; count < 2; count += 1) {
      const body = "body" in write ? write.body : undefined;
      const answer = await app.api(write.call.replace("ID", id), body);
      expect([answer.status, isReplayed(answer)]).toEqual([write.status, false]);
    }
    expect(app.db.raw.query("select * from kept_answers").all()).toEqual([]);
    await app.pool.idle();
  });
});

const WITH_BODIES = WRITES.filter((write) => "other" in write);

describe.each(WITH_BODIES.map((write) => [write.call, write] as const))("%s", (_call, write) => {
  test("with another body under the key is refused, and the first answer stays", async () => {
    const { app, id } = await prepare();
    const first = await sendKeyed(app, { write, id });
    await app.pool.idle();
    const rows = countRows(app);
    const refused = await sendKeyed(app, { write, id, body: write.other });
    expectAnswer(refused, { status: 422, code: "IDEMPOTENCY_MISMATCH" });
    expect(countRows(app)).toEqual(rows);
    expect(shownBy(await sendKeyed(app, { write, id }))).toEqual(shownBy(first));
  });
});

describe("a POST that wrote nothing", () => {
  test("such as a judgement is answered again as the first time, whatever has changed since", async () => {
    const { app, id } = await prepare();
    const write = { call: "POST /agents/ID/validate", body: {}, status: 200 };
    const first = await sendKeyed(app, { write, id });
    await app.api(`PATCH /agents/${id}`, { pipeline: pipelineOf({ providerId: "nobody" }) });
    const again = await sendKeyed(app, { write, id });
    expect([isReplayed(first), isReplayed(again)]).toEqual([false, true]);
    expect(shownBy(again)).toEqual(shownBy(first));
    const other = { pipeline: pipelineOf() };
    const refused = await sendKeyed(app, { write, id, body: other });
    expectAnswer(refused, { status: 422, code: "IDEMPOTENCY_MISMATCH" });
  });

  test("is answered also where its answer cannot be kept", async () => {
    const { app, id } = await prepare();
    const write = { call: "POST /agents/ID/validate", body: {}, status: 200 };
    app.db.raw.run("pragma query_only = on");
    expect((await sendKeyed(app, { write, id })).status).toBe(200);
    app.db.raw.run("pragma query_only = off");
    expect(isReplayed(await sendKeyed(app, { write, id }))).toBe(false);
  });

  test("such as a second cancellation is answered again too", async () => {
    const { app, agent, held, deliver } = await createHeldApp(1);
    await deliver();
    const execution = await deliver();
    await held.started(1);
    const write = { call: `POST /agents/ID/executions/${execution}/cancel`, status: 200 };
    const answers = [];
    for (const key of ["a", "b", "b", "a"]) {
      answers.push(await sendKeyed(app, { write, id: agent.id, key }));
    }
    expect(answers.map(isReplayed)).toEqual([false, false, true, true]);
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    held.stopHolding();
    await app.pool.idle();
  });
});

describe("a key", () => {
  test("of a request that was refused is free for another", async () => {
    const { app, id } = await prepare();
    const refused = await sendKeyed(app, { write: CREATE, id, body: { name: "" } });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    const unknown = { ...CREATE, call: "POST /agents/ID/duplicate", body: {} };
    expectAnswer(await sendKeyed(app, { write: unknown, id: "agt_unknown" }), {
      status: 404,
      code: "NOT_FOUND",
    });
    expect((await sendKeyed(app, { write: CREATE, id })).status).toBe(201);
  });

  test("at one address is another than the same key at another", async () => {
    const { app, id } = await prepare();
    const other = await app.agent();
    const write = { call: "POST /agents/ID/duplicate", body: {}, status: 201 };
    const [first, second] = [
      await sendKeyed(app, { write, id }),
      await sendKeyed(app, { write, id: other.id }),
    ];
    expect([isReplayed(first), isReplayed(second)]).toEqual([false, false]);
  });

  test("goes before If-Match: what was done is not refused for having been done", async () => {
    const { app, id } = await prepare();
    const write = { call: "POST /agents/ID/activate", status: 200 };
    const headers = { "If-Match": (await revisionOf(app, id)) ?? "" };
    const first = await sendKeyed(app, { write, id, headers });
    const again = await sendKeyed(app, { write, id, headers });
    expect([first.status, again.status, isReplayed(again)]).toEqual([200, 200, true]);
  });

  test("of a deleted agent still tells the first answer", async () => {
    const { app, id } = await prepare();
    const write = { call: "POST /agents/ID/activate", status: 200 };
    const first = await sendKeyed(app, { write, id });
    await app.api(`DELETE /agents/${id}`);
    expect(shownBy(await sendKeyed(app, { write, id }))).toEqual(shownBy(first));
  });

  test.each([
    ["empty", ""],
    ["of 256 characters", "k".repeat(256)],
    ["of two words", "two words"],
    ["beyond ASCII", "schlüssel"],
  ])("that is %s is refused before the body is read", async (_name, key) => {
    const { app, id } = await prepare();
    const body = { name: "" };
    const refused = await sendKeyed(app, { write: CREATE, id, key, body });
    expectAnswer(refused, { status: 400, code: "IDEMPOTENCY_KEY_INVALID", hides: ["two words"] });
  });

  test.each([["k"], ["k".repeat(255)], ['!"#$%&()*+,-./:;<=>?@[]^_`{|}~']])(
    "such as %s is taken",
    async (key) => {
      const { app, id } = await prepare();
      await sendKeyed(app, { write: CREATE, id, key });
      expect(isReplayed(await sendKeyed(app, { write: CREATE, id, key }))).toBe(true);
    },
  );
});
