// The credential is asked for first: a stranger's request is not read, and not told what is wrong in it.

import { describe, expect, test } from "bun:test";
import { createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { bearerHeaders } from "../../support/signing";
import { addToken } from "../../support/tokens";
import { ROUTES } from "./routes";

const JSON_TYPE = { "Content-Type": "application/json" };

/** Requests that are refused by the body, the query or the path, were they let in. */
const FAULTY: [name: string, call: string, init: RequestInit][] = [
  ["broken JSON", "POST /agents", { body: "{", headers: JSON_TYPE }],
  [
    "a body of another type",
    "POST /agents",
    { body: "x", headers: { "Content-Type": "text/plain" } },
  ],
  ["no body", "POST /agents", {}],
  ["a body that does not fit", "PATCH /agents/x", { body: "[]", headers: JSON_TYPE }],
  [
    "a body that is too large",
    "POST /providers",
    { body: `"${"x".repeat(1024 * 1024)}"`, headers: JSON_TYPE },
  ],
  [
    "a body that is too large by its own word",
    "POST /agents/x/invoke",
    { body: "1", headers: { ...JSON_TYPE, "Content-Length": "9999999" } },
  ],
  [
    "an encoded body",
    "POST /providers",
    { body: "1", headers: { ...JSON_TYPE, "Content-Encoding": "gzip" } },
  ],
  ["a body that is too deep", "POST /agents", { body: "[".repeat(100), headers: JSON_TYPE }],
  ["an unknown query key", "GET /agents?x=1", {}],
  ["a limit that is none", "GET /deliveries?limit=x", {}],
  ["an unknown agent", "GET /agents/agt_unknown", {}],
  ["an unknown provider", "DELETE /providers/prv_unknown", {}],
  ["an unknown execution", "GET /agents/x/executions/y", {}],
  ["an unknown version", "GET /agents/x/versions/y", {}],
  ["an unknown delivery", "GET /deliveries/x/raw", {}],
];

const ask = async (data: { call: string; init: RequestInit; token?: string }) => {
  const app = await createTestApp();
  const [method = "", path = ""] = data.call.split(" ");
  const own = data.token === undefined ? {} : bearerHeaders(data.token);
  const headers = new Headers({ ...own, ...(data.init.headers as Record<string, string>) });
  return readAnswer(await app.request(path, { ...data.init, method, headers }));
};

describe("without a token, 401 comes before", () => {
  test.each(FAULTY)("%s", async (_name, call, init) => {
    const refused = await ask({ call, init });
    expectAnswer(refused, { status: 401, code: "UNAUTHORIZED" });
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
  });
});

describe("with a token that may not, 403 comes before", () => {
  const ADMIN_ONLY = FAULTY.filter(([, call]) => {
    const method = call.split(" ")[0];
    return method !== "GET";
  });
  test.each(ADMIN_ONLY)("%s", async (_name, call, init) => {
    const app = await createTestApp();
    const token = await addToken(app, { scope: "read" });
    const [method = "", path = ""] = call.split(" ");
    const headers = new Headers({
      ...bearerHeaders(token),
      ...(init.headers as Record<string, string>),
    });
    const refused = readAnswer(await app.request(path, { ...init, method, headers }));
    expectAnswer(await refused, { status: 403, code: "FORBIDDEN" });
  });
});

describe("an agent's own token", () => {
  const PATHS: [name: string, path: (own: string, other: string) => string, status: number][] = [
    ["reads its agent", (own) => `/agents/${own}`, 200],
    ["reads what belongs to it", (own) => `/agents/${own}/executions`, 200],
    ["reads with a slash at the end", (own) => `/agents/${own}/`, 200],
    ["does not list agents", () => "/agents", 403],
    ["does not read another agent", (_own, other) => `/agents/${other}`, 403],
    [
      "does not read another agent's executions",
      (_own, other) => `/agents/${other}/executions`,
      403,
    ],
    ["does not climb out of its agent", (own, other) => `/agents/${own}/../${other}`, 403],
    ["does not climb out by an encoded way", (own, other) => `/agents/${own}/%2e%2e/${other}`, 403],
    ["does not read an agent whose id starts alike", (own) => `/agents/${own}0`, 403],
    ["does not read providers", () => "/providers", 403],
    ["does not read all deliveries", () => "/deliveries", 403],
  ];
  test.each(PATHS)("%s", async (_name, path, status) => {
    const app = await createTestApp();
    const [own, other] = [await app.agent(), await app.agent()];
    const token = await addToken(app, { scope: "admin", agentId: own.id });
    const headers = bearerHeaders(token);
    expect((await app.request(path(own.id, other.id), { headers })).status).toBe(status);
  });

  test("is told what it lacks: the scope, or the agent", async () => {
    const app = await createTestApp();
    const [own, other] = [await app.agent(), await app.agent()];
    const token = await addToken(app, { scope: "read", agentId: own.id });
    const hintOf = async (call: string): Promise<string> =>
      (await app.api(call, undefined, token)).error.hint;
    expect(await hintOf(`DELETE /agents/${own.id}`)).toContain("the scope admin");
    expect(await hintOf(`GET /agents/${other.id}`)).toContain("for one agent");
    expect(await hintOf("GET /tokens")).toContain("the scope admin");
  });

  test("reads its agent under an encoded spelling of its id", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const headers = bearerHeaders(await addToken(app, { scope: "read", agentId: id }));
    const path = `/agents/${id.replace("agt", "%61gt")}`;
    expect((await app.request(path, { headers })).status).toBe(200);
  });

  test("is told the same of another agent and of one that never was", async () => {
    const app = await createTestApp();
    const [own, other] = [await app.agent(), await app.agent()];
    const unknown = other.id.replace(/.$/, "f");
    const token = await addToken(app, { scope: "admin", agentId: own.id });
    const read = async (path: string) => {
      const { status, body } = await app.api(`GET ${path}`, undefined, token);
      return { status, error: { ...body.error, requestId: "" } };
    };
    for (const rest of ["", "/executions", "/versions/1", "/deliveries/x/raw"]) {
      const [of, never] = [`/agents/${other.id}${rest}`, `/agents/${unknown}${rest}`];
      expect(await read(of)).toEqual(await read(never));
    }
  });

  test("is told the same of another agent's things under its own path as of unknown ones", async () => {
    const app = await createTestApp();
    const [own, other] = [await app.agent(), await app.agent()];
    const { executionId } = (await app.deliver(other.id, "1")).data;
    const deliveryId = executionId.replace("exec_", "dlv_");
    const token = await addToken(app, { scope: "admin", agentId: own.id });
    for (const rest of [
      `executions/${executionId}`,
      `deliveries/${deliveryId}`,
      `deliveries/${deliveryId}/raw`,
    ]) {
      const call = `GET /agents/${own.id}/${rest}`;
      const [foreign, unknown] = [call, call.replace(/.(?=$|\/raw)/, "f")];
      for (const asked of [foreign, unknown]) {
        expectAnswer(await app.api(asked, undefined, token), { status: 404, code: "NOT_FOUND" });
      }
    }
  });
});

