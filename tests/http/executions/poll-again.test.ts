// Polling again: only what is new, and with `wait` the answer when the execution ends.

import { describe, expect, test } from "bun:test";
import { ADMIN_TOKEN, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";
import { HELD_ANSWER } from "../../support/held-outbound";
import { isSettled, passTurns } from "../../support/turns";

/** An execution that runs on a held model, and polls of it. */
async function createPolled() {
  const { app, held, agent } = await createHeldApp();
  const sent = await app.deliver(agent.id, "1");
  await held.started(1);
  const path = `/agents/${agent.id}/executions/${sent.data.executionId}`;
  const location = sent.headers.get("location") ?? "";
  const poll = async (query = "", headers: Record<string, string> = {}) =>
    readAnswer(
      await app.request(path + query, {
        headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
      }),
    );
  const follow = async (query = "", headers: Record<string, string> = {}) =>
    readAnswer(await app.request(location + query, { headers }));
  const end = async (): Promise<void> => {
    held.release();
    await app.pool.idle();
  };
  return { app, held, path, location, poll, follow, end };
}

const tagOf = (answer: { headers: Headers }): string => answer.headers.get("etag") ?? "";

describe("a poll with If-None-Match", () => {
  test("is answered 304 without a body while nothing is new", async () => {
    const { poll, end } = await createPolled();
    const first = await poll();
    expect(tagOf(first)).toMatch(/^W\/"[\w-]{43}"$/);
    const again = await poll("", { "If-None-Match": tagOf(first) });
    expect([again.status, again.text, tagOf(again)]).toEqual([304, "", tagOf(first)]);
    expect(again.headers.get("retry-after")).toBe("1");
    expect(again.headers.get("cache-control")).toBe("no-store");
    await end();
  });

  test("is answered whole once something is, and 304 again from then on", async () => {
    const { poll, end } = await createPolled();
    const running = tagOf(await poll());
    await end();
    const ended = await poll("", { "If-None-Match": running });
    expect([ended.status, ended.data.status]).toEqual([200, "completed"]);
    expect(tagOf(ended)).not.toBe(running);
    const again = await poll("", { "If-None-Match": tagOf(ended) });
    expect([again.status, again.headers.get("retry-after")]).toEqual([304, null]);
  });

  const FORMS: [form: (tag: string) => string, status: number][] = [
    [(tag) => tag.replace("W/", ""), 304],
    [(tag) => `"a", ${tag} , W/"b"`, 304],
    [() => "*", 304],
    [(tag) => tag.replaceAll('"', ""), 200],
    [(tag) => tag.slice(0, -2) + '"', 200],
    [() => "", 200],
  ];
  test.each(FORMS)("compares weakly, and any of a list, in form %#", async (form, status) => {
    const { poll, end } = await createPolled();
    await end();
    const tag = tagOf(await poll());
    expect((await poll("", { "If-None-Match": form(tag) })).status).toBe(status);
  });

  test("has a tag of its own for what the read token may see", async () => {
    const { poll, follow, end } = await createPolled();
    await end();
    const [whole, result] = [await poll(), await follow()];
    expect(tagOf(result)).not.toBe(tagOf(whole));
    expect((await follow("", { "If-None-Match": tagOf(result) })).status).toBe(304);
    expect((await follow("", { "If-None-Match": tagOf(whole) })).status).toBe(200);
  });
});

describe("a poll with wait", () => {
  test("is answered when the execution ends", async () => {
    const { held, poll } = await createPolled();
    const waiting = poll("?wait=60");
    await passTurns(3);
    expect(await isSettled(waiting)).toBe(false);
    held.release();
    const answer = await waiting;
    expect(answer.data).toMatchObject({ status: "completed", output: HELD_ANSWER });
    expect(answer.headers.get("retry-after")).toBeNull();
  });

  test("is answered at once where it has ended", async () => {
    const { poll, end } = await createPolled();
    await end();
    expect((await poll("?wait=60")).data.status).toBe("completed");
  });

  test("is answered as it stands when the time is over, and the execution goes on", async () => {
    const { poll, end } = await createPolled();
    const answer = await poll("?wait=1");
    expect(answer.data).toMatchObject({ status: "running", waiting: false });
    expect(answer.headers.get("retry-after")).toBe("1");
    await end();
    expect((await poll()).data.status).toBe("completed");
  });

  test("waits for the end although the caller knows how it stands", async () => {
    const { held, poll } = await createPolled();
    const tag = tagOf(await poll());
    const waiting = poll("?wait=60", { "If-None-Match": tag });
    await passTurns(3);
    expect(await isSettled(waiting)).toBe(false);
    held.release();
    expect([(await waiting).status, (await waiting).data.status]).toEqual([200, "completed"]);
  });

  test("is 304 where the time is over and nothing is new", async () => {
    const { poll, end } = await createPolled();
    const tag = tagOf(await poll());
    const answer = await poll("?wait=1", { "If-None-Match": tag });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([304, "1"]);
    await end();
  });

  test("works with the read token of a Location as well", async () => {
    const { held, follow } = await createPolled();
    const waiting = follow("&wait=60");
    await passTurns(3);
    expect(await isSettled(waiting)).toBe(false);
    held.release();
    expect((await waiting).data).toMatchObject({ status: "completed", output: HELD_ANSWER });
  });

  test("is refused at once without a credential", async () => {
    const { app, path, location, end } = await createPolled();
    const wrong = `${location.slice(0, -1)}&wait=60`;
    for (const target of [`${path}?wait=60`, wrong]) {
      const refused = await readAnswer(await app.request(target));
      expectAnswer(refused, { status: 401, code: "UNAUTHORIZED" });
    }
    await end();
  });

  test("is answered as it stands when the server stops", async () => {
    const { app, poll, end } = await createPolled();
    const waiting = poll("?wait=60");
    await passTurns(3);
    app.deps.waits.stop();
    expect((await waiting).data.status).toBe("running");
    expect((await poll("?wait=60")).data.status).toBe("running");
    await end();
  });

  test.each(["0", "61", "-1", "1.5", "x", ""])("of %p is refused", async (wait) => {
    const { poll, end } = await createPolled();
    const refused = await poll(`?wait=${wait}`);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR", shows: ["1 to 60"] });
    await end();
  });
});
