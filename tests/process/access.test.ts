// Who may call the running binary, over real connections: forwarded addresses, host names, path
// tricks, and tokens that stop at once and stay so.

import { describe, expect, test } from "bun:test";
import { guardProcesses } from "../support/process-cleanup";
import { within } from "../support/process-waiting";
import type { Server } from "../support/server";
import { startServer } from "../support/server";
import { ask, askData, deliver, makeAgent } from "../support/server-calls";
import type { RawRequest, WireAnswer } from "../support/server-wire";
import { Connection, toBytes } from "../support/server-wire";

guardProcesses();

/** Bytes as they are; the answer to them. */
async function exchange(server: Server, bytes: Uint8Array): Promise<WireAnswer> {
  using connection = await Connection.open(server.url);
  const answer = await within("an answer", connection.exchange(bytes));
  if (answer === null) throw new Error("the connection was closed without an answer");
  return answer;
}

/** `GET` with that token. */
const read = (server: Server, request: RawRequest & { token?: string }): Promise<WireAnswer> => {
  const { token = server.token, headers = {}, ...rest } = request;
  const all = { Authorization: `Bearer ${token}`, ...headers };
  return exchange(server, toBytes({ method: "GET", ...rest, headers: all }));
};

const codeOf = (answer: WireAnswer): string => JSON.parse(answer.text).error?.code ?? "none";

/** `X-Forwarded-For` as a proxy writes it behind what its client sent. */
const FORWARDED = { "X-Forwarded-For": "127.0.0.1, 198.51.100.9, 192.0.2.7" };

describe("the address of a client", () => {
  test.each([
    ["is the forwarded one behind a trusted proxy", "loopback", "192.0.2.7"],
    ["is the one before further proxies", "loopback, 192.0.2.0/24", "198.51.100.9"],
    ["is the peer's own where others are trusted", "10.0.0.0/8", "127.0.0.1"],
    ["is the peer's own where nobody is trusted", undefined, "127.0.0.1"],
  ])("%s", async (_name, trust, address) => {
    await using server = await startServer({ env: { HOOKLINE_TRUST_PROXY: trust } });
    const { id } = await makeAgent(server);
    const sent = await deliver(server, { agentId: id, body: 1, headers: FORWARDED });
    expect(sent.status).toBe(200);
    const [row] = await askData(server, `GET /agents/${id}/deliveries`);
    expect(row.address).toBe(address);
  });

  test("has its own count of failed tokens, and a good one passes", async () => {
    await using server = await startServer({ env: { HOOKLINE_TRUST_PROXY: "loopback" } });
    const readFrom = async (address: string, token: string) => {
      const headers = { "X-Forwarded-For": address };
      return (await read(server, { path: "/agents", headers, token })).status;
    };
    for (let count = 0; count < 60; count += 1) {
      expect(await readFrom("192.0.2.7", "wrong")).toBe(401);
    }
    expect(await readFrom("192.0.2.7", "wrong")).toBe(429);
    expect(await readFrom("192.0.2.8", "wrong")).toBe(401);
    expect(await readFrom("192.0.2.7", server.token)).toBe(200);
  });
});

describe("the Host", () => {
  const env = { HOOKLINE_ALLOWED_HOSTS: "hookline, hooks.lan" };

  test("is one of ours, or the API does not answer", async () => {
    await using server = await startServer({ env });
    const answerTo = async (host: string) => {
      const answer = await read(server, { path: "/agents", headers: { Host: host } });
      return [host, answer.status, codeOf(answer)];
    };
    for (const host of ["localhost", "127.0.0.1:1", "[::1]", "hookline:80", "Hooks.LAN"]) {
      expect(await answerTo(host)).toEqual([host, 200, "none"]);
    }
    for (const host of ["evil.test", "a b", "evil.test/agents", "x@localhost", "", "x.hooks.lan"]) {
      expect(await answerTo(host)).toEqual([host, 421, "HOST_NOT_ALLOWED"]);
    }
  });

  test("is asked of every kind of request", async () => {
    await using server = await startServer({ env });
    const authorization = `Authorization: Bearer ${server.token}`;
    const heads = [
      `GET /agents HTTP/1.0\r\n${authorization}`,
      `GET /agents HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n${authorization}`,
      `GET http://localhost/agents HTTP/1.1\r\nHost: evil.test\r\n${authorization}`,
      `GET //agents HTTP/1.1\r\nHost: evil.test\r\n${authorization}`,
      `OPTIONS /agents HTTP/1.1\r\nHost: evil.test\r\n${authorization}`,
      `GET /nowhere HTTP/1.1\r\nHost: evil.test\r\n${authorization}`,
    ];
    for (const head of heads) {
      const answer = await exchange(server, Buffer.from(`${head}\r\n\r\n`));
      expect([head, answer.status]).toEqual([head, 421]);
    }
  });

  test("is any for webhooks and probes, or none", async () => {
    await using server = await startServer({ env });
    const { id } = await makeAgent(server);
    for (const host of ["evil.test", "x", "a b", ""]) {
      const path = `/agents/${id}/webhook`;
      const headers = { Host: host, "Content-Type": "application/json" };
      const sent = await exchange(server, toBytes({ path, headers, body: "1" }));
      expect([host, sent.status]).toEqual([host, 200]);
      const probe = { path: "/healthz", headers: { Host: host } };
      expect((await read(server, probe)).status).toBe(200);
      const unknown = { method: "PUT", path: "/healthz", headers: { Host: host } };
      expect((await exchange(server, toBytes(unknown))).status).toBe(405);
    }
  });

  test("makes the origin from which pages may write", async () => {
    await using server = await startServer({ env });
    const write = async (origin: string) => {
      const headers = {
        Authorization: `Bearer ${server.token}`,
        "Content-Type": "application/json",
        Host: "hooks.lan:3000",
        Origin: origin,
      };
      const body = '{"name":"a"}';
      return (await exchange(server, toBytes({ path: "/agents", headers, body }))).status;
    };
    expect(await write("http://hooks.lan:3000")).toBe(201);
    expect(await write("http://hooks.lan")).toBe(403);
    expect(await write("https://evil.test")).toBe(403);
    expect(await write("null")).toBe(403);
  });
});

