// Nothing that was sent comes back in an error: a canary in every field, header and query value.
// Names are the exception: where a name is what is wrong, a pointer to it stands in `details`.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { ApiAnswer, TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { createRecordedLog } from "../../support/recorded-log";
import { bearerHeaders } from "../../support/signing";

const CANARY = "canary-5d1e-of-the-tests";

/** Headers that a caller may set freely, each with the canary. */
const HEADERS: Record<string, string> = {
  "User-Agent": CANARY,
  Referer: `https://${CANARY}.test/`,
  Cookie: `a=${CANARY}`,
  "X-Forwarded-For": CANARY,
  "X-Forwarded-Host": CANARY,
  "X-Request-Id": `${CANARY} with a space`,
  Accept: CANARY,
  "Accept-Language": CANARY,
};

/** An app whose log is kept, and an agent whose input is a number. */
async function prepare() {
  const log = createRecordedLog();
  const app = await createTestApp({ log });
  const agent = await agentWithSecret(app, {
    auth: { type: "bearer" },
    patch: { pipeline: pipelineOf({ schema: { type: "number" } }) },
  });
  return { app, log, id: agent.id as string };
}

const textOf = (answer: ApiAnswer): string =>
  `${[...answer.headers].map((pair) => pair.join(": ")).join("\n")}\n${answer.text}`;

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function expectSilence(
  { app, log }: Prepared,
  data: { path: string; init: RequestInit },
): Promise<void> {
  const answer = await readAnswer(await app.request(data.path, data.init));
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(textOf(answer)).not.toContain(CANARY);
  expect(JSON.stringify(log.lines)).not.toContain(CANARY);
}

const json = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

const LLM = { id: "llm", type: "llm_call", data: {} };
const node = (change: Record<string, unknown>) => ({
  pipeline: { nodes: [{ ...LLM, ...change }], edges: [] },
});

const API: [name: string, call: string, body?: unknown][] = [
  ["in broken JSON", "POST /agents", `{"name":"${CANARY}"`],
  ["as the whole body", "POST /agents", CANARY],
  ["as a JSON text", "POST /agents", `"${CANARY}"`],
  ["beside a bad name", "POST /agents", { name: "", description: CANARY }],
  [
    "in an object where text is wanted",
    "POST /agents",
    { name: { a: CANARY }, description: [CANARY] },
  ],
  ["as a flag", "POST /agents", { name: "a", webhookEnabled: CANARY }],
  ["as the value of an unknown key", "POST /agents", { name: "a", zone: CANARY }],
  [
    "as a method",
    "POST /agents",
    { name: "a", webhook: { auth: { type: CANARY, preset: CANARY } } },
  ],
  [
    "as limits",
    "POST /agents",
    { name: "a", webhook: { limits: { perMinute: CANARY, overflow: CANARY } } },
  ],
  [
    "in what is not built",
    "POST /agents",
    {
      name: "a",
      webhook: {
        filter: CANARY,
        respond: CANARY,
        callback: { secret: CANARY },
        limits: { coalesceKey: CANARY },
      },
    },
  ],
  [
    "as a custom scheme",
    "POST /agents",
    { name: "a", webhook: { auth: { type: "hmac", custom: { secret: CANARY } } } },
  ],
  ["as a node's type", "POST /agents", { name: "a", ...node({ type: CANARY }) }],
  ["as a node's id of no form", "POST /agents", { name: "a", ...node({ id: `${CANARY} x` }) }],
  ["as a node's label", "POST /agents", { name: "a", ...node({ label: [CANARY] }) }],
  ["as a node's data", "POST /agents", { name: "a", ...node({ data: CANARY }) }],
  [
    "in a schema beside an unknown key",
    "POST /agents",
    {
      name: "a",
      zone: 1,
      ...node({
        id: "input",
        type: "input",
        data: { schema: { pattern: CANARY, const: CANARY, title: CANARY } },
      }),
    },
  ],
  ["as a provider's type", "POST /providers", { type: CANARY, name: CANARY, apiKey: CANARY }],
  [
    "as a provider's URL",
    "POST /providers",
    { type: "openai-compatible", name: CANARY, apiKey: CANARY, baseUrl: `ftp://${CANARY}` },
  ],
  [
    "as a provider's key of another kind",
    "POST /providers",
    { type: "openai-compatible", name: CANARY, apiKey: [CANARY], baseUrl: "https://x.test" },
  ],
  ["as a token's scope", "POST /tokens", { name: CANARY, scope: CANARY }],
  ["as a token's agent", "POST /tokens", { name: CANARY, scope: "read", agentId: CANARY }],
  ["as a token's expiry", "POST /tokens", { name: CANARY, scope: "read", expiresAt: CANARY }],
  ["as a token's text", "POST /tokens", { name: "t", scope: "read", token: CANARY }],
  ["as a token's id", `GET /tokens/${CANARY}`],
  ["as the id of a token to delete", `DELETE /tokens/${CANARY}`],
  ["as a cursor of tokens", `GET /tokens?cursor=${CANARY.toUpperCase()}&limit=${CANARY}`],
  ["in a query value", `GET /agents?cursor=${CANARY}`],
  ["as a limit", `GET /agents?limit=${CANARY}`],
  ["as a status", `GET /agents/ID/executions?status=${CANARY}`],
  ["as a trigger", `GET /agents/ID/executions?trigger=${CANARY}`],
  ["as a verdict and a reason", `GET /deliveries?verdict=${CANARY}&reason=${CANARY}`],
  ["as a time", `GET /deliveries?from=${CANARY}`],
  ["as an agent's id", `GET /agents/${CANARY}`],
  ["as an execution's id", `GET /agents/ID/executions/${CANARY}`],
  ["as a read token", `GET /agents/ID/executions/x?token=${CANARY}`],
  ["as a delivery's id", `GET /deliveries/${CANARY}`],
  ["as a version", `GET /agents/ID/versions/${CANARY}`],
  ["as a path", `GET /${CANARY}`],
  ["as a secret with white space", "POST /agents/ID/webhook/secrets", { secret: `${CANARY} ` }],
  ["as a grace", "POST /agents/ID/webhook/secrets", { secret: CANARY, graceSeconds: CANARY }],
  ["as an input", "POST /agents/ID/invoke", { input: CANARY }],
  ["as an input that would wait", "POST /agents/ID/invoke", { input: 1, waitSeconds: CANARY }],
];

