// Executions run again, as new ones.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const EDGE = (source: string, target: string, sourceHandle?: string) => ({
  id: `${source}-${target}`,
  source,
  target,
  ...(sourceHandle === undefined ? {} : { sourceHandle }),
});

/** input → a → b → output, with what started it in the output. */
const pipeline = (word = "one") => ({
  nodes: [
    { id: "in", type: "input", data: { schema: { required: ["n"] } } },
    { id: "a", type: "transform", data: { code: `return "${word}:" + {{input.n}}` } },
    { id: "b", type: "transform", data: { code: "return {{nodes.a.output}} + '!'" } },
    {
      id: "out",
      type: "output",
      data: {
        mapping: {
          said: "{{nodes.b.output}}",
          by: "{{trigger.type}}",
          event: "{{trigger.event}}",
          page: "{{trigger.query.page}}",
        },
      },
    },
  ],
  edges: [EDGE("in", "a"), EDGE("a", "b"), EDGE("b", "out")],
});

async function withExecution() {
  const app = await createTestApp();
  const agent = await agentWithSecret(app, {
    auth: { type: "bearer" },
  });
  await app.api(`PATCH /agents/${agent.id}`, { pipeline: pipeline() });
  await app.api(`POST /agents/${agent.id}/activate`);
  const sent = await app.request(`/agents/${agent.id}/webhook?page=2`, {
    method: "POST",
    headers: { ...bearerHeaders(SECRET), "Content-Type": "application/json" },
    body: JSON.stringify({ n: 1 }),
  });
  const { data } = (await sent.json()) as { data: { executionId: string } };
  await app.pool.idle();
  return { app, agentId: agent.id, executionId: data.executionId };
}

type Prepared = Awaited<ReturnType<typeof withExecution>>;

const replay = ({ app, agentId, executionId }: Prepared, body: unknown) =>
  app.api(`POST /agents/${agentId}/executions/${executionId}/replay`, body);

async function read(app: TestApp, path: string) {
  await app.pool.idle();
  return (await app.api(`GET ${path}`)).data;
}

const replayed = async (prepared: Prepared, body: unknown) => {
  const { data } = await replay(prepared, body);
  return read(prepared.app, `/agents/${prepared.agentId}/executions/${data.executionId}`);
};

describe("a replay", () => {
  test("has the input, the version and the delivery's facts of the first, and names it", async () => {
    const prepared = await withExecution();
    const found = await replayed(prepared, {});
    expect(found).toMatchObject({
      status: "completed",
      trigger: "replay",
      replayOf: prepared.executionId,
      agentVersion: 2,
      deliveryId: null,
      input: { n: 1 },
      output: { said: "one:1!", by: "replay", page: "2" },
    });
    expect(found.id).not.toBe(prepared.executionId);
    const again = await replayed({ ...prepared, executionId: found.id }, {});
    expect(again.output).toEqual(found.output);
  });

  test("takes another input, where it fits", async () => {
    const prepared = await withExecution();
    expect((await replayed(prepared, { input: { n: 7 } })).output.said).toBe("one:7!");
    const refused = await replay(prepared, { input: { m: 7 } });
    expectAnswer(refused, { status: 422, code: "INPUT_INVALID" });
  });

  test("runs the live version where that is asked for", async () => {
    const prepared = await withExecution();
    const { app, agentId } = prepared;
    await app.api(`PATCH /agents/${agentId}`, { pipeline: pipeline("two") });
    await app.api(`POST /agents/${agentId}/activate`);
    expect((await replayed(prepared, {})).output.said).toBe("one:1!");
    expect((await replayed(prepared, { version: "latest" })).output.said).toBe("two:1!");
  });

  test("from a node takes what lies before it from the first execution", async () => {
    const prepared = await withExecution();
    const { app } = prepared;
    const found = await replayed(prepared, { fromNode: "b" });
    expect(found.output.said).toBe("one:1!");
    const first = await read(app, `/agents/${prepared.agentId}/executions/${prepared.executionId}`);
    const stepOf = (execution: { steps: { nodeId: string; startedAt: string }[] }, id: string) =>
      execution.steps.find(({ nodeId }) => nodeId === id);
    expect(stepOf(found, "a")).toEqual(stepOf(first, "a"));
    expect(found.steps.map((step: { nodeId: string }) => step.nodeId)).toEqual([
      "in",
      "a",
      "b",
      "out",
    ]);
  });

  test.each([
    [{ fromNode: "nobody" }, "NODE_UNKNOWN"],
    [{ fromNode: "b", version: "latest" }, "INVALID"],
    [{ fromNode: "b", input: { n: 2 } }, "INVALID"],
  ])("%j is refused", async (body, code) => {
    const refused = await replay(await withExecution(), body);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path: "/fromNode", code }]);
  });

  test("without its input asks for one", async () => {
    const prepared = await withExecution();
    prepared.app.db.raw.run("delete from payloads");
    expectAnswer(await replay(prepared, {}), { status: 409, code: "INPUT_GONE" });
    expect((await replayed(prepared, { input: { n: 3 } })).output.said).toBe("one:3!");
  });

  test("of an agent that is switched off is refused", async () => {
    const prepared = await withExecution();
    await prepared.app.api(`POST /agents/${prepared.agentId}/deactivate`);
    expectAnswer(await replay(prepared, {}), { status: 409, code: "AGENT_NOT_RUNNABLE" });
  });

  test("takes no place in the webhook's limit, and gives none back", async () => {
    const prepared = await withExecution();
    const places = () =>
      prepared.app.db.raw.query("select unfinished, count from windows where kind = 'live'").all();
    const before = places();
    await replayed(prepared, {});
    expect(places()).toEqual(before);
  });

  test("leaves the execution that it repeats as it is", async () => {
    const prepared = await withExecution();
    const path = `/agents/${prepared.agentId}/executions/${prepared.executionId}`;
    const before = await read(prepared.app, path);
    await replayed(prepared, { input: { n: 9 } });
    expect(await read(prepared.app, path)).toEqual(before);
  });
});
