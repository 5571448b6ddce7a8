// Calls of tools of MCP servers: the official SDK's as the peer, and servers that misbehave.

import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import type { Json } from "../../../src/lib/json-value";
import type { ToolSettings } from "../../../src/tools/tool";
import { httpTool } from "../../support/http-tool";
import { startFaultyMcp } from "../../support/mcp-faults";
import { type McpForm, startMcpPeer } from "../../support/mcp-peer";
import { createCaller as callerOf, failure, SECRET } from "../../support/tool-calls";

function createCaller(tool: Partial<ToolSettings>) {
  const { call } = callerOf(httpTool({ toolName: "forecast", ...tool }));
  return (params: Json = { city: "Oslo" }, signal?: AbortSignal) => call(params, signal);
}

const FORMS: McpForm[] = ["stateless-json", "stateless-sse", "sessions"];

describe("a tool of a real MCP server", () => {
  test.each(FORMS)("is called over %s, with its key and its secret", async (form) => {
    await using peer = startMcpPeer(form);
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}" };
    const answer = await createCaller({ url: peer.url, headers })();
    expect(answer).toEqual({ output: { degrees: 21 }, status: 200 });
    const calls = peer.seen.filter(({ method }) => method === "tools/call");
    expect(calls).toHaveLength(1);
    expect(calls[0]?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      "idempotency-key": "exec_1/t//0",
    });
    expect(JSON.parse(calls[0]?.body ?? "").params).toMatchObject({
      name: "forecast",
      arguments: { city: "Oslo" },
    });
    const others = peer.seen.filter(({ method }) => method !== "tools/call");
    expect(others.filter(({ headers: sent }) => "idempotency-key" in sent)).toEqual([]);
  });

  test.each(FORMS)("may take its time over %s, once the session stands", async (form) => {
    await using peer = startMcpPeer(form);
    const call = createCaller({ url: peer.url, toolName: "slow" });
    expect((await call({})).output).toBe("at last");
  });

  test("closes the session that it opened", async () => {
    await using peer = startMcpPeer("sessions");
    await createCaller({ url: peer.url })();
    const goodbye = (): boolean => peer.seen.some(({ method }) => method === "DELETE");
    while (!goodbye()) await new Promise(setImmediate);
    expect(peer.openSessions()).toBe(0);
  });

  test.each([
    ["as-json", { city: "Oslo" }, { asked: "Oslo" }],
    ["as-text", { city: "Oslo" }, ["in Oslo", "nobody"]],
    ["as-image", {}, { type: "image", data: "aGk=", mimeType: "image/png" }],
    ["nothing", {}, null],
  ])("gives what %s answers", async (toolName, params, output) => {
    await using peer = startMcpPeer();
    expect((await createCaller({ url: peer.url, toolName })(params)).output).toEqual(output);
  });

  test("has its secret taken out of an answer that repeats it", async () => {
    await using peer = startMcpPeer();
    const headers = { Authorization: "{{secrets.TOKEN}}" };
    const call = createCaller({ url: peer.url, toolName: "as-text", headers });
    expect((await call()).output).toEqual(["in Oslo", "[secret TOKEN]"]);
  });

  test.each([
    ["a failed one", "broken", {}, "TOOL_ERROR"],
    ["an unknown one", "no-such-tool", {}, "TOOL_ERROR"],
    ["parameters that do not fit", "forecast", { city: 7 }, "TOOL_ERROR"],
    ["parameters that are no object", "forecast", "Oslo", "TOOL_INPUT_INVALID"],
  ])(
    "fails typed for %s, and tells nothing of the peer's words",
    async (_, toolName, params, code) => {
      await using peer = startMcpPeer();
      const failed = createCaller({ url: peer.url, toolName })(params);
      const error = await failed.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code });
      expect(JSON.stringify([String(error), error])).not.toContain("inner reason");
    },
  );
});

const rpc = (id: number | undefined, more: object) =>
  Response.json({ jsonrpc: "2.0", id: id ?? null, ...more });
