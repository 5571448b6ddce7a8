// Children that have been taken over, or that are ended from outside: each costs its own run and
// itself, and the server goes on.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createRecordedLog } from "../support/recorded-log";
import { eventually } from "../support/process-waiting";
import { isAlive, onlyChild, processorTicks } from "../support/process-children";
import { callOf, openSandbox, runToEnd } from "../support/sandboxes";

const commandOf = (way: string): string[] => [
  process.execPath,
  "--no-env-file",
  join(import.meta.dir, "../support/hostile-child.ts"),
  way,
];

const unavailable = { code: "SANDBOX_UNAVAILABLE" };

describe("a child is killed, and its run refused, where what it says", () => {
  test.each([
    "is no JSON",
    "is no UTF-8",
    "is no object",
    "is of no known kind",
    "has no value",
    "fails for no known reason",
    "logs what is no text",
    "says twice that it is ready",
    "nests too deeply",
    "announces a huge frame",
    "logs without end",
  ])("%s", async (way) => {
    const log = createRecordedLog();
    using sandbox = openSandbox({ command: commandOf(way), log });
    expect(await runToEnd(sandbox, callOf("return 1"))).toMatchObject(unavailable);
    expect(sandbox.size()).toBe(0);
    expect(log.lines).toEqual([
      { level: "warn", event: "sandbox.broken", fields: { while: "running" } },
    ]);
  });
});

test("lines of a child that goes on logging are kept up to a limit", async () => {
  using sandbox = openSandbox({ command: commandOf("logs without end") });
  const { logs } = await runToEnd(sandbox, callOf("return 1"));
  expect(logs.join("\n").length).toBeLessThan(70_000);
});

test("a child that ends during a run has it refused", async () => {
  using sandbox = openSandbox({ command: commandOf("ends at once") });
  expect(await runToEnd(sandbox, callOf("return 1"))).toMatchObject(unavailable);
});

test("a value with __proto__ stays a value", async () => {
  using sandbox = openSandbox({ command: commandOf("pollutes prototypes") });
  const { value } = await runToEnd(sandbox, callOf("return 1"));
  expect(Object.keys(value ?? {})).toEqual(["__proto__"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("a second answer to one request ends the child, and no other run gets it", async () => {
  const log = createRecordedLog();
  using sandbox = openSandbox({ command: commandOf("answers twice"), log });
  expect(await runToEnd(sandbox, callOf("return 1"))).toMatchObject({ value: 1 });
  await log.until("sandbox.broken");
  expect(sandbox.size()).toBe(0);
});

test("a child that is never ready again holds up nobody for longer than their wait", async () => {
  using sandbox = openSandbox({ command: commandOf("is never ready again"), waitMs: 100 });
  expect(await runToEnd(sandbox, callOf("return 1"))).toMatchObject({ value: 1 });
  const next = await runToEnd(sandbox, callOf("return 1"));
  expect(next.code).toBe("SANDBOX_BUSY");
});

describe("a child may hold 128 MiB beside the pages of its program:", () => {
  test("one that holds less answers", async () => {
    using sandbox = openSandbox({ command: commandOf("holds 110 MiB for a while") });
    expect(await runToEnd(sandbox, callOf("return 1"))).toMatchObject({ value: 1 });
  });

  test("one that holds more is killed, long before its deadline", async () => {
    using sandbox = openSandbox({ command: commandOf("holds 150 MiB") });
    const ended = await runToEnd(sandbox, callOf("return 1", { deadlineMs: 60_000 }));
    expect(ended.code).toBe("CODE_OUT_OF_MEMORY");
  });
});

describe("a run is refused where no child starts, and no start is tried for ever:", () => {
  test.each([
    ["a program that is not there", ["/nonexistent/hookline", "sandbox"]],
    ["a program that ends at once", commandOf("ends before it is ready")],
    ["a program that is something else", ["/bin/cat", "/proc/self/status"]],
  ])("%s", async (_name, command) => {
    const log = createRecordedLog();
    using sandbox = openSandbox({ command, log });
    const runs = await Promise.all(
      [1, 2, 3].map((agent) => runToEnd(sandbox, callOf("1", { agent }))),
    );
    expect(runs.map((run) => run.code)).toEqual(Array(3).fill("SANDBOX_UNAVAILABLE"));
    expect(log.lines).toHaveLength(3);
    expect(log.lines[0]?.fields).toEqual({ while: "starting" });
  });
});

test("a child that never becomes ready keeps a run waiting for no longer than its wait", async () => {
  using sandbox = openSandbox({ command: commandOf("is never ready"), waitMs: 100 });
  expect((await runToEnd(sandbox, callOf("return 1"))).code).toBe("SANDBOX_BUSY");
});

describe("a child that is killed from outside", () => {
  test("during a run has it refused, with what it had logged", async () => {
    using sandbox = openSandbox();
    await runToEnd(sandbox, callOf("return 1"));
    const pid = await onlyChild();
    const before = processorTicks(pid);
    const running = runToEnd(sandbox, callOf("console.log('a'); for (;;);"));
    await eventually("the loop", () => (processorTicks(pid) > before + 10 ? true : null));
    process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({ ...unavailable, logs: ["a"] });
    expect((await runToEnd(sandbox, callOf("return 2"))).value).toBe(2);
  });

  test("while it is idle is not used again", async () => {
    const log = createRecordedLog();
    using sandbox = openSandbox({ log });
    await runToEnd(sandbox, callOf("return 1"));
    const pid = await onlyChild();
    process.kill(pid, "SIGKILL");
    await log.until("sandbox.broken");
    await eventually("its end", () => (isAlive(pid) ? null : true));
    expect((await runToEnd(sandbox, callOf("return 2"))).value).toBe(2);
  });

  test("by a signal that the whole group gets goes on", async () => {
    using sandbox = openSandbox();
    await runToEnd(sandbox, callOf("return 1"));
    const pid = await onlyChild();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.kill(pid, signal);
    expect((await runToEnd(sandbox, callOf("return 2"))).value).toBe(2);
    expect(await onlyChild()).toBe(pid);
  });
});
