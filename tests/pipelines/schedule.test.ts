import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { CompiledPipeline, NodeProgram } from "../../src/pipelines/program";
import type { Json, StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import {
  answer,
  createEchoHost,
  createTestHost,
  llm,
  NOTHING,
  pipelineOf,
  runData,
} from "./fixtures";

const fork = pipelineOf({
  nodes: [llm("a", { userPromptTemplate: "a" }), llm("b", { userPromptTemplate: "b" })],
  edges: ["in>a", "in>b", "a>out", "b>out"],
  mapping: "{{nodes.a.output}}{{nodes.b.output}}",
});

const statuses = (steps: StepRecord[]): string[] =>
  steps.map((step) => `${step.nodeId} ${step.status}`);

/** Lets everything run that is ready now. */
const settleAll = () => new Promise<void>((resolve) => setImmediate(resolve));

test("ready nodes run side by side, and a node with two edges waits for both", async () => {
  const host = createTestHost();
  let ended = false;
  const running = runPipeline(host, runData(fork)).finally(() => (ended = true));
  await host.waitForCall(1);
  expect(host.calls.map((open) => open.call.prompt)).toEqual(["a", "b"]);
  host.calls[1]?.answer(answer("B"));
  await settleAll();
  expect(ended).toBe(false);
  host.calls[0]?.answer(answer("A"));
  const result = await running;
  expect(result.output).toBe("AB");
  expect(statuses(result.steps)).toEqual([
    "in completed",
    "b completed",
    "a completed",
    "out completed",
  ]);
});

test("the first failure cancels what still runs, and what never started is not listed", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(fork));
  await host.waitForCall(1);
  const other = host.calls[1];
  expect(other?.call.signal.aborted).toBe(false);
  host.calls[0]?.fail(new AppError("PROVIDER_TIMEOUT"));
  const result = await running;
  expect(other?.call.signal.aborted).toBe(true);
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "PROVIDER_TIMEOUT", nodeId: "a" },
  });
  expect(statuses(result.steps)).toEqual(["in completed", "a failed", "b cancelled"]);
  expect(result.steps[2]).toMatchObject({ error: null, output: null, finishedAt: 1_000 });
});

test("what a cancelled call gives later changes nothing", async () => {
  const host = createTestHost();
  const seen: string[] = [];
  const onStep = (step: StepRecord) => void seen.push(`${step.nodeId} ${step.status}`);
  const running = runPipeline(host, runData(fork, { onStep }));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  const result = await running;
  const before = JSON.stringify([result, seen]);
  host.calls[1]?.answer(answer("late"));
  await settleAll();
  expect(JSON.stringify([result, seen])).toBe(before);
});

test("a call that breaks off by its cancellation is not reported as an error of ours", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(fork));
  await host.waitForCall(1);
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  await running;
  host.calls[1]?.fail(new DOMException("aborted", "AbortError"));
  await settleAll();
  expect(host.unexpected).toEqual([]);
});

test("an abort from outside cancels at once, even where the model does not listen", async () => {
  const host = createTestHost();
  const outside = new AbortController();
  const running = runPipeline(host, runData(fork, { signal: outside.signal }));
  await host.waitForCall(1);
  outside.abort("timeout");
  const result = await running;
  expect(result).toMatchObject({ status: "cancelled", error: null, output: null });
  expect(statuses(result.steps)).toEqual(["in completed", "a cancelled", "b cancelled"]);
  expect(host.calls.map((open) => open.call.signal.reason)).toEqual(["timeout", "timeout"]);
});

test("a signal that is aborted already starts nothing", async () => {
  const result = await runPipeline(
    createEchoHost(),
    runData(fork, { signal: AbortSignal.abort() }),
  );
  expect(result).toMatchObject({ status: "cancelled", steps: [] });
});

test("an abort after the end changes nothing, and no listener stays behind", async () => {
  const outside = new AbortController();
  let listeners = 0;
  const signal = outside.signal;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners += 1;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners -= 1;
    Reflect.apply(removeEventListener, signal, args);
  };
  const result = await runPipeline(createEchoHost(), runData(fork, { signal }));
  expect([result.status, listeners]).toEqual(["completed", 0]);
});

test("pause is called before each node but the first", async () => {
  let pauses = 0;
  const pause = () => {
    pauses += 1;
    return undefined;
  };
  await runPipeline(createEchoHost({ pause }), runData(fork));
  expect(pauses).toBe(3);
});

test("a pause that gives a promise is awaited, and other ends do not run past it", async () => {
  const releases: (() => void)[] = [];
  const host = createTestHost({
    pause: () => new Promise<void>((resolve) => releases.push(resolve)),
  });
  const running = runPipeline(host, runData(fork));
  releases[0]?.();
  await host.waitForCall(0);
  expect([host.calls.length, releases.length]).toEqual([1, 2]);
  host.calls[0]?.answer(answer("A"));
  await settleAll();
  expect([host.calls.length, releases.length]).toEqual([1, 2]);
  releases[1]?.();
  (await host.waitForCall(1)).answer(answer("B"));
  await settleAll();
  releases[2]?.();
  expect((await running).output).toBe("AB");
});

test("an abort during a pause ends the execution without starting more", async () => {
  const outside = new AbortController();
  let release = () => {};
  const host = createTestHost({ pause: () => new Promise<void>((resolve) => (release = resolve)) });
  const running = runPipeline(host, runData(fork, { signal: outside.signal }));
  outside.abort();
  expect((await running).status).toBe("cancelled");
  release();
  await settleAll();
  expect(host.calls).toHaveLength(0);
});

/** A pipeline of hand-made programs, as later node types bring them. */
function handMade(spec: {
  [id: string]: { program: Partial<NodeProgram>; to: string[] };
}): CompiledPipeline {
  const ids = Object.keys(spec);
  const incoming = (id: string) =>
    Object.values(spec).flatMap(({ to }) => to.filter((end) => end.split(":")[0] === id)).length;
  return {
    nodes: Object.entries(spec).map(([id, { program, to }]) => ({
      id,
      type: id === "out" ? "output" : "input",
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
    inputNodeId: "in",
    outputNodeId: "out",
    providerIds: [],
    checkInput: () => [],
  };
}

const decide = (way: boolean): Partial<NodeProgram> => ({
  run: () => ({ ok: true, output: way }),
  readHandle: (output: Json) => String(output),
});

const branches = (way: boolean): CompiledPipeline =>
  handMade({
    in: { program: decide(way), to: ["yes:true", "no:false"] },
    yes: { program: {}, to: ["out"] },
    no: { program: {}, to: ["deeper"] },
    deeper: { program: {}, to: ["out"] },
    out: {
      program: { run: (host) => ({ ok: true, output: Object.fromEntries(host.scope.outputs) }) },
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
