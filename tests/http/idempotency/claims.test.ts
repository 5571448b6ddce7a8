// The claim of a key: in one transaction with the work, its answer sealed, and what is told where
// the answer never came to be kept.

import { describe, expect, test } from "bun:test";
import { pipelineOf } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp, restart } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import type { GatedWriter } from "../../support/gated-writer";
import { createGatedWriter } from "../../support/gated-writer";
import { createRecordedLog } from "../../support/recorded-log";
import { isSettled, nextTurn, passTurns } from "../../support/turns";
import type { Write } from "./writes";
import { countRows, CREATE, isReplayed, sendKeyed, shownBy } from "./writes";

const LOST = { status: 409, code: "IDEMPOTENCY_ANSWER_LOST", shows: ["carried out"] };

/** An app whose writes pass a gate; `afterCommit` is called after each. */
async function createGatedApp(afterCommit: (gate: GatedWriter) => void = () => undefined) {
  const app = await createTestApp();
  const gate = createGatedWriter(app.writer);
  app.deps.writer = {
    drained: () => gate.drained(),
    write: (job, committed) =>
      gate.write(job, (value) => {
        committed?.(value);
        afterCommit(gate);
      }),
  };
  return { app, gate };
}

const create = (app: TestApp) => sendKeyed(app, { write: CREATE, id: "" });

const namesIn = async (app: TestApp): Promise<string[]> =>
  (await app.api("GET /agents")).data.map((agent: { name: string }) => agent.name);

describe("the work and its claim are one:", () => {
  test("where the claim cannot be written nothing is done", async () => {
    const app = await createTestApp({ log: createRecordedLog() });
    app.db.raw.run("alter table kept_answers rename to away");
    app.db.raw.run("create view kept_answers as select * from away");
    expectAnswer(await create(app), { status: 500, code: "INTERNAL" });
    expect(await namesIn(app)).toEqual([]);
  });

  test("where the work fails beside others nothing is claimed, and the others are done", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const stale = { call: "POST /agents/ID/activate", status: 200 };
    const sent = [
      sendKeyed(app, { write: stale, id, headers: { "If-Match": '"0"' } }),
      sendKeyed(app, { write: CREATE, id }),
    ];
    expect((await Promise.all(sent)).map((answer) => answer.status)).toEqual([412, 201]);
    const kept = app.db.raw.query("select status from kept_answers").values();
    expect(kept).toEqual([[201]]);
  });
});

describe("a second request that waits for the first", () => {
  test("does the work itself where the first fails", async () => {
    const { app, gate } = await createGatedApp();
    gate.refuseNext();
    const answers = await Promise.all([create(app), create(app)]);
    expect(answers.map((answer) => [answer.status, isReplayed(answer)])).toEqual([
      [503, false],
      [201, false],
    ]);
    expect(await namesIn(app)).toEqual(["made"]);
  });

  test("is not answered before the first one's answer is kept", async () => {
    const { app, gate } = await createGatedApp((own) => own.close());
    const both = [create(app), create(app)];
    while (gate.held() === 0) await nextTurn();
    await passTurns(5);
    expect(await namesIn(app)).toEqual(["made"]);
    expect(await isSettled(Promise.race(both))).toBe(false);
    gate.open();
    const answers = await Promise.all(both);
    expect(answers.map((answer) => [answer.status, isReplayed(answer)])).toEqual([
      [201, false],
      [201, true],
    ]);
  });

  test("with another body is refused once the first is done", async () => {
    const app = await createTestApp();
    const other: Write = { ...CREATE, body: { name: "other" } };
    const answers = await Promise.all([create(app), sendKeyed(app, { write: other, id: "" })]);
    expect(answers.map((answer) => answer.status)).toEqual([201, 422]);
    expect(await namesIn(app)).toEqual(["made"]);
  });
});

describe("an answer that was not kept", () => {
  /** Does the work, and loses its answer as a crash between the two writes does. */
  async function loseAnswer() {
    const { app } = await createGatedApp((gate) => gate.refuseNext());
    return { app, first: await create(app) };
  }

  test("was given all the same, and a repeat is told that the work is done", async () => {
    const { app, first } = await loseAnswer();
    expect(first.status).toBe(201);
    const later = await restart(app);
    for (let count = 0; count < 2; count += 1) expectAnswer(await create(later), LOST);
    expect(await namesIn(later)).toEqual(["made"]);
  });

  test("does not hide that another body was sent", async () => {
    const { app } = await loseAnswer();
    const other: Write = { ...CREATE, body: { name: "other" } };
    const refused = await sendKeyed(await restart(app), { write: other, id: "" });
    expectAnswer(refused, { status: 422, code: "IDEMPOTENCY_MISMATCH" });
  });
});

describe("what is kept", () => {
  const SECRETIVE: Write = {
    call: "POST /providers",
    body: {
      type: "openai-compatible",
      name: "p",
      baseUrl: "https://x.test/v1",
      apiKey: "sk-canary-of-the-body",
    },
    status: 201,
  };

  test("shows neither secrets of the answer, nor those of the body, nor the key", async () => {
    const app = await createTestApp();
    const bearer = { name: "a", webhook: { auth: { type: "bearer" } } };
    const key = "canary-key-of-the-caller";
    const made = await sendKeyed(app, { write: CREATE, id: "", body: bearer, key });
    await sendKeyed(app, { write: SECRETIVE, id: "" });
    const bytes = Buffer.from(app.db.raw.serialize());
    for (const text of [made.data.webhookSecret, "sk-canary-of-the-body", key]) {
      expect(bytes.includes(text)).toBe(false);
    }
    const again = await sendKeyed(app, { write: CREATE, id: "", body: bearer, key });
    expect(again.data.webhookSecret).toBe(made.data.webhookSecret);
  });

  test("of an agent with a pipeline of almost 1 MiB is given again whole", async () => {
    const app = await createTestApp();
    const prompts = Array.from({ length: 11 }, (_, at) => ({
      id: `n${at}`,
      type: "llm_call",
      data: { providerId: "echo", userPromptTemplate: crypto.randomUUID().repeat(2_500) },
    }));
    const pipeline = { ...pipelineOf(), nodes: [...pipelineOf().nodes, ...prompts] };
    const write: Write = { ...CREATE, body: { name: "large", pipeline } };
    const first = await sendKeyed(app, { write, id: "" });
    const again = await sendKeyed(app, { write, id: "" });
    expect(first.text.length).toBeGreaterThan(900_000);
    expect(shownBy(again)).toEqual(shownBy(first));
    expect(isReplayed(again)).toBe(true);
  });

  test("under another encryption key cannot be told, and the work is not done again", async () => {
    const app = await createTestApp();
    await create(app);
    const later = await restart(app, { masterKey: Buffer.alloc(32, 9) });
    const rows = countRows(later);
    expectAnswer(await create(later), LOST);
    const other: Write = { ...CREATE, body: { name: "other" } };
    expectAnswer(await sendKeyed(later, { write: other, id: "" }), LOST);
    expect(countRows(later)).toEqual(rows);
  });

  test("and altered since, or copied from another key, is not told", async () => {
    const app = await createTestApp();
    await create(app);
    await sendKeyed(app, { write: CREATE, id: "", key: "other" });
    app.db.raw.run(
      "update kept_answers set sealed = (select k.sealed from kept_answers k where k.scope <> kept_answers.scope)",
    );
    expectAnswer(await create(app), LOST);
    app.db.raw.run("update kept_answers set sealed = zeroblob(60)");
    expectAnswer(await create(app), LOST);
  });
});
