// Hosts and origins on every route: strangers' names and other sites' pages are refused before the
// credential and before the body; webhooks and probes are open to all.

import { describe, expect, test } from "bun:test";
import type { ApiAnswer, TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createRecordedLog } from "../../support/recorded-log";
import { bearerHeaders } from "../../support/signing";
import { ROUTES } from "./routes";

const HOST = { status: 421, code: "HOST_NOT_ALLOWED" };
const ORIGIN = { status: 403, code: "ORIGIN_NOT_ALLOWED" };
const STRANGE = { Host: "canary.evil.test" };
const FOREIGN = { Origin: "https://canary.evil.test" };

interface Sent {
  call: string;
  headers: Record<string, string>;
  body?: string;
}

async function ask(app: TestApp, { call, headers, body }: Sent): Promise<ApiAnswer> {
  const [method = "", path = ""] = call.split(" ");
  const init = body === undefined ? {} : { body };
  return readAnswer(await app.request(path, { method, headers, ...init }));
}

/** `/agents/x/versions/x` for `/agents/:id/versions/:version`. */
const callOf = (route: string): string => route.replaceAll(/:\w+/g, "x");

const isOpen = (route: string): boolean => /(webhook|healthz|readyz)$/.test(route);
const isWrite = (route: string): boolean => !/^(GET|HEAD|OPTIONS) /.test(route);
const GUARDED = Object.keys(ROUTES).filter((route) => !isOpen(route));
const UNKNOWN = ["GET /", "GET /nowhere", "POST /nowhere", "DELETE /agents", "OPTIONS /agents"];

describe("under a stranger's name, whoever asks,", () => {
  test.each([...GUARDED, ...UNKNOWN])("%s is refused", async (route) => {
    const app = await createTestApp();
    for (const token of [{}, bearerHeaders("wrong"), bearerHeaders(ADMIN_TOKEN)]) {
      const refused = await ask(app, { call: callOf(route), headers: { ...STRANGE, ...token } });
      expectAnswer(refused, { ...HOST, shows: ["HOOKLINE_ALLOWED_HOSTS"], hides: ["canary"] });
      expect(refused.headers.get("www-authenticate")).toBeNull();
    }
  });

  test("a result is not read by its link", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const { headers } = await app.deliver(id, "1");
    const call = `GET ${headers.get("location")}`;
    expectAnswer(await ask(app, { call, headers: STRANGE }), HOST);
    expect((await ask(app, { call, headers: {} })).status).toBe(200);
  });
});

describe("from another site's page, whoever asks,", () => {
  const WRITES = [...GUARDED, ...UNKNOWN].filter(isWrite);
  test.each(WRITES)("%s is refused", async (route) => {
    const app = await createTestApp();
    const signs = [FOREIGN, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }];
    for (const sign of signs) {
      for (const token of [{}, bearerHeaders("wrong"), bearerHeaders(ADMIN_TOKEN)]) {
        const sent = { call: callOf(route), headers: { ...sign, ...token } };
        expectAnswer(await ask(app, sent), { ...ORIGIN, hides: ["canary"] });
      }
    }
  });

  test("nothing is changed", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const headers = { ...FOREIGN, ...bearerHeaders(ADMIN_TOKEN) };
    expectAnswer(await ask(app, { call: `DELETE /agents/${id}`, headers }), ORIGIN);
    expect((await app.api(`GET /agents/${id}`)).status).toBe(200);
  });

  test("reading is answered, and by no header shown to the page", async () => {
    const app = await createTestApp();
    const headers = { ...FOREIGN, ...bearerHeaders(ADMIN_TOKEN) };
    const answer = await ask(app, { call: "GET /agents", headers });
    expect(answer.status).toBe(200);
    const names = [...answer.headers.keys()];
    expect(names.filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a preflight is no method that is taken, on webhooks neither", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const headers = { ...FOREIGN, "Access-Control-Request-Method": "POST" };
    for (const path of ["/agents", `/agents/${id}`, "/tokens", `/agents/${id}/webhook`]) {
      const refused = await ask(app, { call: `OPTIONS ${path}`, headers });
      expectAnswer(refused, { status: 405, code: "METHOD_NOT_ALLOWED" });
      expect([...refused.headers.keys()].join()).not.toContain("access-control");
    }
  });
});

