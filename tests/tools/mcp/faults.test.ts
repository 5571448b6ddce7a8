// Calls of MCP servers that answer otherwise than their protocol says, or not at all.

import { describe, expect, test } from "bun:test";
import {
  answerEvents,
  answerHello,
  answerJson,
  type ClientMessage,
  countOf,
  type McpAnswer,
  raw,
  RESULT,
  startCutMcp,
  startFaultyMcp,
  status,
} from "../../support/mcp-faults";
import { callerOf } from "../../support/mcp-tool";
import { failure, SECRET } from "../../support/tool-calls";

const TYPE = { "Content-Type": "application/json" };
const rpcError = (message: ClientMessage, code: number): Response =>
  Response.json({ jsonrpc: "2.0", id: message.id, error: { code, message: `no: ${SECRET}` } });

describe("an answer to a call that is none", () => {
  test.each<[string, McpAnswer, string]>([
    ["a 400", () => status(400), "TOOL_ERROR 400"],
    ["a 503", () => status(503), "TOOL_ERROR 503"],
    ["a redirect", () => status(307, { Location: "/x" }), "TOOL_ERROR 307"],
    ["a JSON-RPC error", (message) => rpcError(message, -32_603), "TOOL_ERROR"],
    ["refused parameters", (message) => rpcError(message, -32_602), "TOOL_INPUT_INVALID"],
    ["an empty 202", () => new Response(null, { status: 202 }), "TOOL_RESPONSE_INVALID"],
    ["an empty body", () => raw(""), "TOOL_RESPONSE_INVALID"],
    ["a web page", () => raw("<html>", "text/html"), "TOOL_RESPONSE_INVALID"],
    ["JSON that is none", () => raw("{oops"), "TOOL_RESPONSE_INVALID"],
    ["JSON that is no message", () => raw("[1,null]"), "TOOL_RESPONSE_INVALID"],
    ["bytes that are no text", () => raw(new Uint8Array([0xc3, 0x28])), "TOOL_RESPONSE_INVALID"],
    ["a stream without an answer", () => answerEvents(), "TOOL_RESPONSE_INVALID"],
    [
      "a stream of other things",
      () => answerEvents({ jsonrpc: "2.0", method: "notifications/progress", params: {} }),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "an event that is no JSON",
      () => raw("data: hello\n\n", "text/event-stream"),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "the answer to another request",
      (message) => answerJson({ ...message, id: 999 }, RESULT),
      "TOOL_RESPONSE_INVALID",
    ],
    [
      "a result of another form",
      (message) => answerJson(message, { content: 1 }),
      "TOOL_RESPONSE_INVALID",
    ],
    ["no result", (message) => answerJson(message, null), "TOOL_RESPONSE_INVALID"],
    [
      "a key that pollutes",
      (message) =>
        raw(`{"jsonrpc":"2.0","id":${message.id},"result":{"content":[],"__proto__":1}}`),
      'answered {"output":null,"status":200}',
    ],
    ["too much", (message) => answerJson(message, "x".repeat(3_000)), "RESPONSE_TOO_LARGE"],
    [
      "too much of a stream",
      () => raw(`: ${"x".repeat(3_000)}\n\n`, "text/event-stream"),
      "RESPONSE_TOO_LARGE",
    ],
    [
      "a compressed body",
      () => new Response(Bun.gzipSync("{}"), { headers: { ...TYPE, "Content-Encoding": "gzip" } }),
      "TOOL_RESPONSE_INVALID",
    ],
  ])("%s fails, and is not asked for twice", async (_, answer, code) => {
    await using server = startFaultyMcp({ "tools/call": answer });
    expect(await failure(callerOf(server, { maxResponseBytes: 2_000 }).call())).toBe(code);
    expect(countOf(server, "tools/call")).toBe(1);
  });

  test.each<[string, string]>([
    ["a body", "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"],
    ["a body without a length", 'Content-Type: application/json\r\n\r\n{"jsonrpc":"2.0",'],
    ["a stream", 'Content-Type: text/event-stream\r\n\r\ndata: {"jsonrpc":"2.0",'],
    [
      "a chunked stream",
      "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: {}\n\r\n",
    ],
  ])("%s that is cut off is taken for none", async (_, cut) => {
    await using server = await startCutMcp(`HTTP/1.1 200 OK\r\n${cut}`);
    expect(await failure(callerOf(server).call())).toBe("TOOL_RESPONSE_INVALID");
    expect(countOf(server, "tools/call")).toBe(1);
  });

  test("is waited for no longer than the tool's time", async () => {
    await using server = startFaultyMcp({ "tools/call": () => new Promise(() => undefined) });
    expect(await failure(callerOf(server, { timeoutMs: 100 }).call())).toBe("TOOL_TIMEOUT");
  });

  test("that begins and never ends is waited for no longer either", async () => {
    const start = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(Buffer.from(": still here\n\n"));
    };
    await using server = startFaultyMcp({
      "tools/call": () => raw(new ReadableStream({ start }), "text/event-stream"),
    });
    expect(await failure(callerOf(server, { timeoutMs: 100 }).call())).toBe("TOOL_TIMEOUT");
  });

  test("tells nothing of the address, the secret or what the server wrote", async () => {
    await using server = startFaultyMcp({
      "tools/call": (message) => rpcError(message, -32_000),
    });
    const headers = { Authorization: "Bearer {{secrets.TOKEN}}" };
    const error = await callerOf(server, { headers })
      .call()
      .catch((thrown: unknown) => thrown);
    const told = JSON.stringify([String(error), error]) + Bun.inspect(error);
    expect(told).toContain("-32000");
    for (const hidden of [SECRET, "127.0.0.1", "no:"]) expect(told).not.toContain(hidden);
  });
});

