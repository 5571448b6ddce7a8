// Calls of tools to servers on this machine that answer, and misbehave.

import { afterAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import type { ToolCallerDeps } from "../../src/tools/call";
import type { ToolSettings } from "../../src/tools/tool";
import { httpTool } from "../support/http-tool";
import { createCaller as callerOf, failure, SECRET } from "../support/tool-calls";

interface Peer {
  url: string;
  /** Requests so far, as they came. */
  requests: string[];
}

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A server that answers each connection's request with the next of these bytes, or as they say. */
async function startPeer(answers: (string | Buffer | ((socket: Socket) => void))[]): Promise<Peer> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (data) => {
      const answer = answers[Math.min(requests.push(data.toString()), answers.length) - 1];
      if (typeof answer === "function") answer(socket);
      else socket.end(answer ?? "");
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, requests };
}

const http = (status: string, data: { type?: string; body?: string; headers?: string } = {}) => {
  const { type = "application/json", body = "{}", headers = "" } = data;
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
};

const createCaller = (tool: Partial<ToolSettings>, more: Partial<ToolCallerDeps> = {}) =>
  callerOf(httpTool(tool), more);

describe("a call", () => {
  test("carries its key and the secret, and gives the answer's JSON", async () => {
    const peer = await startPeer([http("201 Created", { body: '{"id":7}' })]);
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}" };
    const { call } = createCaller({ url: peer.url, headers, body: { a: "{{params.a}}" } });
    expect(await call({ a: 1 })).toEqual({ output: { id: 7 }, status: 201 });
    const request = (peer.requests[0] ?? "").toLowerCase();
    expect(request).toContain("idempotency-key: exec_1/t//0\r\n");
    expect(request).toContain(`authorization: bearer ${SECRET}\r\n`);
    expect(request).toEndWith('\r\n\r\n{"a":1}');
  });

  test.each([
    [http("200 OK", { type: "text/plain", body: "hello" }), "hello"],
    [http("200 OK", { type: "application/problem+json; x=1", body: "[1]" }), [1]],
    [http("204 No Content", { body: "" }), null],
    [http("200 OK", { body: "" }), null],
  ])("of %j gives %j", async (answer, output) => {
    const peer = await startPeer([answer]);
    expect((await createCaller({ url: peer.url }).call()).output).toEqual(output);
  });

  test("takes its secrets out of an answer that repeats them", async () => {
    const body = JSON.stringify({ seen: `Bearer ${SECRET}`, q: encodeURIComponent(SECRET) });
    const peer = await startPeer([http("200 OK", { body })]);
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}" };
    const { output } = await createCaller({ url: peer.url, headers }).call();
    expect(output).toEqual({ seen: "Bearer [secret TOKEN]", q: "[secret TOKEN]" });
  });

  test("with parameters that do not fit, or without its secret, sends nothing", async () => {
    const peer = await startPeer([http("200 OK")]);
    const checkParameters: ToolCallerDeps["checkParameters"] = () => [
      { path: "/number", code: "TYPE", message: "A number." },
    ];
    const tool = { url: peer.url, parameters: { type: "object" } };
    expect(await failure(createCaller(tool, { checkParameters }).call())).toBe(
      "TOOL_INPUT_INVALID",
    );
    const headers = { A: "{{secrets.GONE}}" };
    expect(await failure(createCaller({ url: peer.url, headers }).call())).toBe("SECRET_MISSING");
    expect(peer.requests).toEqual([]);
  });

  test("of a tool that is gone fails as such", async () => {
    const { caller } = createCaller({});
    const signal = new AbortController().signal;
    const call = { toolId: "tool_2", agent: 1, params: {}, idempotencyKey: "k", signal };
    expect(await failure(caller.callTool(call))).toBe("TOOL_MISSING");
    expect(caller.isRepeatable("tool_2")).toBe(false);
  });

  test("ends with the signal's reason, and its socket with it", async () => {
    const controller = new AbortController();
    const closed = Promise.withResolvers<void>();
    const peer = await startPeer([
      (socket) => {
        socket.on("close", () => closed.resolve());
        controller.abort("cancelled");
      },
    ]);
    const pending = createCaller({ url: peer.url }).call({}, controller.signal);
    expect(await pending.catch((error: unknown) => error)).toBe("cancelled");
    await closed.promise;
  });
});

