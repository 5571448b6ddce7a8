// The sandbox children of the built binary: what they are, what they hold, and that none outlives
// its server.

import { describe, expect, test } from "bun:test";
import { getPriority } from "node:os";
import { join } from "node:path";
import {
  childrenOf,
  commandOf,
  descriptorsOf,
  environmentOf,
  isAlive,
  processorTicks,
} from "../support/process-children";
import { endWithFile, guardProcesses } from "../support/process-cleanup";
import { eventually, within } from "../support/process-waiting";
import { BINARY, type Server, startServer } from "../support/server";
import { ask, deliver, makeAgent } from "../support/server-calls";

guardProcesses();

/** An agent whose inputs are checked in a child. */
async function makeCheckedAgent(server: Server): Promise<string> {
  const pipeline = {
    nodes: [
      {
        id: "input",
        type: "input",
        data: { schema: { properties: { a: { pattern: "^(x+)+$" } } } },
      },
      { id: "output", type: "output", data: { mapping: "{{input}}" } },
    ],
    edges: [{ id: "e", source: "input", target: "output" }],
  };
  return (await makeAgent(server, { pipeline })).id;
}

const endOf = (pids: number[]): Promise<true> =>
  eventually("the end of the children", () => (pids.some(isAlive) ? null : true));

describe("a child", () => {
  test("is started with the first need of it, from the binary, with nothing of the server's", async () => {
    await using server = await startServer({ env: { HOOKLINE_LOG_LEVEL: "debug" } });
    const agentId = await makeCheckedAgent(server);
    expect(childrenOf(server.pid)).toEqual([]);
    expect((await deliver(server, { agentId, body: { a: "xx" } })).status).toBe(200);
    const [pid = 0, ...others] = childrenOf(server.pid);
    expect(others).toEqual([]);
    expect(commandOf(pid)).toEqual([BINARY, "sandbox"]);
    expect(environmentOf(pid)).toBe("");
    // Code that runs away leaves the processor to the server.
    expect(getPriority(pid)).toBe(getPriority(server.pid) + 5);
    // Beside its own pipe, only what the runtime opens for itself.
    const held = descriptorsOf(pid).filter(
      (target) => !/^(?:anon_inode:|\/dev\/null$)/.test(target),
    );
    expect(held.map((target) => target.replace(/\[\d+\]$/, ""))).toEqual(["socket:", "socket:"]);
    expect(await server.stop()).toBe(0);
    await endOf([pid]);
  });

  test("that checks what would block keeps nobody else waiting", async () => {
    await using server = await startServer();
    const agentId = await makeCheckedAgent(server);
    const slow = deliver(server, { agentId, body: { a: `${"x".repeat(50)}!` } });
    expect((await ask(server, "GET /healthz")).status).toBe(200);
    expect((await slow).status).toBe(422);
    expect((await deliver(server, { agentId, body: { a: "x" } })).status).toBe(200);
  });
});

test("the command is the server's alone: it is not in the usage, and ends with its input", async () => {
  const usage = Bun.spawn([BINARY, "help"], { stdio: ["ignore", "pipe", "ignore"] });
  expect(await usage.stdout.text()).not.toContain("sandbox");
  const alone = Bun.spawn([BINARY, "sandbox"], { stdio: ["ignore", "ignore", "ignore"] });
  expect(await within("the end of the child", alone.exited)).toBe(0);
});

describe("no child outlives its server", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)("that ends by %s", async (signal) => {
    await using server = await startServer();
    const agentId = await makeCheckedAgent(server);
    await deliver(server, { agentId, body: { a: "xx" } });
    const children = childrenOf(server.pid);
    expect(children).toHaveLength(1);
    server.signal(signal);
    await within("the end", server.exited);
    await endOf(children);
  });

  test("that is killed while a child runs a loop without end", async () => {
    const host = join(import.meta.dir, "../support/sandbox-host.ts");
    const parent = Bun.spawn([process.execPath, "--no-env-file", host, BINARY, "sandbox"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const forget = endWithFile(() => parent.kill("SIGKILL"));
    for await (const _started of parent.stdout) break;
    const [child = 0] = childrenOf(parent.pid);
    const before = processorTicks(child);
    await eventually("the loop", () => (processorTicks(child) > before + 10 ? true : null));
    parent.kill("SIGKILL");
    await parent.exited;
    await endOf([child]);
    forget();
  });
});
