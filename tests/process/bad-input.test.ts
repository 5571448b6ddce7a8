// Requests that are wrong, as bytes over a socket: each is answered with its documented code in the
// one shape, nothing that was sent comes back, and the connection's server goes on.

import { expect, test } from "bun:test";
import { ERRORS, type ErrorCode } from "../../src/errors";
import { guardProcesses } from "../support/process-cleanup";
import { ask, listExecutions, makeAgent, sign } from "../support/server-calls";
import { startServer, type Server } from "../support/server";
import { within } from "../support/process-waiting";
import type { RawRequest, WireAnswer } from "../support/server-wire";
import { Connection, toBytes, toChunk } from "../support/server-wire";

guardProcesses();

const CANARY = "canary-7f3a91";
const MIB = 1024 * 1024;
const UNKNOWN = "agt_00000000-0000-7000-8000-000000000000";
const JSON_TYPE = { "Content-Type": "application/json" };
const CHUNKED = { ...JSON_TYPE, "Transfer-Encoding": "chunked" };

interface Wrong {
  name: string;
  /** With an `id` of its own where it is not for an open webhook. */
  request: Partial<RawRequest> & { id?: string };
  code: ErrorCode;
}

const exchange = async (server: Server, bytes: Uint8Array): Promise<WireAnswer> => {
  using connection = await Connection.open(server.url);
  const answer = await within("an answer", connection.exchange(bytes));
  if (answer === null) throw new Error("the connection was closed without an answer");
  return answer;
};

/** The answer has the code's status, the one shape, and nothing of the request. */
function expectRefused(answer: WireAnswer, code: ErrorCode): void {
  const { error, ...rest } = JSON.parse(answer.text);
  expect([answer.status, error?.code]).toEqual([ERRORS[code].status, code]);
  expect(rest).toEqual({ success: false });
  const known = ["code", "message", "hint", "details", "requestId"];
  expect(Object.keys(error).filter((key) => !known.includes(key))).toEqual([]);
  expect(error.message).toMatch(/^[A-Z][^\n]+\.$/);
  expect(error.requestId).toBe(answer.headers.get("x-request-id"));
  expect(answer.headers.get("content-type")).toStartWith("application/json");
  const shown = [...answer.headers].flat().join("\n") + answer.text;
  expect(shown).not.toContain(CANARY);
  expect(shown).not.toMatch(/\bat [\w.]+ \(|node_modules|\$bunfs|sqlite/i);
}

const chunked = (parts: (string | Uint8Array)[]): Buffer =>
  Buffer.concat([...parts.map(toChunk), Buffer.from("0\r\n\r\n")]);

const webhook = (data: { id: string } & Partial<RawRequest>): RawRequest => ({
  headers: JSON_TYPE,
  ...data,
  path: data.path ?? `/agents/${data.id}/webhook?q=${CANARY}`,
});

/** Deliveries to an open webhook. */
const WRONG: Wrong[] = [
  { name: "broken JSON", request: { body: `{"a":"${CANARY}"` }, code: "INVALID_JSON" },
  { name: "JSON and more", request: { body: `{} ${CANARY}` }, code: "INVALID_JSON" },
  { name: "a bare word", request: { body: CANARY }, code: "INVALID_JSON" },
  { name: "NaN", request: { body: `{"${CANARY}":NaN}` }, code: "INVALID_JSON" },
  { name: "nothing", request: { body: "" }, code: "INVALID_JSON" },
  { name: "spaces", request: { body: " \n\t " }, code: "INVALID_JSON" },
  {
    name: "a BOM alone",
    request: { body: Buffer.from([0xef, 0xbb, 0xbf]) },
    code: "INVALID_JSON",
  },
  {
    name: "65 levels",
    request: { body: "[".repeat(65) + "]".repeat(65) },
    code: "INVALID_JSON",
  },
  {
    name: "100,000 levels",
    request: { body: "[".repeat(100_000) + "]".repeat(100_000) },
    code: "INVALID_JSON",
  },
  {
    name: "100,000 open objects",
    request: { body: '{"a":'.repeat(100_000) },
    code: "INVALID_JSON",
  },
  {
    name: "bytes that are not UTF-8",
    request: { body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) },
    code: "INVALID_JSON",
  },
  {
    name: "UTF-16",
    request: { body: Buffer.from(`{"a":"${CANARY}"}`, "utf16le") },
    code: "INVALID_JSON",
  },
  {
    name: "a declared charset other than UTF-8",
    request: {
      body: "{}",
      headers: { "Content-Type": "application/json; charset=utf-16" },
    },
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a form",
    request: {
      body: `payload=${CANARY}`,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    },
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a multipart form with a file",
    request: {
      body: `--b\r\nContent-Disposition: form-data; name="f"; filename="/etc/${CANARY}"\r\n\r\nx\r\n--b--\r\n`,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
    },
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "plain text",
    request: { body: CANARY, headers: { "Content-Type": "text/plain" } },
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  ...["gzip", "br", "deflate", "zstd", CANARY].map((encoding): Wrong => ({
    name: `Content-Encoding ${encoding}`,
    request: {
      body: Bun.gzipSync(`{"a":"${CANARY}"}`),
      headers: { ...JSON_TYPE, "Content-Encoding": encoding },
    },
    code: "UNSUPPORTED_ENCODING",
  })),
  {
    name: "a body of one byte too many, declared",
    request: { body: `"${CANARY}${"x".repeat(MIB)}"` },
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "a body too large in chunks",
    request: {
      body: chunked([`"${CANARY}`, ...Array(17).fill("x".repeat(MIB / 16)), '"']),
      headers: CHUNKED,
    },
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "a malformed Idempotency-Key",
    request: {
      body: "{}",
      headers: { ...JSON_TYPE, "Idempotency-Key": `${CANARY} ${CANARY}` },
    },
    code: "IDEMPOTENCY_KEY_INVALID",
  },
  {
    name: "a long Idempotency-Key",
    request: {
      body: "{}",
      headers: { ...JSON_TYPE, "Idempotency-Key": CANARY.repeat(30) },
    },
    code: "IDEMPOTENCY_KEY_INVALID",
  },
  ...["GET", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method): Wrong => ({
    name: method,
    request: { method, body: method === "GET" ? "" : "{}" },
    code: "METHOD_NOT_ALLOWED",
  })),
  {
    name: "an unknown id",
    request: { id: UNKNOWN, body: `{"a":"${CANARY}"}` },
    code: "NOT_FOUND",
  },
  {
    name: "an id that is none",
    request: { id: CANARY, body: "{}" },
    code: "NOT_FOUND",
  },
  {
    name: "an id of escapes",
    request: { id: "%2e%2e%2f%00", body: "{}" },
    code: "NOT_FOUND",
  },
];

