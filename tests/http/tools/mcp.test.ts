// Tools of MCP servers through the API, with the official SDK's server as the peer.

import { describe, expect, test } from "bun:test";
import { createOutbound } from "../../../src/lib/outbound";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { answerJson, startFaultyMcp } from "../../support/mcp-faults";
import { startMcpPeer } from "../../support/mcp-peer";
import { localOutbound } from "../../support/provider-calls";

const SECRET = "mcp_a-secret-that-nobody-reads";
const HEADERS = { Authorization: "Bearer {{secrets.MCP_TOKEN}}" };

async function createScene() {
  const app = await createTestApp({ outbound: localOutbound });
  await app.api("PUT /secrets/MCP_TOKEN", { value: SECRET });
  return app;
}

describe("what an MCP server offers", () => {
  test("is listed to choose from, asked with the headers that its tools will have", async () => {
    const app = await createScene();
    await using peer = startMcpPeer("sessions");
    const listed = await app.api("POST /tools/discover", { url: peer.url, headers: HEADERS });
    expectAnswer(listed, { status: 200, hides: [SECRET] });
    expect(listed.data.failure).toBeNull();
    expect(listed.data.tools[0]).toMatchObject({
      name: "forecast",
      description: "The weather of a city.",
      parameters: { type: "object", required: ["city"] },
    });
    const [first] = peer.seen;
    expect(first?.headers["authorization"]).toBe(`Bearer ${SECRET}`);
  });

  test("is listed page by page", async () => {
    const app = await createScene();
    let page = 0;
    await using peer = startFaultyMcp({
      "tools/list": (message) => {
        page += 1;
        const tools = [{ name: `tool-${page}`, inputSchema: { type: "object" } }];
        const next = page < 3 ? { nextCursor: `after-${page}` } : {};
        return answerJson(message, { tools, ...next });
      },
    });
    const { data } = await app.api("POST /tools/discover", { url: peer.url });
    expect(data.tools.map(({ name }: { name: string }) => name)).toEqual([
      "tool-1",
      "tool-2",
      "tool-3",
    ]);
  });

  test("of a server that pages for ever ends", async () => {
    const app = await createScene();
    let page = 0;
    await using peer = startFaultyMcp({
      "tools/list": (message) => {
        page += 1;
        return answerJson(message, { tools: [], nextCursor: `after-${page}` });
      },
    });
    expect((await app.api("POST /tools/discover", { url: peer.url })).data.tools).toEqual([]);
    expect(page).toBe(20);
  });

  test("is a failure where the server cannot be asked, and no private server is", async () => {
    const app = await createScene();
    const { data } = await app.api("POST /tools/discover", { url: "http://127.0.0.1:1/mcp" });
    expect(data).toMatchObject({ tools: [], failure: { code: "TOOL_UNREACHABLE" } });
    await using peer = startMcpPeer();
    const closed = await createTestApp({ outbound: createOutbound({ allowPrivate: [] }) });
    const refused = await closed.api("POST /tools/discover", { url: peer.url });
    expect(refused.data.failure.code).toBe("ADDRESS_FORBIDDEN");
    expect(peer.seen).toEqual([]);
  });

  test.each([
    [{ url: "ftp://mcp.test/" }, "/url", "URL_INVALID"],
    [{ url: "https://{{params.host}}/mcp" }, "/url", "URL_INVALID"],
    [{ url: "https://mcp.test/{{params.path}}" }, "/url", "URL_INVALID"],
    [{ url: "https://mcp.test/", headers: { Host: "x" } }, "/headers/Host", "HEADER_UNAVAILABLE"],
    [
      { url: "https://mcp.test/", headers: { A: "{{secrets.NONE}}" } },
      "/headers/A",
      "SECRET_UNKNOWN",
    ],
  ])("is not asked for with %j", async (server, path, code) => {
    const app = await createScene();
    const refused = await app.api("POST /tools/discover", server);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path, code }]);
  });
});

describe("a tool of type mcp", () => {
  const tool = (url: string) => ({
    type: "mcp",
    name: "Forecast",
    url,
    headers: HEADERS,
    toolName: "forecast",
    parameters: { type: "object", required: ["city"] },
  });

  test("is called by a pipeline, and by hand", async () => {
    const app = await createScene();
    await using peer = startMcpPeer("sessions");
    const made = await app.api("POST /tools", tool(peer.url));
    expectAnswer(made, { status: 201, hides: [SECRET] });
    const { id } = made.data;
    const byHand = await app.api(`POST /tools/${id}/test`, { params: { city: "Oslo" } });
    expect(byHand.data).toMatchObject({ ok: true, output: { degrees: 21 } });
    const unfit = await app.api(`POST /tools/${id}/test`, { params: {} });
    expect(unfit.data).toMatchObject({ ok: false, failure: { code: "TOOL_INPUT_INVALID" } });
    const agent = await app.agent({
      pipeline: {
        nodes: [
          { id: "in", type: "input", data: {} },
          {
            id: "t",
            type: "tool_call",
            data: { toolId: id, parameterMapping: { city: "{{input.city}}" } },
          },
          { id: "out", type: "output", data: { mapping: "{{nodes.t.output.degrees}}" } },
        ],
        edges: [
          { id: "a", source: "in", target: "t" },
          { id: "b", source: "t", target: "out" },
        ],
      },
    });
    const input = { city: "Rome" };
    const { data } = await app.api(`POST /agents/${agent.id}/invoke`, { input });
    await app.pool.idle();
    const ended = await app.api(`GET /agents/${agent.id}/executions/${data.executionId}`);
    expectAnswer(ended, { status: 200, hides: [SECRET] });
    expect(ended.data).toMatchObject({ status: "completed", output: 21 });
    const calls = peer.seen.filter(({ method }) => method === "tools/call");
    expect(calls.at(-1)?.headers["idempotency-key"]).toBe(`${data.executionId}/t//0`);
  });

  test.each([
    [{ toolName: null }, "/toolName", "REQUIRED"],
    [{ url: "https://mcp.test/{{params.x}}" }, "/url", "URL_INVALID"],
    [{ method: "GET" }, "/method", "VALUE_UNAVAILABLE"],
    [{ query: { a: "b" } }, "/query", "VALUE_UNAVAILABLE"],
    [{ body: { a: 1 } }, "/body", "VALUE_UNAVAILABLE"],
    [{ followRedirects: true }, "/followRedirects", "VALUE_UNAVAILABLE"],
  ])("with %j is refused at %s with %s", async (patch, path, code) => {
    const app = await createScene();
    const refused = await app.api("POST /tools", { ...tool("https://mcp.test/mcp"), ...patch });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path, code }]);
    const { id } = (await app.api("POST /tools", tool("https://mcp.test/mcp"))).data;
    const kept = await app.api(`PATCH /tools/${id}`, patch);
    expect(kept.error.details).toMatchObject([{ path, code }]);
  });
});
