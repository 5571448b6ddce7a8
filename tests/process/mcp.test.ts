// Tools of an MCP server, called by the binary and cut off by the end of its process.

import { describe, expect, test } from "bun:test";
import { answerJson, type FaultyMcp, startFaultyMcp } from "../support/mcp-faults";
import { guardProcesses } from "../support/process-cleanup";
import { type Server, startServer } from "../support/server";
import { askData, makeAgent, readEnded } from "../support/server-calls";

guardProcesses();

interface Scene extends AsyncDisposable {
  server: Server;
  mcp: FaultyMcp;
  agentId: string;
  /** Resolves when the first call has come, which is never answered. */
  called: Promise<void>;
}

const RESULT = { content: [{ type: "text", text: '{"noted":1}' }] };

async function openScene(idempotent: boolean): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const called = Promise.withResolvers<void>();
  let calls = 0;
  const mcp = opened.use(
    startFaultyMcp({
      "tools/list": (message) =>
        answerJson(message, { tools: [{ name: "note", inputSchema: { type: "object" } }] }),
      "tools/call"(message) {
        calls += 1;
        if (calls > 1) return answerJson(message, RESULT);
        called.resolve();
        return new Promise(() => undefined);
      },
    }),
  );
  const { host } = new URL(mcp.url);
  const server = opened.use(await startServer({ env: { HOOKLINE_ALLOW_PRIVATE: host } }));
  const tool = await askData(server, {
    call: "POST /tools",
    body: { type: "mcp", name: "note", toolName: "note", url: mcp.url, idempotent },
  });
  const { id: agentId } = await makeAgent(server, {
    pipeline: {
      nodes: [
        { id: "in", type: "input", data: {} },
        { id: "note", type: "tool_call", data: { toolId: tool.id } },
        { id: "out", type: "output", data: { mapping: "{{nodes.note.output}}" } },
      ],
      edges: [
        { id: "a", source: "in", target: "note" },
        { id: "b", source: "note", target: "out" },
      ],
    },
  });
  const owned = opened.move();
  return {
    server,
    mcp,
    agentId,
    called: called.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs the agent, ends the process within the call, and starts it again. */
async function runKilled({ server, agentId, called }: Scene) {
  const call = `POST /agents/${agentId}/invoke`;
  const { executionId } = await askData(server, { call, body: { input: {} } });
  await called;
  await server.kill();
  await server.restart();
  return readEnded(server, { agentId, executionId });
}

const keysOf = ({ mcp }: Scene): (string | null)[] =>
  mcp.requests
    .filter((_, at) => mcp.methods[at] === "tools/call")
    .map((request) => request.headers.get("idempotency-key"));

describe("killed within a call of an MCP tool, an execution", () => {
  test("makes it again where the tool is idempotent, under the same key", async () => {
    await using scene = await openScene(true);
    const ended = await runKilled(scene);
    expect(ended).toMatchObject({ status: "completed", output: { noted: 1 } });
    const [first, second, ...more] = keysOf(scene);
    expect(first).toEndWith("/note//0");
    expect([second, more]).toEqual([first ?? "", []]);
  }, 30_000);

  test("is interrupted where it is not, and the call is not made again", async () => {
    await using scene = await openScene(false);
    const ended = await runKilled(scene);
    expect(ended).toMatchObject({ status: "interrupted", error: { code: "EFFECT_UNKNOWN" } });
    expect(keysOf(scene)).toHaveLength(1);
  }, 30_000);
});
