// Retry-After of the concurrency limit: a tenth of the median of the last 20 durations, within bounds.

import { describe, expect, test } from "bun:test";
import type { TestApp } from "../support/app";
import { createTestApp } from "../support/app";
import { createDurations } from "../../src/executions/durations";

const AGENT = 1;
const seconds = (...list: number[]): number[] => list.map((value) => value * 1000);

/** Ended executions of the agent as an earlier process left them, oldest first. */
async function withHistory(history: number[]): Promise<TestApp> {
  const app = await createTestApp();
  await app.agent();
  const insert = app.db.raw.query(
    "insert into executions (seq, uid, agent, version, trigger, state, created_at, started_at, finished_at) values (?, ?, ?, 1, 'webhook', 'completed', 0, 1000, ?)",
  );
  history.forEach((ms, at) => insert.run(at + 1, Buffer.from(`uid ${at}`), AGENT, 1000 + ms));
  return app;
}

const ROWS: [name: string, history: number[], answer: number][] = [
  ["5 without history", [], 5],
  ["1 where they ended at once", [0, 0, 0], 1],
  ["1 up to 10 s", seconds(10), 1],
  ["2 from the first millisecond beyond", [10_001], 2],
  ["the middle one of three", seconds(500, 20, 100), 10],
  ["at most 59", seconds(3600), 59],
  ["59 for 590 s", seconds(590), 59],
  [
    "that of the last 20 alone",
    [...seconds(...Array(20).fill(500)), ...seconds(...Array(20).fill(30))],
    3,
  ],
  [
    "that of the newest 20, of which 11 decide",
    [...seconds(...Array(9).fill(500)), ...seconds(...Array(11).fill(30))],
    3,
  ],
];

describe("the seconds to wait are", () => {
  test.each(ROWS)("%s, from the table", async (_name, history, answer) => {
    const app = await withHistory(history);
    expect(createDurations({ db: app.db }).retryAfterSeconds(AGENT)).toBe(answer);
  });

  test.each(ROWS)("%s, from ends that were told", async (_name, history, answer) => {
    const app = await withHistory([]);
    const durations = createDurations({ db: app.db });
    durations.retryAfterSeconds(AGENT);
    for (const durationMs of history) durations.add({ agent: AGENT, durationMs });
    expect(durations.retryAfterSeconds(AGENT)).toBe(answer);
  });

  test("those of the agent alone", async () => {
    const app = await withHistory(seconds(100));
    const durations = createDurations({ db: app.db });
    expect(durations.retryAfterSeconds(2)).toBe(5);
    durations.add({ agent: 2, durationMs: 300_000 });
    expect([durations.retryAfterSeconds(AGENT), durations.retryAfterSeconds(2)]).toEqual([10, 30]);
  });

  test("not moved by what still runs", async () => {
    const app = await withHistory(seconds(100));
    app.db.raw.run(
      "insert into executions (seq, uid, agent, version, trigger, state, created_at, started_at) values (9, x'00', 1, 1, 'webhook', 'running', 0, 0)",
    );
    expect(createDurations({ db: app.db }).retryAfterSeconds(AGENT)).toBe(10);
  });
});