const stream = (text: string): Response =>
  new Response(text, { headers: { "content-type": "text/event-stream" } });

describe("an answer that is none", () => {
  test.each<[string, (id: number | undefined) => Response, string]>([
    ["a 500", () => new Response("secret inside", { status: 500 }), "TOOL_ERROR 500"],
    ["a 401", () => new Response(null, { status: 401 }), "TOOL_ERROR 401"],
    ["a session that is over", () => new Response(null, { status: 404 }), "TOOL_ERROR 404"],
    ["a redirect", () => Response.redirect("http://127.0.0.1:1/", 302), "TOOL_ERROR 302"],
    [
      "a page",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "JSON that is none",
      () => new Response("{oops", { headers: { "content-type": "application/json" } }),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "a result of another form",
      (id) => rpc(id, { result: { content: "x" } }),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "an answer to another message",
      () => rpc(999, { result: { content: [] } }),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "an error",
      (id) => rpc(id, { error: { code: -32603, message: "secret inside" } }),
      "TOOL_ERROR",
    ],
    ["a stream that ends too soon", () => stream(": nothing\n\n"), "TOOL_RESPONSE_INVALID"],
    ["a stream of nonsense", () => stream("data: {oops\n\n"), "TOOL_RESPONSE_INVALID"],
    ["no content", () => new Response(null, { status: 200 }), "TOOL_RESPONSE_INVALID"],
    [
      "too much",
      (id) => rpc(id, { result: { content: [{ type: "text", text: "x".repeat(5_000) }] } }),
      "RESPONSE_TOO_LARGE",
    ],
  ])("%s fails typed", async (_, answer, code) => {
    await using peer = startFaultyMcp({ "tools/call": ({ id }) => answer(id) });
    const call = createCaller({ url: peer.url, toolName: "any", maxResponseBytes: 2_000 });
    expect(await failure(call())).toBe(code);
  });

  test("of another version of the protocol fails typed", async () => {
    await using peer = startFaultyMcp({
      initialize: ({ id }) =>
        rpc(id, {
          result: {
            protocolVersion: "1999-01-01",
            capabilities: {},
            serverInfo: { name: "old", version: "1" },
          },
        }),
    });
    expect(await failure(createCaller({ url: peer.url })())).toBe("TOOL_PROTOCOL_UNSUPPORTED");
  });

  test("is waited for no longer than the tool's time", async () => {
    await using peer = startFaultyMcp({
      "tools/call": () => new Response(new ReadableStream({ start() {} })),
    });
    const call = createCaller({ url: peer.url, timeoutMs: 50 });
    expect(await failure(call())).toBe("TOOL_TIMEOUT");
  });

  test("is not waited for once the call is cancelled", async () => {
    const asked = Promise.withResolvers<void>();
    await using peer = startFaultyMcp({
      "tools/call": () => {
        asked.resolve();
        return new Response(new ReadableStream({ start() {} }));
      },
    });
    const controller = new AbortController();
    const pending = createCaller({ url: peer.url })({}, controller.signal);
    await asked.promise;
    controller.abort("cancelled");
    expect(await pending.catch((error: unknown) => error)).toBe("cancelled");
  });

  test("of nobody is unreachable", async () => {
    expect(await failure(createCaller({ url: "http://127.0.0.1:1/mcp" })())).toBe(
      "TOOL_UNREACHABLE",
    );
  });
});

describe("another attempt", () => {
  test.each([
    [true, 3],
    [false, 1],
  ])("is made where idempotent is %p: %i in all", async (idempotent, attempts) => {
    let asked = 0;
    await using peer = startFaultyMcp({
      "tools/call": () => {
        asked += 1;
        return new Response(null, { status: 503 });
      },
    });
    const call = createCaller({ url: peer.url, idempotent, retries: 2 });
    expect(await failure(call())).toBe("TOOL_ERROR 503");
    expect(asked).toBe(attempts);
  });
});
