import { expect, test } from "bun:test";
import type { CompiledPipeline, NodeProgram } from "../../src/pipelines/program";
import type { Json, StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { createEchoHost, NOTHING, pipelineOf, runData } from "./fixtures";

const statuses = (steps: StepRecord[]): string[] =>
  steps.map((step) => `${step.nodeId} ${step.status}`);

/** Lets everything run that is ready now. */
const settleAll = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A pipeline of hand-made programs, as later node types bring them. */
function handMade(spec: {
  [id: string]: { program: Partial<NodeProgram>; to: string[] };
}): CompiledPipeline {
  const ids = Object.keys(spec);
  const incoming = (id: string) =>
    Object.values(spec).flatMap(({ to }) => to.filter((end) => end.split(":")[0] === id)).length;
  return {
    untrustedReads: new Map(),
    nodes: Object.entries(spec).map(([id, { program, to }]) => ({
      id,
      type: id === "out" ? "output" : "input",
      continuesOnError: false,
      regions: [],
      incoming: incoming(id),
      outgoing: to.map((end) => {
        const [target = "", handle = null] = end.split(":");
        return { target: ids.indexOf(target), handle };
      }),
      program: {
        providerId: null,
        isBounded: true,
        run: () => ({ ok: true, output: id }),
        ...program,
      },
    })),
    lastIds: ["out"],
    inputNodeId: "in",
    outputNodeId: "out",
    providerIds: [],
    checkInput: () => [],
  };
}

const decide = (way: boolean): Partial<NodeProgram> => ({
  run: () => ({ ok: true, output: way }),
  readHandle: (output: Json) => JSON.stringify(output),
});

const branches = (way: boolean): CompiledPipeline =>
  handMade({
    in: { program: decide(way), to: ["yes:true", "no:false"] },
    yes: { program: {}, to: ["out"] },
    no: { program: {}, to: ["deeper"] },
    deeper: { program: {}, to: ["out"] },
    out: {
      program: {
        run: ({ scope }) => ({
          ok: true,
          output: Object.fromEntries(
            ["in", "yes", "no", "deeper"].map((id) => [id, scope.outputs.get(id) ?? null]),
          ),
        }),
      },
      to: [],
    },
  });

const anyData = runData(pipelineOf({ edges: ["in>out"] }));

test("a node whose edges are all dead is skipped, and so is what only it feeds", async () => {
  const result = await runPipeline(createEchoHost(), { ...anyData, pipeline: branches(true) });
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "no skipped",
    "deeper skipped",
    "yes completed",
    "out completed",
  ]);
  expect(result.output).toEqual({ in: true, no: null, deeper: null, yes: "yes" });
  expect(result.steps[1]).toMatchObject({ startedAt: null, finishedAt: 1_000, output: null });
});

test("a node runs when one of its edges is live and all are settled", async () => {
  const result = await runPipeline(createEchoHost(), { ...anyData, pipeline: branches(false) });
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "yes skipped",
    "no completed",
    "deeper completed",
    "out completed",
  ]);
});

test("a skipped output completes the execution with null", async () => {
  const pipeline = handMade({
    in: { program: decide(false), to: ["out:true"] },
    out: { program: {}, to: [] },
  });
  const result = await runPipeline(createEchoHost(), { ...anyData, pipeline });
  expect(result).toMatchObject({ status: "completed", output: null });
  expect(statuses(result.steps)).toEqual(["in completed", "out skipped"]);
});

test("a program that throws fails its node", async () => {
  const thrown = new Error("bug");
  const run = () => {
    throw thrown;
  };
  const pipeline = handMade({
    in: { program: { run }, to: ["out"] },
    out: { program: {}, to: [] },
  });
  const host = createEchoHost();
  const result = await runPipeline(host, { ...anyData, pipeline });
  expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "in" });
  expect(host.unexpected).toEqual([thrown]);
});

test("a program that does not listen to the signal changes nothing after the end", async () => {
  let release = () => {};
  const waiting = new Promise<void>((resolve) => (release = resolve));
  const slow: NodeProgram["run"] = () => waiting.then(() => ({ ok: true, output: "late" }));
  const pipeline = handMade({
    in: { program: {}, to: ["slow", "bad"] },
    slow: { program: { run: slow }, to: ["out"] },
    bad: { program: { run: () => Promise.reject(new Error("bug")) }, to: ["out"] },
    out: { program: {}, to: [] },
  });
  const result = await runPipeline(createEchoHost(), { ...anyData, pipeline });
  release();
  await settleAll();
  expect(statuses(result.steps)).toEqual(["in completed", "bad failed", "slow cancelled"]);
});

test("completed steps of an earlier attempt are reused, neither run nor listed again", async () => {
  const first = await runPipeline(createEchoHost(), { ...anyData, pipeline: branches(true) });
  const steps = new Map(first.steps.slice(0, 4).map((step) => [`${step.nodeId}/`, step]));
  const pipeline = branches(true);
  const result = await runPipeline(createEchoHost(), {
    ...anyData,
    pipeline,
    recorded: { ...NOTHING, steps },
  });
  expect(statuses(result.steps)).toEqual(["out completed"]);
  expect(result.output).toEqual(first.output);
});

test("a recorded step that did not complete is run again", async () => {
  const first = await runPipeline(createEchoHost(), { ...anyData, pipeline: branches(true) });
  const failed = first.steps.map((step): [string, StepRecord] => [
    `${step.nodeId}/`,
    { ...step, status: "failed" },
  ]);
  const recorded = { ...NOTHING, steps: new Map(failed) };
  const result = await runPipeline(createEchoHost(), {
    ...anyData,
    pipeline: branches(true),
    recorded,
  });
  expect(result.steps).toHaveLength(5);
});
