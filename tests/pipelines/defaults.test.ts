import { expect, test } from "bun:test";
import { defaultPipeline } from "../../src/pipelines/defaults";
import { runPipeline } from "../../src/pipelines/run";
import { createEchoHost, runData, validate } from "./fixtures";

test("the default pipeline has no faults and calls echo alone", () => {
  const { faults, compiled } = validate(defaultPipeline());
  expect(faults).toEqual([]);
  expect(compiled?.providerIds).toEqual(["echo"]);
});

test("the default pipeline answers with its input as text", async () => {
  const input = { message: "Hello", payload: { key: "value" } };
  const result = await runPipeline(createEchoHost(), runData(defaultPipeline(), { input }));
  expect(result).toMatchObject({ status: "completed", output: JSON.stringify(input), cost: null });
});

test("each call gives a pipeline of its own, with a position for every node", () => {
  expect(defaultPipeline()).not.toBe(defaultPipeline());
  expect(defaultPipeline().nodes.map((node) => typeof node.position)).toEqual(
    Array(3).fill("object"),
  );
});
