// One failure shape for everything that goes wrong, with the code and the status that are documented.

import { describe, expect, test } from "bun:test";
import { ERRORS } from "../../../src/errors";
import { createTestApp, readAnswer } from "../../support/app";
import { ADMIN_TOKEN } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";

const MIB = 1024 * 1024;
const JSON_TYPE = { "Content-Type": "application/json" };
const ADMIN = bearerHeaders(ADMIN_TOKEN);

/** A body without a declared length. */
const streamOf = (text: string): ReadableStream<Uint8Array> =>
  new Response(text).body ?? new ReadableStream();

const json = (body: string | Uint8Array, more: Record<string, string> = {}): RequestInit => ({
  body,
  headers: { ...JSON_TYPE, ...more },
});

const ROWS: [name: string, call: string, init: RequestInit, code: keyof typeof ERRORS][] = [
  ["an unknown route", "GET /nowhere", {}, "NOT_FOUND"],
  ["the root", "GET /", {}, "NOT_FOUND"],
  ["a path below a known one", "GET /agents/x/y/z", {}, "NOT_FOUND"],
  ["a path with a slash too many", "GET //agents", {}, "NOT_FOUND"],
  ["a path in upper case", "GET /AGENTS", {}, "NOT_FOUND"],
  ["a path without the id of its route", "GET /agents//executions", {}, "NOT_FOUND"],
  ["an unknown method on a known path", "PUT /agents", {}, "METHOD_NOT_ALLOWED"],
  ["an unknown thing", "GET /agents/agt_unknown", {}, "NOT_FOUND"],
  ["broken JSON", "POST /agents", json("{"), "INVALID_JSON"],
  ["an empty body", "POST /agents", json(""), "INVALID_JSON"],
  ["a body that is not UTF-8", "POST /agents", json(new Uint8Array([0xff])), "INVALID_JSON"],
  ["65 levels", "POST /agents", json("[".repeat(65) + "]".repeat(65)), "INVALID_JSON"],
  ["100,000 levels", "POST /agents", json("[".repeat(100_000)), "INVALID_JSON"],
  [
    "a body without a type",
    "POST /agents",
    { body: new Uint8Array([0x31]) },
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a form",
    "POST /agents",
    json("a=1", { "Content-Type": "application/x-www-form-urlencoded" }),
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a type that only starts alike",
    "POST /agents",
    json("{}", { "Content-Type": "application/jsonx" }),
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a gzipped body",
    "POST /agents",
    json(Bun.gzipSync("{}"), { "Content-Encoding": "gzip" }),
    "UNSUPPORTED_ENCODING",
  ],
  [
    "a body over 1 MiB by its own word",
    "POST /agents",
    json("{}", { "Content-Length": String(MIB + 1) }),
    "PAYLOAD_TOO_LARGE",
  ],
  [
    "a streamed body over 1 MiB",
    "POST /agents",
    { body: streamOf(`"${"x".repeat(MIB)}"`), headers: JSON_TYPE },
    "PAYLOAD_TOO_LARGE",
  ],
  ["a body that does not fit", "POST /agents", json("{}"), "VALIDATION_ERROR"],
  ["a body of another kind", "POST /agents", json("7"), "VALIDATION_ERROR"],
  ["an unknown query key", "GET /agents?nope=1", {}, "VALIDATION_ERROR"],
  ["an unknown query key of a probe", "GET /healthz?nope=1", {}, "VALIDATION_ERROR"],
  ["a limit that is none", "GET /agents?limit=many", {}, "VALIDATION_ERROR"],
];