describe("the API does not repeat a canary", () => {
  test.each(API.map(([name, call, body]) => ({ name, call, body })))("$name", async (row) => {
    const { call, body } = row;
    const prepared = await prepare();
    const [method = "", path = ""] = call.replace("ID", prepared.id).split(" ");
    const headers = {
      ...HEADERS,
      ...bearerHeaders(ADMIN_TOKEN),
      "Content-Type": "application/json",
    };
    const init = body === undefined ? { method, headers } : { method, headers, body: json(body) };
    await expectSilence(prepared, { path, init });
  });

  test.each([
    ["as a host", { Host: `${CANARY}.test` }],
    ["as an origin", { Origin: `https://${CANARY}.test` }],
    ["as a host and an origin of no form", { Host: `${CANARY} x`, Origin: CANARY }],
  ])("%s", async (_name, sent) => {
    const prepared = await prepare();
    const headers = { ...HEADERS, ...bearerHeaders(ADMIN_TOKEN), ...sent };
    await expectSilence(prepared, { path: "/agents/x", init: { method: "DELETE", headers } });
  });

  test("as a token, by either scheme", async () => {
    const prepared = await prepare();
    for (const Authorization of [`Bearer ${CANARY}`, CANARY, `Basic ${CANARY}`]) {
      const init = { headers: { ...HEADERS, Authorization } };
      await expectSilence(prepared, { path: "/agents", init });
    }
  });
});

const WEBHOOK: [name: string, body: string, headers: Record<string, string>][] = [
  ["as a wrong secret", "1", bearerHeaders(CANARY)],
  ["in broken JSON", `{"a":"${CANARY}"`, bearerHeaders(SECRET)],
  ["as an input that does not fit", `"${CANARY}"`, bearerHeaders(SECRET)],
  ["as an input deep inside", `{"a":[{"b":"${CANARY}"}]}`, bearerHeaders(SECRET)],
  ["as a malformed key", "1", { ...bearerHeaders(SECRET), "Idempotency-Key": `${CANARY} x` }],
  ["as a content type", "1", { ...bearerHeaders(SECRET), "Content-Type": CANARY }],
  [
    "as a charset",
    "1",
    { ...bearerHeaders(SECRET), "Content-Type": `application/json; charset=${CANARY}` },
  ],
  ["as an encoding", "1", { ...bearerHeaders(SECRET), "Content-Encoding": CANARY }],
  ["as a signature", "1", { "X-Webhook-Signature": CANARY, "X-Hub-Signature-256": CANARY }],
];

describe("the webhook does not repeat a canary", () => {
  test.each(WEBHOOK)("%s", async (_name, body, headers) => {
    const prepared = await prepare();
    const path = `/agents/${prepared.id}/webhook?q=${CANARY}&${CANARY}=1`;
    const all = { ...HEADERS, "Content-Type": "application/json", ...headers };
    await expectSilence(prepared, { path, init: { method: "POST", body, headers: all } });
  });

  test("in the id of an unknown agent", async () => {
    const prepared = await prepare();
    const init = { method: "POST", body: CANARY, headers: HEADERS };
    await expectSilence(prepared, { path: `/agents/${CANARY}/webhook`, init });
  });

  test("in a second body under the same key", async () => {
    const prepared = await prepare();
    const key = { ...bearerHeaders(SECRET), "Idempotency-Key": CANARY };
    await prepared.app.deliver(prepared.id, "1", { headers: key });
    const path = `/agents/${prepared.id}/webhook`;
    const headers = { ...key, "Content-Type": "application/json" };
    await expectSilence(prepared, { path, init: { method: "POST", body: "2", headers } });
  });
});

describe("names that are wrong come back as pointers, and not at length:", () => {
  const longName = `${CANARY}-${"x".repeat(5000)}`;
  const send = (app: TestApp, body: unknown) => app.api("POST /agents", body);

  test("an unknown key of a request", async () => {
    const app = await createTestApp();
    const { error } = await send(app, { name: "a", [CANARY]: 1 });
    expect(error.details).toMatchObject([{ path: `/${CANARY}` }]);
    const long = await send(app, { name: "a", [longName]: 1 });
    expect(long.text.length).toBeLessThan(1000);
  });

  test("many unknown keys are told up to a bound", async () => {
    const app = await createTestApp();
    const keys = Array.from({ length: 1000 }, (_, at) => [`key${at}`, 1]);
    const { error } = await send(app, { name: "a", ...Object.fromEntries(keys) });
    expect(error.details.length).toBeLessThanOrEqual(20);
  });

  test("a property of an input that the schema does not allow", async () => {
    const app = await createTestApp();
    const schema = { type: "object", additionalProperties: false };
    const { id } = await app.agent({ pipeline: pipelineOf({ schema }) });
    const answer = await app.deliver(id, JSON.stringify({ [longName]: CANARY }));
    expect(answer.status).toBe(422);
    expect(answer.text.length).toBeLessThan(1000);
  });
});
