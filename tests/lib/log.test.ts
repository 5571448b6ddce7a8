// Log lines: one JSON object each, whatever a peer put into a field.

import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../src/lib/clock";
import type { Log } from "../../src/lib/log";
import { createLog, describeError, silentLog } from "../../src/lib/log";
import type { LogLevel } from "../../src/vocabulary";
import { LOG_LEVELS } from "../../src/vocabulary";

function createLines(level: LogLevel = "debug"): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { log: createLog({ clock: createManualClock(), level, write }), lines };
}

describe("a line", () => {
  test("is one JSON object with time, level and event before the fields", () => {
    const { log, lines } = createLines();
    log.info("server.started", { url: "http://127.0.0.1:3000", pid: 7, ok: true, none: null });
    expect(lines).toEqual([
      '{"time":"2026-01-01T00:00:00.000Z","level":"info","event":"server.started","url":"http://127.0.0.1:3000","pid":7,"ok":true,"none":null}\n',
    ]);
  });

  test("leaves out a field that is not there", () => {
    const { log, lines } = createLines();
    log.warn("secret.unreadable", { id: undefined });
    expect(lines[0]).not.toContain("id");
  });

  test("comes once for each event, in their order", () => {
    const { log, lines } = createLines();
    log.info("server.started");
    log.error("request.failed", { error: "Error: x" });
    log.debug("execution.recovered");
    const events = lines.map((line): unknown => JSON.parse(line)).map(eventOf);
    expect(events).toEqual(["server.started", "request.failed", "execution.recovered"]);
  });

  test("is ended by the only line break, whatever a field holds", () => {
    const { log, lines } = createLines();
    const forged = 'a\r\n{"level":"error","event":"server.failed"}\nb';
    log.error("request.failed", { error: forged });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "request.failed", error: forged });
  });

  test.each([
    ["ASCII, terminal escapes among them", 0x00, 0x1f],
    ["DEL and the eight-bit controls, of which 9B starts a terminal escape", 0x7f, 0x9f],
    ["line and paragraph separators", 0x2028, 0x2029],
  ])("holds no control character: %s", (_name, from, to) => {
    const { log, lines } = createLines();
    const length = to - from + 1;
    const controls = String.fromCharCode(...Array.from({ length }, (_, at) => from + at));
    log.error("request.failed", { error: `<${controls}>` });
    const line = (lines[0] ?? "").slice(0, -1);
    expect(line.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g)).toBeNull();
    expect(JSON.parse(line)).toMatchObject({ error: `<${controls}>` });
  });

  test("cuts each long field at 2,000 characters and keeps the others", () => {
    const { log, lines } = createLines();
    log.error("request.failed", { error: "x".repeat(1_000_000), stack: "y".repeat(2_000), pid: 1 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      error: "x".repeat(2_000),
      stack: "y".repeat(2_000),
      pid: 1,
    });
  });
});

const eventOf = (line: unknown): unknown =>
  typeof line === "object" && line !== null && "event" in line ? line.event : undefined;

test.each(LOG_LEVELS.map((level, at) => [level, LOG_LEVELS.slice(at)] as const))(
  "at level %s only %p are written",
  (level, written) => {
    const { log, lines } = createLines(level);
    for (const each of LOG_LEVELS) log[each]("server.started");
    expect(lines.map((line) => /"level":"(\w+)"/.exec(line)?.[1] ?? "")).toEqual([...written]);
  },
);

test("the silent log takes every level and says nothing", () => {
  for (const level of LOG_LEVELS) expect(silentLog[level]("server.started")).toBeUndefined();
});

describe("what is logged of an error", () => {
  test("is its name, message and stack, and of its cause name and message", () => {
    const cause = new TypeError("no such table");
    const described = describeError(new RangeError("cannot read", { cause }));
    expect(described).toMatchObject({
      error: "RangeError: cannot read",
      cause: "TypeError: no such table",
    });
    expect(described["stack"]).toContain("log.test.ts");
  });

  test("has no cause where there is none, or where it is no error", () => {
    expect(Object.keys(describeError(new Error("x")))).toEqual(["error", "stack"]);
    const odd = new Error("x", { cause: "hunter2" });
    expect(JSON.stringify(describeError(odd))).not.toContain("hunter2");
  });

  test.each([["hunter2"], [{ password: "hunter2" }], [["hunter2"]], [undefined]])(
    "is only the type where %p was thrown",
    (thrown) => {
      expect(describeError(thrown)).toEqual({ error: typeof thrown });
    },
  );
});
