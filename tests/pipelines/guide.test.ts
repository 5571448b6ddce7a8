import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Pipeline } from "../../src/pipelines/pipelines.schema";
import { runPipeline } from "../../src/pipelines/run";
import { createEchoHost, runData } from "./fixtures";

test("the guide's pipeline runs to what the guide says", async () => {
  const text = readFileSync(new URL("../../docs/guides/pipelines.md", import.meta.url), "utf8");
  const block = /```json\n(.*?)```/s.exec(text)?.[1] ?? "";
  const pipeline: Pipeline = JSON.parse(block);
  const input = { commits: [{ message: "mend the lock" }, { message: "count turns" }] };
  const result = await runPipeline(createEchoHost(), runData(pipeline, { input }));
  expect(result).toMatchObject({
    status: "completed",
    output: "0: mend the lock\n1: count turns",
  });
});
