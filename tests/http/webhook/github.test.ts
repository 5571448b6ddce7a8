// GitHub's deliveries: signature over the raw bytes, forms, events with their action, pings, repeats.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { githubHeaders } from "../../support/signing";

const GITHUB = { type: "hmac", preset: "github" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const PAYLOAD = '{"action":"opened","text":"a b+c&d=e%20ü"}';

const githubAgent = (app: TestApp, patch: Record<string, unknown> = {}) =>
  agentWithSecret(app, { auth: GITHUB, patch });

interface Sent {
  id: string;
  body: string;
  event?: string;
  delivery?: string;
  headers?: Record<string, string>;
}

function send(app: TestApp, data: Sent): Promise<ApiAnswer> {
  const { id, body, event = "issues", delivery = "delivery-1" } = data;
  const signed = githubHeaders({ secret: SECRET, body, event, id: delivery });
  return app.deliver(id, body, { headers: { ...signed, ...data.headers } });
}

async function rowOf(app: TestApp, agentId: string) {
  await app.ledger.flush();
  const { data } = await app.api(`GET /agents/${agentId}/deliveries?limit=1`);
  return data[0];
}

/** What the pipeline sees of the trigger, by an output of templates. */
const MAPPING = {
  event: "{{trigger.event}}",
  id: "{{trigger.deliveryId}}",
  kind: "{{trigger.type}}",
  agent: "{{trigger.headers.user-agent}}",
  signature: "{{trigger.headers.authorization}}",
  query: "{{trigger.query.q}}",
};

describe("a signed delivery", () => {
  test("reaches the pipeline with its event, action, id, headers and query", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app, { pipeline: pipelineOf({ mapping: MAPPING }) });
    const headers = {
      ...githubHeaders({ secret: SECRET, body: PAYLOAD, event: "issues", id: "delivery-1" }),
      "Content-Type": "application/json",
      "User-Agent": "GitHub-Hookshot/1",
      Authorization: "Bearer of-somebody-else",
    };
    const init = { method: "POST", body: PAYLOAD, headers };
    const response = await app.request(`/agents/${id}/webhook?q=1&r=2`, init);
    const { data } = await readAnswer(response);
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${data.executionId}`);
    expect(read.data.output).toEqual({
      event: "issues.opened",
      id: "delivery-1",
      kind: "webhook",
      agent: "GitHub-Hookshot/1",
      signature: "***",
      query: "1",
    });
  });

  const EVENTS: [body: string, event: string, stored: string][] = [
    ['{"action":"opened"}', "issues", "issues.opened"],
    ['{"ref":"main"}', "push", "push"],
    ['{"action":""}', "issues", "issues"],
    ['{"action":7}', "issues", "issues"],
    ['{"action":{"a":1}}', "issues", "issues"],
    ['["action"]', "issues", "issues"],
    ["null", "issues", "issues"],
  ];
  test.each(EVENTS)("%s of %s is the event %s", async (body, event, stored) => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    expect((await send(app, { id, body, event })).status).toBe(200);
    expect(await rowOf(app, id)).toMatchObject({ event: stored, preset: "github", verified: true });
  });
});

describe("a form", () => {
  const form = `payload=${encodeURIComponent(PAYLOAD)}`;

  test("is signed over its raw bytes, and its payload is the input", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const answer = await send(app, { id, body: form, headers: FORM });
    expect(answer.status).toBe(200);
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${answer.data.executionId}`);
    expect(read.data.input).toEqual(JSON.parse(PAYLOAD));
    expect((await rowOf(app, id)).event).toBe("issues.opened");
  });

  test("writes spaces as plus signs, too", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const body = 'x=1&payload={"a":"b+c"}&payload={}';
    const answer = await send(app, { id, body, headers: FORM });
    await app.pool.idle();
    const read = await app.api(`GET /agents/${id}/executions/${answer.data.executionId}`);
    expect(read.data.input).toEqual({ a: "b c" });
  });

  test("is not accepted for a signature over the JSON inside", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const headers = { ...githubHeaders({ secret: SECRET, body: PAYLOAD }), ...FORM };
    expect((await app.deliver(id, form, { headers })).status).toBe(401);
  });

  const BROKEN: [name: string, body: string][] = [
    ["without payload", "other=%7B%7D"],
    ["of an empty payload", "payload="],
    ["of a payload that is no JSON", "payload=%7B"],
    ["of a payload deeper than 64 levels", `payload=${"[".repeat(65)}${"]".repeat(65)}`],
    ["of nothing", ""],
  ];
  test.each(BROKEN)("%s is refused", async (_name, body) => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const answer = await send(app, { id, body, headers: FORM });
    expectAnswer(answer, { status: 400, code: "INVALID_JSON" });
  });
});

describe("a ping", () => {
  test("is answered 200 without an execution, and takes nothing", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const answer = await send(app, { id, body: '{"zen":"Design for failure."}', event: "ping" });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, data: { executionId: null } },
    });
    expect(answer.headers.get("location")).toBeNull();
    expect(answer.headers.get("x-ratelimit-remaining")).toBe("100");
    expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
    expect(await rowOf(app, id)).toMatchObject({
      verdict: "handshake",
      gate: "handshake",
      reason: "PING",
      executionId: null,
    });
  });

  test("without the signature is refused as any other", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    const headers = { "X-GitHub-Event": "ping", "X-GitHub-Delivery": "d" };
    expect((await app.deliver(id, "{}", { headers })).status).toBe(401);
  });

  test("claims no key: the same delivery id runs later", async () => {
    const app = await createTestApp();
    const { id } = await githubAgent(app);
    await send(app, { id, body: "{}", event: "ping" });
    const answer = await send(app, { id, body: "{}", event: "push" });
    expect(answer.data.executionId).toBeString();
    expect(answer.headers.get("idempotent-replayed")).toBeNull();
  });

  test("is an event like others where the preset is not github", async () => {
    const app = await createTestApp();
    const agent = await app.agent();
    const answer = await app.deliver(agent.id, "{}", { headers: { "X-GitHub-Event": "ping" } });
    expect(answer.data.executionId).toBeString();
    expect(await rowOf(app, agent.id)).toMatchObject({ event: null, deliveryKey: null });
  });
});