describe("a page of this server", () => {
  test.each([
    [
      "under the name it was reached by",
      { Host: "localhost:3000", Origin: "http://localhost:3000" },
    ],
    ["under its public URL", { Host: "hooks.test", Origin: "http://hooks.test" }],
  ])("%s may write", async (_name, sent) => {
    const app = await createTestApp();
    const headers = {
      ...bearerHeaders(ADMIN_TOKEN),
      "Content-Type": "application/json",
      ...sent,
    };
    const call = "POST /agents";
    expect((await ask(app, { call, headers, body: '{"name":"a"}' })).status).toBe(201);
  });
});

describe("open under every name and to every page are", () => {
  const ALL = { ...STRANGE, ...FOREIGN, "Sec-Fetch-Site": "cross-site" };

  test("webhooks", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await app.deliver(id, "1", { headers: ALL })).status).toBe(200);
  });

  test.each(["/healthz", "/readyz"])("%s", async (path) => {
    const app = await createTestApp();
    expect((await ask(app, { call: `GET ${path}`, headers: ALL })).status).toBe(200);
  });
});

describe("a host with which no URL can be made", () => {
  test.each(["localhost:99999", "999.999.999.999", "[::::]"])("%s is refused", async (host) => {
    const app = await createTestApp();
    const headers = {
      ...bearerHeaders(ADMIN_TOKEN),
      "Content-Type": "application/json",
      "Idempotency-Key": "a-key",
      Host: host,
    };
    const sent = { call: "POST /agents", headers, body: '{"name":"a"}' };
    expectAnswer(await ask(app, sent), HOST);
  });
});

test("a host of one character is one like others", async () => {
  const app = await createTestApp({ config: { allowedHosts: ["x"] } });
  const { id } = await app.agent();
  for (const path of ["/agents", `/agents/${id}`, `/agents/${id}/versions`, "/healthz"]) {
    const init = { headers: bearerHeaders(ADMIN_TOKEN) };
    for (const method of ["GET", "HEAD"]) {
      const answer = await app.app.handle(new Request(`http://x${path}`, { ...init, method }));
      expect([path, method, answer.status]).toEqual([path, method, 200]);
    }
  }
});

describe("the entrance comes before", () => {
  const BODIES: [name: string, body: string, headers: Record<string, string>][] = [
    ["broken JSON", "{", { "Content-Type": "application/json" }],
    ["a body of another type", "x", { "Content-Type": "text/plain" }],
    ["a body that is too large", "1", { "Content-Length": "9999999" }],
    ["an encoded body", "1", { "Content-Encoding": "gzip" }],
  ];
  test.each(BODIES)("%s", async (_name, body, headers) => {
    const app = await createTestApp();
    const sent = {
      call: "POST /agents",
      body,
      headers: { ...headers, ...bearerHeaders(ADMIN_TOKEN) },
    };
    expectAnswer(await ask(app, { ...sent, headers: { ...sent.headers, ...STRANGE } }), HOST);
    expectAnswer(await ask(app, { ...sent, headers: { ...sent.headers, ...FOREIGN } }), ORIGIN);
  });

  test("the count of failed tokens", async () => {
    const app = await createTestApp();
    const headers = { ...STRANGE, ...bearerHeaders("wrong") };
    for (let count = 0; count < 61; count += 1) {
      expectAnswer(await ask(app, { call: "GET /agents", headers }), HOST);
    }
    const own = await ask(app, { call: "GET /agents", headers: bearerHeaders("wrong") });
    expectAnswer(own, { status: 401, code: "UNAUTHORIZED" });
  });

  test("any line in the log", async () => {
    const log = createRecordedLog();
    const app = await createTestApp({ log });
    await ask(app, { call: "GET /canary", headers: STRANGE });
    await ask(app, { call: "POST /canary", headers: FOREIGN });
    expect(log.lines).toEqual([]);
  });
});