test("each wrong delivery is answered with its code, and the next good one is accepted", async () => {
  await using server = await startServer();
  const { id } = await makeAgent(server);
  for (const { name, request, code } of WRONG) {
    const answer = await exchange(server, toBytes(webhook({ id, ...request })));
    try {
      expectRefused(answer, code);
    } catch (error) {
      throw new Error(`${name}: ${answer.status} ${answer.text}`, { cause: error });
    }
  }
  expect(await listExecutions(server, id)).toEqual([]);
  const good = await exchange(server, toBytes(webhook({ id, body: '{"a":1}' })));
  expect(good.status).toBe(200);
  // None of them took from the 100 of the minute.
  expect(good.headers.get("x-ratelimit-remaining")).toBe("99");
});

test("bodies at the limits are accepted: 1 MiB, 64 levels, a BOM, chunks, any JSON value", async () => {
  await using server = await startServer();
  const { id } = await makeAgent(server, { webhook: { limits: { maxConcurrent: 100 } } });
  const good: Partial<RawRequest>[] = [
    { body: `"${"x".repeat(MIB - 2)}"` },
    { body: "[".repeat(64) + "]".repeat(64) },
    { body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from("{}")]) },
    { body: chunked(['{"a":', "1}"]), headers: CHUNKED },
    { body: "null" },
    { body: "0" },
    { body: '"text"' },
    { body: "{}", headers: { "Content-Type": "application/vnd.github+json; charset=UTF-8" } },
    { body: "{}", headers: {} },
    { body: '{"__proto__":1,"constructor":{"then":2},"toJSON":3}' },
  ];
  for (const request of good) {
    const answer = await exchange(server, toBytes(webhook({ id, ...request })));
    expect([answer.status, answer.text.slice(0, 40)]).toEqual([200, expect.any(String)]);
  }
});

test("a body that is declared too large is refused before it is sent", async () => {
  await using server = await startServer();
  const { id } = await makeAgent(server);
  using connection = await Connection.open(server.url);
  const answer = connection.answer();
  const headers = { ...JSON_TYPE, "Content-Length": String(MIB + 1) };
  connection.send(toBytes(webhook({ id, headers })));
  const given = await within("an answer to the head alone", answer);
  expectRefused(given ?? { status: 0, headers: new Headers(), text: "{}" }, "PAYLOAD_TOO_LARGE");
});

test("under hmac a form is refused after its signature, and without one told nothing", async () => {
  await using server = await startServer();
  const agent = await makeAgent(server, { webhook: { auth: { type: "hmac" } } });
  const body = `payload=${CANARY}`;
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  const send = (headers: Record<string, string>): Promise<WireAnswer> =>
    exchange(server, toBytes(webhook({ id: agent.id, body, headers: { ...type, ...headers } })));
  const signature = sign(agent.webhookSecret, body);
  expectRefused(await send({ "X-Webhook-Signature": signature }), "UNSUPPORTED_MEDIA_TYPE");
  expectRefused(await send({ "X-Webhook-Signature": CANARY }), "UNAUTHORIZED");
  expectRefused(await send({}), "UNAUTHORIZED");
});

test("unknown, switched off and inactive webhooks answer alike", async () => {
  await using server = await startServer();
  const withSecret = { webhook: { auth: { type: "bearer" } } };
  const off = await makeAgent(server, { ...withSecret, webhookEnabled: false });
  const inactive = await makeAgent(server, withSecret);
  expect((await ask(server, `POST /agents/${inactive.id}/deactivate`)).status).toBe(200);
  const answers = [];
  for (const id of [UNKNOWN, off.id, inactive.id, CANARY]) {
    for (const body of ["{}", "{broken", `"${"x".repeat(2 * MIB)}"`]) {
      const answer = await exchange(server, toBytes(webhook({ id, body })));
      expectRefused(answer, "NOT_FOUND");
      const names = [...answer.headers.keys()].toSorted().join();
      answers.push(`${names} ${answer.text.replace(/req_[0-9a-f-]+/, "req")}`);
    }
  }
  expect(new Set(answers).size).toBe(1);
});