describe("a token is found", () => {
  const FORMS: [name: string, header: (token: string) => string, status: number][] = [
    ["by Bearer", (token) => `Bearer ${token}`, 200],
    ["by the scheme in any case", (token) => `bEaReR ${token}`, 200],
    ["behind more than one space", (token) => `Bearer   ${token}`, 200],
    ["not without the scheme", (token) => token, 401],
    ["not by another scheme", (token) => `Token ${token}`, 401],
    ["not as the password of Basic", (token) => `Basic ${btoa(`x:${token}`)}`, 401],
    ["not with more behind it", (token) => `Bearer ${token} x`, 401],
    ["not twice", (token) => `Bearer ${token}, Bearer ${token}`, 401],
    ["not cut", (token) => `Bearer ${token.slice(0, -1)}`, 401],
    ["not in upper case", (token) => `Bearer ${token.toUpperCase()}`, 401],
  ];
  test.each(FORMS)("%s", async (_name, header, status) => {
    const app = await createTestApp();
    const token = await addToken(app, { scope: "read" });
    const headers = { Authorization: header(token) };
    expect((await app.request("/agents", { headers })).status).toBe(status);
  });

  test("not in the query, and not in a cookie", async () => {
    const app = await createTestApp();
    const token = await addToken(app, { scope: "admin" });
    expect((await app.request(`/agents?token=${token}`)).status).toBe(401);
    expect((await app.request("/agents", { headers: { Cookie: `token=${token}` } })).status).toBe(
      401,
    );
  });

  test("until the millisecond at which it expires", async () => {
    const app = await createTestApp();
    const token = await addToken(app, { scope: "read", expiresAt: app.clock.now() + 1000 });
    app.clock.advance(999);
    expect((await app.api("GET /agents", undefined, token)).status).toBe(200);
    app.clock.advance(1);
    expect((await app.api("GET /agents", undefined, token)).status).toBe(401);
  });
});

test("no header makes another method of a request", async () => {
  const app = await createTestApp();
  const { id } = await app.agent();
  const admin = bearerHeaders(await addToken(app, { scope: "admin" }));
  for (const name of ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]) {
    const headers = { ...admin, [name]: "DELETE" };
    expect((await app.request(`/agents/${id}`, { headers })).status).toBe(200);
    const posted = await app.request(`/agents/${id}?_method=DELETE`, { method: "POST", headers });
    expect(posted.status).toBe(405);
  }
  expect((await app.request(`/agents/${id}`, { headers: admin })).status).toBe(200);
});

test("HEAD asks for the same credential as GET, and carries no body", async () => {
  const app = await createTestApp();
  const { id } = await app.agent();
  const { data } = await app.deliver(id, "1");
  const raw = `/deliveries/${data.executionId.replace("exec_", "dlv_")}/raw`;
  const read = bearerHeaders(await addToken(app, { scope: "read" }));
  const head = (path: string, headers: Record<string, string>) =>
    app.request(path, { method: "HEAD", headers });
  expect((await head("/agents", {})).status).toBe(401);
  expect((await head(raw, read)).status).toBe(403);
  const good = await head("/agents", read);
  expect([good.status, await good.text()]).toEqual([200, ""]);
});

test("answers of every route are for nobody to keep, whoever asks", async () => {
  const app = await createTestApp();
  const { id } = await app.agent();
  // What documents the program is the same for everybody.
  const routes = Object.keys(ROUTES).filter((name) => /^GET (?!\/swagger)/.test(name));
  for (const route of routes) {
    const path = (route.split(" ")[1] ?? "").replace(":id", id);
    for (const token of [undefined, "wrong", await addToken(app, { scope: "admin" })]) {
      const headers = token === undefined ? {} : bearerHeaders(token);
      const response = await app.request(path, { headers });
      expect([route, response.headers.get("cache-control")]).toEqual([route, "no-store"]);
    }
  }
});
