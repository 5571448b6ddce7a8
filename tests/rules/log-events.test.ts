// The table of log events over src, and over planted calls.

import { expect, test } from "bun:test";
import { LOG_EVENTS } from "../../src/vocabulary";
import { findUnlogged, findWrongLevels } from "./log-events";
import { readSources, report } from "./source";

test("every event is logged, and at its own level", () => {
  const sources = readSources("src");
  expect(report(findWrongLevels(sources))).toEqual([]);
  expect(findUnlogged(sources)).toEqual([]);
});

test("every event is of two words, with a line of documentation", () => {
  for (const [event, { doc }] of Object.entries(LOG_EVENTS)) {
    expect(event).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
    expect(doc).toMatch(/^[A-Z].{10,}[^.]\.$/);
  }
});

test("a call at another level is told, and an event that nobody logs", () => {
  const text = `// Owns x.\nlog.info("request.failed", {});\ndeps.log.error(\n  "request.failed",\n);`;
  const files = [{ path: "src/a.ts", text }];
  expect(report(findWrongLevels(files))).toEqual([
    "src/a.ts:2 [log level] request.failed is of level error",
  ]);
  expect(findUnlogged(files)).toContain("server.started");
  expect(findUnlogged(files)).not.toContain("request.failed");
});