test("methods that nothing takes are answered 405, with a token too", async () => {
  await using server = await startServer();
  const authorization = `Authorization: Bearer ${server.token}\r\nX-Canary: canary`;
  for (const method of ["TRACE", "OPTIONS", "PROPFIND", "PUT"]) {
    const head = `${method} /agents HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n\r\n`;
    const answer = await exchange(server, Buffer.from(head));
    expect([method, answer.status, codeOf(answer)]).toEqual([method, 405, "METHOD_NOT_ALLOWED"]);
    expect(answer.text).not.toContain("canary");
  }
});

/** Ways of writing a path, by which a token of OWN might come to OTHER or to what is no agent's. */
const TRICKS = [
  "/agents/OTHER",
  "/agents/OTHER/",
  "//agents/OTHER",
  "/agents//OTHER",
  "/AGENTS/OTHER",
  "/agents/OWN/../OTHER",
  "/agents/OWN/%2e%2e/OTHER",
  "/agents/OWN/..%2fOTHER",
  "/agents/OWN%2f..%2fOTHER",
  "/agents/OWN/..\\OTHER",
  "/agents/OWN\\..\\OTHER",
  "/agents/OWN/..;/OTHER",
  "/agents/OWN/./../OTHER",
  "/agents/OWN/x/../../OTHER",
  "/agents/OTHER/versions/..\\..\\OWN",
  "/agents/OTHER/versions/1",
  "/agents/OTHER/versions/1/../../../OWN/../OTHER/versions/1",
  "/agents/OTHER/executions/..%5c..%5cOWN",
  "/agents/OTHER?x=/agents/OWN",
  "/agents/OTHER#/agents/OWN",
  "/agents/OTHER;/agents/OWN",
  "/agents/OTHER%00",
  "/agents/OWN%00/../OTHER",
  "/agents/OWN/../../agents",
  "/agents/OWN/../../deliveries",
  "/agents/OWN/../../tokens",
  "/agents/OWN/%2e%2e/%2e%2e/providers",
  "/agents/OWN/executions/../../../tokens",
  "/agents",
  "/agents/",
  "/tokens",
  "/providers",
  "/deliveries",
  "http://localhost/agents/OTHER",
  `/agents/${"x".repeat(8000)}`,
];

test("no way of writing a path leads an agent's token out of its agent", async () => {
  await using server = await startServer();
  const [own, other] = [await makeAgent(server), await makeAgent(server)];
  for (const agent of [own, other]) await askData(server, `POST /agents/${agent.id}/activate`);
  const call = { call: "POST /tokens", body: { name: "t", scope: "admin", agentId: own.id } };
  const { token } = await askData(server, call);
  expect((await read(server, { path: `/agents/${own.id}`, token })).status).toBe(200);
  for (const trick of TRICKS) {
    const path = trick.replaceAll("OWN", own.id).replaceAll("OTHER", other.id);
    const answer = await read(server, { path, token });
    expect([trick, [403, 404, 405].includes(answer.status)]).toEqual([trick, true]);
    expect(answer.text).not.toContain(other.id);
    // Without a token the same path tells as little.
    const stranger = await exchange(server, toBytes({ method: "GET", path }));
    expect([trick, [401, 404, 405].includes(stranger.status)]).toEqual([trick, true]);
  }
});

test("a token works until it is deleted, and not again after a restart", async () => {
  await using server = await startServer();
  const make = (name: string) =>
    askData(server, { call: "POST /tokens", body: { name, scope: "operate" } });
  const [kept, gone] = [await make("kept"), await make("gone")];
  const statuses = async () => [
    (await ask(server, { call: "GET /agents", token: kept.token })).status,
    (await ask(server, { call: "GET /agents", token: gone.token })).status,
  ];
  expect(await statuses()).toEqual([200, 200]);
  expect((await ask(server, `DELETE /tokens/${gone.id}`)).status).toBe(204);
  expect(await statuses()).toEqual([200, 401]);
  await server.restart();
  expect(await statuses()).toEqual([200, 401]);
  expect(server.stdout + server.stderr).not.toContain(kept.token.slice(8));
});
