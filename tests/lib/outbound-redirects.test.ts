// Redirects that are followed on request, within the same host; and how long a connection may take.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { parseAllowPrivate } from "../../src/lib/network/outbound-address";
import { createOutbound, type Resolve } from "../../src/lib/outbound";
import { rejection } from "../support/rejection";

interface Seen {
  path: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

/**
 * Answers `/to-<status>?<location>` with a redirect to it, `/count?<n>` with so many, all else with 200,
 * `/slow?<ms>` late.
 */
function startPeer() {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      seen.push({
        path: pathname + search,
        method: request.method,
        headers,
        body: await request.text(),
      });
      const value = decodeURIComponent(search.slice(1));
      const [, status = "302"] = /^\/to-(\d+)$/.exec(pathname) ?? [];
      if (pathname.startsWith("/to")) {
        return new Response("moved", { status: Number(status), headers: { location: value } });
      }
      if (pathname === "/slow") await new Promise((done) => setTimeout(done, Number(value)));
      const left = pathname === "/count" ? Number(value) : 0;
      return left === 0
        ? new Response("there")
        : new Response(null, { status: 302, headers: { location: `/count?${left - 1}` } });
    },
  });
  return { port: server.port ?? 0, seen, stop: () => server.stop(true) };
}

let peer: ReturnType<typeof startPeer>;
beforeAll(() => {
  peer = startPeer();
});
afterAll(() => peer.stop());

const PRIVATE = "127.0.0.1";
const resolveTo =
  (...addresses: string[]): Resolve =>
  async () => [{ address: addresses.shift() ?? PRIVATE, family: 4 }];

const door = (options: { rules?: string; resolve?: Resolve } = {}) =>
  createOutbound({
    allowPrivate: parseAllowPrivate(options.rules ?? `a.test:${peer.port}`),
    resolve: options.resolve ?? resolveTo(),
  });

const url = (path: string): string => `http://a.test:${peer.port}${path}`;
const to = (location: string, status = 302): string =>
  url(`/to-${status}?${encodeURIComponent(location)}`);
const FOLLOWING = { followRedirects: true };

/** What the peer has seen since. */
async function watch(work: () => Promise<unknown>): Promise<Seen[]> {
  const from = peer.seen.length;
  await work();
  return peer.seen.slice(from);
}