describe("a handshake", () => {
  test.each<[string, Record<string, McpAnswer>, string]>([
    [
      "of another version of the protocol",
      { initialize: (message) => answerHello(message, { protocolVersion: "1999-01-01" }) },
      "TOOL_PROTOCOL_UNSUPPORTED",
    ],
    [
      "without tools",
      { initialize: (message) => answerHello(message, { capabilities: {} }) },
      "TOOL_RESPONSE_INVALID",
    ],
    ["that is refused", { initialize: () => status(401) }, "TOOL_ERROR 401"],
    ["that is an error", { initialize: (message) => rpcError(message, -32_600) }, "TOOL_ERROR"],
    [
      "that is a web page",
      { initialize: () => raw("<html>", "text/html") },
      "TOOL_RESPONSE_INVALID",
    ],
    ["whose end is refused", { "notifications/initialized": () => status(500) }, "TOOL_ERROR 500"],
  ])("%s fails, and nothing is called", async (_, answers, code) => {
    await using server = startFaultyMcp(answers);
    expect(await failure(callerOf(server).call())).toBe(code);
    expect(countOf(server, "tools/call")).toBe(0);
  });

  test("without tools says so", async () => {
    await using server = startFaultyMcp({
      initialize: (message) => answerHello(message, { capabilities: {} }),
    });
    const error = await callerOf(server)
      .call()
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("The MCP server offers no tools.");
  });

  test("with a server that is not there fails as TOOL_UNREACHABLE", async () => {
    const server = startFaultyMcp({});
    await server[Symbol.asyncDispose]();
    expect(await failure(callerOf(server).call())).toBe("TOOL_UNREACHABLE");
  });
});

describe("a stream", () => {
  test("is read to the answer of the call, whatever else it has", async () => {
    const stream = (message: ClientMessage): string =>
      [
        "id: 1\ndata:\n\n",
        "event: hint\ndata: no JSON\n\n",
        'data: {"jsonrpc":"2.0","id":999,"result":{"content":[]}}\n\n',
        `data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result: RESULT })}\n\n`,
        "data: nothing that is read\n\n",
      ].join("");
    await using server = startFaultyMcp({
      "tools/call": (message) => raw(stream(message), "text/event-stream"),
    });
    expect((await callerOf(server).call()).output).toBe("done");
  });
});
