// `respond: {waitSeconds}`, and `waitSeconds` of a manual execution: the answer with the end in it.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { ApiAnswer } from "../../support/app";
import { createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createHeldApp } from "../../support/held-app";
import { HELD_ANSWER } from "../../support/held-outbound";
import { isSettled, passTurns } from "../../support/turns";

const WAITING = { webhook: { respond: { waitSeconds: 60 } } };
const BRIEFLY = { webhook: { respond: { waitSeconds: 1 } } };

/** Delivered and invoked in the same words: an answer that waits, on a model that is held. */
async function createAnswered(patch: Record<string, unknown> = WAITING) {
  const parts = await createHeldApp(2, patch);
  const { app, held, agent } = parts;
  const deliver = (headers: Record<string, string> = {}): Promise<ApiAnswer> =>
    app.deliver(agent.id, "1", { headers });
  const invoke = (waitSeconds = 60): Promise<ApiAnswer> =>
    app.api(`POST /agents/${agent.id}/invoke`, { input: 1, waitSeconds });
  const idOfNewest = async (): Promise<string> =>
    (await app.api(`GET /agents/${agent.id}/executions`)).data[0].id;
  const end = async (): Promise<void> => {
    held.stopHolding();
    await app.pool.idle();
  };
  return { ...parts, deliver, invoke, idOfNewest, end };
}

type Answered = Awaited<ReturnType<typeof createAnswered>>;

const WAYS: [way: string, send: (data: Answered) => Promise<ApiAnswer>][] = [
  ["a delivery", (data) => data.deliver()],
  ["a manual execution", (data) => data.invoke()],
];

/** Sends, and looks that no answer comes while the model is held. */
async function sendHeld(
  data: Answered,
  send: (data: Answered) => Promise<ApiAnswer>,
): Promise<Promise<ApiAnswer>[]> {
  const sent = send(data);
  await data.held.started(1);
  await passTurns(3);
  expect(await isSettled(sent)).toBe(false);
  return [sent];
}

describe.each(WAYS)("the answer to %s that waits", (_way, send) => {
  test("carries id, status and output of the end, and nothing else", async () => {
    const data = await createAnswered();
    const [sent] = await sendHeld(data, send);
    data.held.release();
    const answer = await sent;
    expect(answer?.status).toBe(200);
    expect(answer?.text).toBe(
      JSON.stringify({
        success: true,
        data: { executionId: await data.idOfNewest(), status: "completed", output: HELD_ANSWER },
      }),
    );
  });

  test("is 200 for a failed execution too, with its status, its code and no output", async () => {
    const data = await createAnswered();
    const [sent] = await sendHeld(data, send);
    data.held.fail();
    const answer = await sent;
    expect([answer?.status, answer?.data]).toEqual([
      200,
      {
        executionId: await data.idOfNewest(),
        status: "failed",
        output: null,
        error: { code: "PROVIDER_UNREACHABLE" },
      },
    ]);
  });

  test("says so where the execution was cancelled", async () => {
    const data = await createAnswered();
    const [sent] = await sendHeld(data, send);
    const id = await data.idOfNewest();
    await data.app.api(`POST /agents/${data.agent.id}/executions/${id}/cancel`);
    expect((await sent)?.data).toEqual({ executionId: id, status: "cancelled", output: null });
  });

  test("is the one without an end where the server stops first", async () => {
    const data = await createAnswered();
    const [sent] = await sendHeld(data, send);
    data.app.deps.waits.stop();
    expect((await sent)?.data).toEqual({ executionId: await data.idOfNewest(), status: "running" });
    await data.end();
  });
});

describe("a wait that is over before the end", () => {
  const SHORT: [way: string, send: (data: Answered) => Promise<ApiAnswer>][] = [
    ["a delivery", (data) => data.deliver()],
    ["a manual execution", (data) => data.invoke(1)],
  ];
  test.each(SHORT)(
    "gives the answer of %s without an end, which comes later",
    async (_way, send) => {
      const data = await createAnswered(BRIEFLY);
      const answer = await send(data);
      const executionId = await data.idOfNewest();
      expect(answer.text).toBe(
        `{"success":true,"data":{"executionId":"${executionId}","status":"running"}}`,
      );
      await data.end();
      expect((await data.poll(executionId)).data.status).toBe("completed");
    },
  );
});