describe("a redirect", () => {
  test("is followed on request, with the request's own headers", async () => {
    const seen = await watch(async () => {
      const headers = { authorization: "Bearer x" };
      const response = await door().fetch(to("/end?x=1"), { ...FOLLOWING, headers });
      expect([response.status, await response.text()]).toEqual([200, "there"]);
    });
    expect(seen.map(({ path }) => path)).toEqual([
      `/to-302?${encodeURIComponent("/end?x=1")}`,
      "/end?x=1",
    ]);
    expect(seen[1]?.headers["authorization"]).toBe("Bearer x");
  });

  test("is an answer like others where that was not asked", async () => {
    const seen = await watch(async () => {
      expect((await door().fetch(to("/end"))).status).toBe(302);
    });
    expect(seen).toHaveLength(1);
  });

  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "body"],
    [308, "PUT", "PUT", "body"],
    [301, "PUT", "PUT", "body"],
  ])("with %i takes %s on as %s", async (status, method, becomes, body) => {
    const seen = await watch(async () => {
      const headers = { "content-type": "text/plain", "idempotency-key": "k" };
      await door().fetch(to("/end", status), { ...FOLLOWING, method, headers, body: "body" });
    });
    expect(seen[1]).toMatchObject({ method: becomes, body });
    expect(seen[1]?.headers["idempotency-key"]).toBe("k");
    expect(seen[1]?.headers["content-type"]).toBe(body === "" ? undefined : "text/plain");
  });

  test("is followed five times and no more", async () => {
    expect(await (await door().fetch(url("/count?5"), FOLLOWING)).text()).toBe("there");
    const seen = await watch(async () => {
      expect(await rejection(door().fetch(url("/count?6"), FOLLOWING))).toMatchObject({
        code: "REDIRECT_FORBIDDEN",
      });
    });
    expect(seen).toHaveLength(6);
  });

  test.each([
    ["http://b.test:PORT/end", "REDIRECT_FORBIDDEN"],
    ["//b.test:PORT/end", "REDIRECT_FORBIDDEN"],
    ["http://127.0.0.1:PORT/end", "REDIRECT_FORBIDDEN"],
    ["http://a.test:1/end", "REDIRECT_FORBIDDEN"],
    ["http://a.test/end", "REDIRECT_FORBIDDEN"],
    ["http://169.254.169.254/latest/meta-data/", "REDIRECT_FORBIDDEN"],
    ["http://x@a.test:PORT/end", "URL_INVALID"],
    ["file:///etc/passwd", "URL_INVALID"],
    ["data:text/plain,x", "URL_INVALID"],
    ["http://[", "REDIRECT_FORBIDDEN"],
  ])("to %s ends as %s, with nothing sent", async (location, code) => {
    const seen = await watch(async () => {
      const target = to(location.replaceAll("PORT", String(peer.port)));
      expect(await rejection(door().fetch(target, FOLLOWING))).toMatchObject({ code });
    });
    expect(seen).toHaveLength(1);
  });

  test("is checked again: a name that has become private since is not called", async () => {
    const rules = `127.0.0.0/30:${peer.port}`;
    const resolve = resolveTo(PRIVATE, "127.0.0.9");
    const seen = await watch(async () => {
      expect(await rejection(door({ rules, resolve }).fetch(to("/end"), FOLLOWING))).toMatchObject({
        code: "ADDRESS_FORBIDDEN",
      });
    });
    expect(seen).toHaveLength(1);
  });
});

test("a redirect leaves no connection open, be it refused, followed or one too many", async () => {
  let closed = 0;
  const all = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("close", () => {
      closed += 1;
      if (closed === 1 + 6) all.resolve();
    });
    socket.once("data", (data) => {
      const place = data.toString().startsWith("GET /away") ? "http://evil.test/" : "/on";
      // A body that never ends: only who asked can close.
      socket.write(`HTTP/1.1 302 Found\r\nLocation: ${place}\r\nContent-Length: 100\r\n\r\nx`);
    });
  });
  await new Promise<void>((listening) => server.listen(0, PRIVATE, listening));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const outbound = door({ rules: `a.test:${port}` });
  for (const path of ["/away", "/on"]) {
    const failed = outbound.fetch(`http://a.test:${port}${path}`, FOLLOWING);
    expect(await rejection(failed)).toMatchObject({ code: "REDIRECT_FORBIDDEN" });
  }
  await all.promise;
  server.close();
});

describe("a connection that does not stand in time", () => {
  let silent: Server;
  let port = 0;
  beforeAll(async () => {
    silent = createServer(() => undefined);
    await new Promise<void>((listening) => silent.listen(0, PRIVATE, listening));
    const address = silent.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  afterAll(() => void silent.close());

  test("fails as unreachable, be it TLS that is not spoken", async () => {
    const outbound = door({ rules: `a.test:${port}` });
    const failed = outbound.fetch(`https://a.test:${port}/`, { connectTimeoutMs: 50 });
    expect(await rejection(failed)).toMatchObject({
      fault: "unreachable",
      message: "No connection stood within 50 ms.",
    });
  });

  test("fails as unreachable, be it a resolver that does not answer", async () => {
    const resolve: Resolve = () => new Promise(() => undefined);
    const failed = door({ resolve }).fetch(url("/end"), { connectTimeoutMs: 20 });
    expect(await rejection(failed)).toMatchObject({ fault: "unreachable" });
  });

  test("is another thing than a peer that is slow to answer", async () => {
    const response = await door().fetch(url("/slow?60"), { connectTimeoutMs: 20 });
    expect(await response.text()).toBe("there");
  });
});
