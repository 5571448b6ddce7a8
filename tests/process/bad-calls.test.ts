// Wrong calls of the API over a socket: the documented code in the one shape, nothing sent comes
// back.

import { expect, test } from "bun:test";
import { ERRORS, type ErrorCode } from "../../src/errors";
import { guardProcesses } from "../support/process-cleanup";
import { startServer, type Server } from "../support/server";
import { ask, makeAgent } from "../support/server-calls";
import { within } from "../support/process-waiting";
import type { RawRequest, WireAnswer } from "../support/server-wire";
import { Connection, toBytes } from "../support/server-wire";

guardProcesses();

const CANARY = "canary-55d0c2";
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

async function call(server: Server, request: RawRequest & { token?: string }): Promise<WireAnswer> {
  using connection = await Connection.open(server.url);
  const { token = server.token } = request;
  const headers = {
    "Content-Type": "application/json",
    ...(token === "" ? {} : { Authorization: `Bearer ${token}` }),
    ...request.headers,
  };
  const bytes = toBytes({ ...request, headers });
  const answer = await within("an answer", connection.exchange(bytes));
  if (answer === null) throw new Error("the connection was closed without an answer");
  return answer;
}

/** What an answer says, in the words of the table below. */
function summaryOf(answer: WireAnswer): { status: number; code: string } {
  const body = JSON.parse(answer.text);
  expect(body.success).toBe(false);
  expect(body.error.requestId).toBe(answer.headers.get("x-request-id"));
  expect([...answer.headers].flat().join("\n") + answer.text).not.toContain(CANARY);
  return { status: answer.status, code: body.error.code };
}

const refused = (code: ErrorCode) => ({ status: ERRORS[code].status ?? 0, code });

