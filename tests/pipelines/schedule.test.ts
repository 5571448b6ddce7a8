import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { StepRecord } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { answer, createEchoHost, createTestHost, llm, pipelineOf, runData } from "./fixtures";

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

test("at the end no listener stays on the signal", async () => {
  const outside = new AbortController();
  const { signal } = outside;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: () => void) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: () => void) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  const running = runPipeline(createEchoHost(), runData(fork, { signal }));
  expect(listeners.size).toBe(1);
  await running;
  expect(listeners.size).toBe(0);
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
