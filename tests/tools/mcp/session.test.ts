// Sessions with MCP servers: lost, retried, cancelled, and what a server may ask within them.

import { describe, expect, test } from "bun:test";
import {
  answerJson,
  countOf,
  type McpAnswer,
  raw,
  RESULT,
  SESSION,
  startFaultyMcp,
  status,
} from "../../support/mcp-faults";
import { callerOf } from "../../support/mcp-tool";
import { failure } from "../../support/tool-calls";

describe("a session that the server has lost", () => {
  const losing = (after: string): { answers: Record<string, McpAnswer>; lost: string[] } => {
    const lost: string[] = [];
    const lose: McpAnswer = (message, request) => {
      const id = request.headers.get("mcp-session-id") ?? "";
      if (lost.length > 0)
        return after === message.method ? answerJson(message, RESULT) : status(202);
      lost.push(id);
      return status(404);
    };
    return {
      lost,
      answers: {
        [after]: lose,
        "tools/call": after === "tools/call" ? lose : (message) => answerJson(message, RESULT),
      },
    };
  };

  test("before the call is opened again", async () => {
    const { answers, lost } = losing("notifications/initialized");
    await using server = startFaultyMcp(answers);
    expect((await callerOf(server).call()).output).toBe("done");
    expect(lost).toEqual([SESSION]);
    expect([countOf(server, "initialize"), countOf(server, "tools/call")]).toEqual([2, 1]);
  });

  test("at the call is opened again for an idempotent tool, with the same key", async () => {
    await using server = startFaultyMcp(losing("tools/call").answers);
    expect((await callerOf(server, { idempotent: true }).call()).output).toBe("done");
    const called = server.requests.filter((_, at) => server.methods[at] === "tools/call");
    const keys = called.map((request) => request.headers.get("idempotency-key"));
    expect(keys).toEqual(["exec_1/t//0", "exec_1/t//0"]);
  });

  test("at the call fails for any other tool", async () => {
    await using server = startFaultyMcp(losing("tools/call").answers);
    expect(await failure(callerOf(server).call())).toBe("TOOL_ERROR 404");
    expect([countOf(server, "initialize"), countOf(server, "tools/call")]).toEqual([1, 1]);
  });

  test("is opened again once, not for ever", async () => {
    await using server = startFaultyMcp({ "tools/call": () => status(404) });
    expect(await failure(callerOf(server, { idempotent: true }).call())).toBe("TOOL_ERROR 404");
    expect(countOf(server, "initialize")).toBe(2);
  });
});

describe("another attempt", () => {
  const passing = (): McpAnswer => {
    const answers = [status(503), status(429, { "Retry-After": "3" })];
    return (message) => answers.shift() ?? answerJson(message, RESULT);
  };

  test("is made for an idempotent tool, after a pause, with the same key", async () => {
    await using server = startFaultyMcp({ "tools/call": passing() });
    const { call, waits } = callerOf(server, { idempotent: true });
    expect((await call()).output).toBe("done");
    expect(waits).toEqual([500, 3_000]);
    const keys = server.requests
      .map((request) => request.headers.get("idempotency-key"))
      .filter((key) => key !== null);
    expect(keys).toEqual(["exec_1/t//0", "exec_1/t//0", "exec_1/t//0"]);
  });

  test("is not made for one that nobody has marked, even where the server says that it is", async () => {
    await using server = startFaultyMcp({ "tools/call": passing() });
    expect(await failure(callerOf(server).call())).toBe("TOOL_ERROR 503");
    expect(countOf(server, "tools/call")).toBe(1);
  });
});

describe("a cancelled call", () => {
  test("ends with the signal's reason, its connection closed and its session ended", async () => {
    const controller = new AbortController();
    const closed = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using server = startFaultyMcp({
      "tools/call": (_, request) => {
        request.signal.addEventListener("abort", () => closed.resolve());
        controller.abort("cancelled");
        return new Promise(() => undefined);
      },
      DELETE: () => {
        ended.resolve();
        return status(200);
      },
    });
    const pending = callerOf(server).call({}, controller.signal);
    expect(await pending.catch((error: unknown) => error)).toBe("cancelled");
    await closed.promise;
    await ended.promise;
  });
});

describe("a server that asks", () => {
  test("is answered a few times, not as often as it likes", async () => {
    const answered = Promise.withResolvers<void>();
    let count = 0;
    const event = (value: unknown) => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
    await using server = startFaultyMcp({
      "tools/call": (message) =>
        raw(
          new ReadableStream({
            async start(controller) {
              for (let id = 0; id < 200; id += 1) {
                controller.enqueue(event({ jsonrpc: "2.0", id: `p${id}`, method: "ping" }));
              }
              await answered.promise;
              controller.enqueue(event({ jsonrpc: "2.0", id: message.id, result: RESULT }));
              controller.close();
            },
          }),
          "text/event-stream",
        ),
      answer: () => {
        count += 1;
        if (count === 16) answered.resolve();
        return status(202);
      },
    });
    expect((await callerOf(server).call()).output).toBe("done");
    expect(count).toBe(16);
  });

  test("is not answered any more once the call has ended", async () => {
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    await using server = startFaultyMcp({
      "tools/call": (message) =>
        raw(
          new ReadableStream({
            async start(controller) {
              const ping = { jsonrpc: "2.0", id: "p", method: "ping" };
              controller.enqueue(Buffer.from(`data: ${JSON.stringify(ping)}\n\n`));
              await asked.promise;
              const answer = { jsonrpc: "2.0", id: message.id, result: RESULT };
              controller.enqueue(Buffer.from(`data: ${JSON.stringify(answer)}\n\n`));
            },
          }),
          "text/event-stream",
        ),
      answer: (_, request) => {
        request.signal.addEventListener("abort", () => closed.resolve());
        asked.resolve();
        return new Promise(() => undefined);
      },
    });
    expect((await callerOf(server).call()).output).toBe("done");
    await closed.promise;
  });
});