describe("the one failure shape is the answer to", () => {
  test.each(ROWS)("%s", async (_name, call, init, code) => {
    const app = await createTestApp();
    const [method = "", path = ""] = call.split(" ");
    const headers = { ...ADMIN, ...(init.headers as Record<string, string>) };
    const answer = await readAnswer(await app.request(path, { ...init, method, headers }));
    expectAnswer(answer, { status: ERRORS[code].status ?? 0, code });
    if (code === "VALIDATION_ERROR") expect(answer.error.details.length).toBeGreaterThan(0);
  });

  test("every code of the table that answers requests has one status of its own", () => {
    const statuses = Object.values(ERRORS).map((row) => row.status);
    for (const status of statuses) {
      expect(status === null || (status >= 400 && status <= 599)).toBe(true);
    }
  });
});

describe("1 MiB is taken to its last byte", () => {
  test("before the validation looks at it", async () => {
    const app = await createTestApp();
    const description = "x".repeat(MIB - '{"name":"a","description":""}'.length);
    const body = JSON.stringify({ name: "a", description });
    expect(body).toHaveLength(MIB);
    const answer = await app.api("POST /agents", { name: "a", description });
    expectAnswer(answer, { status: 422, code: "VALIDATION_ERROR" });
  });
});

const ALLOWED: [path: string, allow: string[]][] = [
  ["/healthz", ["GET"]],
  ["/agents", ["GET", "POST"]],
  ["/agents/x", ["DELETE", "GET", "PATCH"]],
  ["/agents/x/activate", ["POST"]],
  ["/agents/x/invoke", ["POST"]],
  ["/agents/x/webhook", ["POST"]],
  ["/agents/x/webhook/secrets", ["POST"]],
  ["/agents/x/executions", ["GET"]],
  ["/agents/x/executions/y", ["GET"]],
  ["/agents/x/versions/1", ["GET"]],
  ["/deliveries/x/raw", ["GET"]],
  ["/providers/x", ["DELETE", "GET", "PATCH"]],
];

describe("405 names the methods that are taken at", () => {
  test.each(ALLOWED)("%s", async (path, allow) => {
    const app = await createTestApp();
    for (const method of ["TRACE", "PROPFIND", "OPTIONS"]) {
      const answer = await readAnswer(await app.request(path, { method, headers: ADMIN }));
      expectAnswer(answer, { status: 405, code: "METHOD_NOT_ALLOWED" });
      const named = (answer.headers.get("allow") ?? "").split(", ").toSorted();
      expect([method, named]).toEqual([method, allow]);
    }
  });
});

describe("answers of", () => {
  test("the probes need no credential and say little", async () => {
    const app = await createTestApp();
    const health = await app.request("/healthz");
    expect([health.status, await health.json()]).toEqual([
      200,
      { success: true, data: { status: "ok" } },
    ]);
    const ready = await app.request("/readyz");
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { success: true, data: { status: "ready" } },
    ]);
  });

  test.each(["POST", "PATCH"])(
    "routes whose body is optional by nature do not ask for one (%s)",
    async (method) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const path = `/agents/${id}/deactivate`;
      const response = await app.request(path, { method, headers: ADMIN });
      expect(response.status).toBe(method === "POST" ? 200 : 405);
    },
  );

  test("routes without a body read none, whatever is sent along", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const sent: RequestInit[] = [
      json("{"),
      json("[]", { "Content-Encoding": "gzip" }),
      { body: "a=1", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
    ];
    for (const init of sent) {
      const headers = { ...ADMIN, ...(init.headers as Record<string, string>) };
      const path = `/agents/${id}/deactivate`;
      const answer = await app.request(path, { ...init, method: "POST", headers });
      expect(answer.status).toBe(200);
    }
    const headers = { ...ADMIN, ...JSON_TYPE };
    const deleted = await app.request(`/agents/${id}`, { method: "DELETE", body: "{", headers });
    expect(deleted.status).toBe(204);
  });

  test("a handler that finds nothing is 404, not 405", async () => {
    const app = await createTestApp();
    const calls = [
      "DELETE /agents/agt_x",
      "DELETE /providers/prv_x",
      "POST /agents/agt_x/activate",
    ];
    for (const call of calls) {
      expectAnswer(await app.api(call), { status: 404, code: "NOT_FOUND" });
    }
  });
});