describe("a sender that goes away", () => {
  test("ends the wait, and not the execution", async () => {
    const data = await createAnswered();
    const client = new AbortController();
    const sent = data.app.deliver(data.agent.id, "1", { signal: client.signal });
    await data.held.started(1);
    client.abort();
    expect((await sent).data.status).toBe("running");
    await data.end();
    expect((await data.poll(await data.idOfNewest())).data.status).toBe("completed");
  });
});

describe("the answer to a delivery that waits", () => {
  test("has the headers of any accepted one", async () => {
    const { app, agent, held, deliver } = await createAnswered();
    const sent = deliver();
    await held.started(1);
    app.clock.advance(7_000);
    held.release();
    const { headers } = await sent;
    expect(headers.get("x-ratelimit-remaining")).toBe("99");
    // As of the answer: seven seconds of the minute are over.
    expect(headers.get("ratelimit")).toBe('"webhook";r=99;t=53');
    const read = await readAnswer(await app.request(headers.get("location") ?? ""));
    expect(read.data).toMatchObject({ status: "completed", output: HELD_ANSWER });
    expect(agent.webhook.respond).toEqual({ waitSeconds: 60 });
  });

  test("does not wait for what is refused", async () => {
    const { app, agent, end } = await createAnswered();
    expectAnswer(await app.deliver(agent.id, "{"), { status: 400, code: "INVALID_JSON" });
    await end();
  });

  test("takes its place and its minute as any other", async () => {
    const patch = { webhook: { ...WAITING.webhook, limits: { maxConcurrent: 1 } } };
    const { held, deliver } = await createAnswered(patch);
    const sent = deliver();
    await held.started(1);
    expectAnswer(await deliver(), { status: 429, code: "CONCURRENCY_LIMITED" });
    held.release();
    expect((await sent).status).toBe(200);
  });

  test("does not wait any more once the setting is taken back", async () => {
    const { app, agent, deliver, end } = await createAnswered();
    await app.api(`PATCH /agents/${agent.id}`, { webhook: { respond: null } });
    expect((await deliver()).data.status).toBe("running");
    await end();
  });
});

describe("the repeat of a delivery that waits", () => {
  const KEY = { "Idempotency-Key": "k" };

  test("waits for the first one's end, and carries it", async () => {
    const { held, deliver } = await createAnswered();
    const first = deliver(KEY);
    await held.started(1);
    const repeat = deliver(KEY);
    await passTurns(3);
    expect(await isSettled(repeat)).toBe(false);
    held.release();
    const [one, two] = await Promise.all([first, repeat]);
    expect(two.data).toEqual(one.data);
    expect(two.headers.get("idempotent-replayed")).toBe("true");
  });

  test("carries the end at once where that has come", async () => {
    const { held, deliver, end } = await createAnswered();
    const first = deliver(KEY);
    await held.started(1);
    await end();
    const repeat = await deliver(KEY);
    expect(repeat.data).toEqual((await first).data);
    expect(repeat.data).toMatchObject({ status: "completed", output: HELD_ANSWER });
  });

  test("is told how the first one stands where the wait is over before", async () => {
    const { deliver, idOfNewest, end } = await createAnswered(BRIEFLY);
    const first = deliver(KEY);
    const repeat = await deliver(KEY);
    expect(repeat.data).toEqual({ executionId: await idOfNewest(), status: "running" });
    await first;
    await end();
  });
});

describe("an output", () => {
  test.each([[{ a: [1, null] }], ["text"], [0], [null]])("of %j comes as it is", async (input) => {
    const app = await createTestApp();
    const { id } = await app.agent({ pipeline: pipelineOf({ mapping: "{{input}}" }), ...WAITING });
    const expected = { status: "completed", output: input };
    expect((await app.deliver(id, JSON.stringify(input))).data).toMatchObject(expected);
    const invoked = await app.api(`POST /agents/${id}/invoke`, { input, waitSeconds: 5 });
    expect(invoked.data).toMatchObject(expected);
  });
});

describe("waitSeconds of a manual execution", () => {
  test.each([0, 61, -1, 1.5, "5", null, false])(
    "is refused as %p, and nothing runs",
    async (value) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const refused = await app.api(`POST /agents/${id}/invoke`, { input: 1, waitSeconds: value });
      expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
      expect(refused.error.details).toMatchObject([{ path: "/waitSeconds" }]);
      expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
    },
  );
});