const BODIES: [what: string, request: Partial<RawRequest>, code: ErrorCode][] = [
  ["broken JSON", { body: `{"name":"${CANARY}"` }, "INVALID_JSON"],
  ["an empty body", { body: "" }, "INVALID_JSON"],
  ["100,000 levels", { body: "[".repeat(100_000) }, "INVALID_JSON"],
  ["no UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }, "INVALID_JSON"],
  [
    "a form",
    { body: `name=${CANARY}`, headers: { "Content-Type": "application/x-www-form-urlencoded" } },
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "gzip",
    { body: Bun.gzipSync("{}"), headers: { "Content-Encoding": "gzip" } },
    "UNSUPPORTED_ENCODING",
  ],
  ["more than 1 MiB", { body: `{"name":"${"x".repeat(1024 * 1024)}"}` }, "PAYLOAD_TOO_LARGE"],
  ["a wrong type", { body: `{"name":["${CANARY}"]}` }, "VALIDATION_ERROR"],
  ["an array", { body: `["${CANARY}"]` }, "VALIDATION_ERROR"],
  ["an unknown key", { body: `{"name":"x","webhok":"${CANARY}"}` }, "VALIDATION_ERROR"],
  [
    "an unknown word",
    { body: `{"webhook":{"auth":{"type":"${CANARY}"}},"name":"x"}` },
    "VALIDATION_ERROR",
  ],
  [
    "a number out of range",
    { body: `{"name":"x","webhook":{"limits":{"perMinute":0}}}` },
    "VALIDATION_ERROR",
  ],
];

test("a wrong body of POST /agents is answered with its code and makes nothing", async () => {
  await using server = await startServer();
  const given = [];
  for (const [what, request] of BODIES) {
    given.push([what, summaryOf(await call(server, { path: "/agents", ...request }))]);
  }
  expect(given).toEqual(BODIES.map(([what, , code]) => [what, refused(code)]));
  expect((await ask(server, "GET /agents")).data).toEqual([]);
});

test("a fault in a body is named by its place", async () => {
  await using server = await startServer();
  const body = JSON.stringify({ name: 7, webhok: CANARY, webhook: { limits: { perMinute: "x" } } });
  const answer = await call(server, { path: "/agents", body });
  expect(summaryOf(answer)).toEqual(refused("VALIDATION_ERROR"));
  const { details } = JSON.parse(answer.text).error;
  expect(details.map(({ path }: { path: string }) => path).toSorted()).toEqual([
    "/name",
    "/webhok",
    "/webhook/limits/perMinute",
  ]);
});

/** Method, path and, where the route takes one, a body. */
const ROUTES = [
  `GET /agents/agt_${UNKNOWN}`,
  `PATCH /agents/agt_${UNKNOWN} {"name":"x"}`,
  `DELETE /agents/agt_${UNKNOWN}`,
  `POST /agents/agt_${UNKNOWN}/activate`,
  `POST /agents/agt_${UNKNOWN}/deactivate`,
  `POST /agents/agt_${UNKNOWN}/invoke {"input":1}`,
  `POST /agents/agt_${UNKNOWN}/webhook/secrets {}`,
  `GET /agents/agt_${UNKNOWN}/versions`,
  `GET /agents/agt_${UNKNOWN}/executions`,
  `GET /agents/agt_${UNKNOWN}/deliveries`,
  `GET /agents/${CANARY}/executions/exec_${UNKNOWN}`,
  `GET /providers/prv_${UNKNOWN}`,
  `PATCH /providers/prv_${UNKNOWN} {"name":"x"}`,
  `DELETE /providers/prv_${UNKNOWN}`,
  `GET /deliveries/dlv_${UNKNOWN}`,
];

function toRequest(route: string): RawRequest {
  const [method = "", path = "", ...rest] = route.split(" ");
  // Without a body clients send neither a type nor a length.
  return rest.length === 0
    ? { method, path, headers: { "Content-Type": undefined, "Content-Length": undefined } }
    : { method, path, body: rest.join(" ") };
}

test("an unknown id is answered 404 on every route", async () => {
  await using server = await startServer();
  const given = [];
  for (const route of ROUTES) given.push([route, summaryOf(await call(server, toRequest(route)))]);
  expect(given).toEqual(ROUTES.map((route) => [route, refused("NOT_FOUND")]));
});

test("without a valid token every route is answered 401, whatever is sent", async () => {
  await using server = await startServer();
  const routes = [
    ...ROUTES,
    "GET /agents",
    'POST /agents {"name":"x"}',
    `POST /agents {broken ${CANARY}`,
    "GET /providers",
    "POST /providers {}",
    "GET /deliveries",
  ];
  const tokens = ["", CANARY, `hk_live_${CANARY}${"0".repeat(40)}`];
  const given = [];
  for (const route of routes) {
    for (const token of tokens) {
      const answer = await call(server, { ...toRequest(route), token });
      given.push([route, summaryOf(answer)]);
    }
  }
  const expected = routes.flatMap((route) => tokens.map(() => [route, refused("UNAUTHORIZED")]));
  expect(given).toEqual(expected);
});

test("calls without a body, as an owner makes them, succeed", async () => {
  await using server = await startServer();
  const { id } = await makeAgent(server);
  for (const path of ["POST /agents/ID/deactivate", "POST /agents/ID/activate"]) {
    expect((await ask(server, path.replace("ID", id))).status).toBe(200);
  }
  expect((await ask(server, `DELETE /agents/${id}`)).status).toBeLessThan(300);
  expect((await ask(server, "GET /agents")).data).toEqual([]);
});

test("an unknown method or path is answered in the one shape", async () => {
  await using server = await startServer();
  for (const path of ["/agents", "/healthz", "/nothing", `/${CANARY}`]) {
    for (const method of ["PUT", "OPTIONS", "DELETE", "PROPFIND"]) {
      const code = ["/agents", "/healthz"].includes(path) ? "METHOD_NOT_ALLOWED" : "NOT_FOUND";
      expect(summaryOf(await call(server, { method, path }))).toEqual(refused(code));
    }
  }
});

test("an unknown or odd query of a list is refused", async () => {
  await using server = await startServer();
  const { id } = await makeAgent(server);
  const queries = ["limit=0", "limit=201", "limit=x", `x=${CANARY}`, "status=odd", "trigger=odd"];
  for (const query of queries) {
    const answer = await call(server, { method: "GET", path: `/agents/${id}/executions?${query}` });
    expect([query, summaryOf(answer)]).toEqual([query, refused("VALIDATION_ERROR")]);
  }
});