test("a redirect within the host is followed where the tool says so", async () => {
  const peer = await startPeer([
    http("302 Found", { headers: "Location: /x\r\n" }),
    http("200 OK", { body: '"there"' }),
  ]);
  const { call } = createCaller({ url: peer.url, followRedirects: true });
  expect((await call({})).output).toBe("there");
});

describe("an answer that is none", () => {
  test.each<[string, string | Buffer | ((socket: Socket) => void), string]>([
    ["a 404", http("404 Not Found"), "TOOL_ERROR 404"],
    [
      "a redirect, which is not followed",
      http("302 Found", { headers: "Location: /x\r\n" }),
      "TOOL_ERROR 302",
    ],
    ["JSON that is none", http("200 OK", { body: "{oops" }), "TOOL_RESPONSE_INVALID"],
    ["a cut body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "TOOL_RESPONSE_INVALID"],
    [
      "bytes that are no text",
      Buffer.concat([
        Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        Buffer.from([0xc3, 0x28]),
      ]),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "a compressed body",
      http("200 OK", { headers: "Content-Encoding: gzip\r\n" }),
      "TOOL_RESPONSE_INVALID",
    ],
    ["too much", http("200 OK", { body: "x".repeat(2_000) }), "RESPONSE_TOO_LARGE"],
    ["no HTTP at all", "nonsense\r\n\r\n", "TOOL_RESPONSE_INVALID"],
    ["a closed connection", (socket) => void socket.destroy(), "TOOL_UNREACHABLE"],
  ])("%s fails as %3$s", async (_, answer, code) => {
    const peer = await startPeer([answer]);
    const { call } = createCaller({ url: peer.url, maxResponseBytes: 1_000 });
    expect(await failure(call())).toBe(code);
    expect(peer.requests).toHaveLength(1);
  });

  test("is waited for no longer than the tool's time", async () => {
    const peer = await startPeer([() => undefined]);
    expect(await failure(createCaller({ url: peer.url, timeoutMs: 20 }).call())).toBe(
      "TOOL_TIMEOUT",
    );
  });

  test("tells nothing of the address, the secret or what the peer wrote", async () => {
    const peer = await startPeer([http("500 Oops", { body: `{"token":"${SECRET}"}` })]);
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}" };
    const { call } = createCaller({ url: `${peer.url}{{params.p}}`, headers });
    const error = await call({ p: "private" }).catch((thrown: unknown) => thrown);
    const told = JSON.stringify([String(error), error]) + Bun.inspect(error);
    for (const hidden of [SECRET, "private", "127.0.0.1"]) expect(told).not.toContain(hidden);
  });

  test("of an address that is not public is not asked for", async () => {
    const { call } = createCaller({ url: "http://127.0.0.2:1/" });
    expect(await failure(createCaller({ url: "http://10.0.0.1/" }).call())).toBe(
      "ADDRESS_FORBIDDEN",
    );
    expect(await failure(call())).toBe("ADDRESS_FORBIDDEN");
  });
});

describe("another attempt", () => {
  const passing = [http("503 Busy"), http("429 Slow", { headers: "Retry-After: 3\r\n" })];

  test.each<[string, Partial<ToolSettings>]>([
    ["GET", { method: "GET" }],
    ["an idempotent POST", { method: "POST", idempotent: true }],
  ])("is made for %s, after a pause, with the same key", async (_, tool) => {
    const peer = await startPeer([...passing, http("200 OK", { body: '"done"' })]);
    const { call, waits } = createCaller({ url: peer.url, ...tool });
    expect((await call()).output).toBe("done");
    expect(waits).toEqual([500, 3_000]);
    const keys = peer.requests.map((text) => /idempotency-key: (.*)\r/i.exec(text)?.[1]);
    expect(new Set(keys)).toEqual(new Set(["exec_1/t//0"]));
  });

  test("is not made for a POST that nobody has marked, nor after a 4xx", async () => {
    const post = await startPeer([...passing]);
    expect(await failure(createCaller({ url: post.url }).call())).toBe("TOOL_ERROR 503");
    expect(post.requests).toHaveLength(1);
    const get = await startPeer([http("422 No"), http("200 OK")]);
    expect(await failure(createCaller({ url: get.url, method: "GET" }).call())).toBe(
      "TOOL_ERROR 422",
    );
    expect(get.requests).toHaveLength(1);
  });

  test("is made at most twice", async () => {
    const peer = await startPeer([http("500 Oops")]);
    expect(await failure(createCaller({ url: peer.url, method: "GET" }).call())).toBe(
      "TOOL_ERROR 500",
    );
    expect(peer.requests).toHaveLength(3);
  });
});
