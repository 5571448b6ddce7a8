import { expect, test } from "bun:test";
import { AppError } from "../../src/errors";
import type { EffectEnd, Json, Recorded, StepRecord } from "../../src/pipelines/record";
import { effectName } from "../../src/pipelines/record";
import { runPipeline } from "../../src/pipelines/run";
import { rejection } from "../support/rejection";
import { answer, createTestHost, llm, NOTHING, pipelineOf, runData } from "./fixtures";

const paid = (id: string, prompt: string) =>
  llm(id, { providerId: "paid", userPromptTemplate: prompt });

const two = pipelineOf({
  nodes: [paid("first", "1 {{input}}"), paid("second", "2 {{nodes.first.output}}")],
  edges: ["in>first", "first>second", "second>out"],
  mapping: "{{nodes.second.output}}",
});

const fork = pipelineOf({
  nodes: [paid("a", "a"), paid("b", "b")],
  edges: ["in>a", "in>b", "a>out", "b>out"],
});

const ids = (steps: StepRecord[]): string[] => steps.map((step) => step.nodeId);
const settleAll = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A promise and the functions that settle it. */
function defer() {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

const end = (more: Partial<EffectEnd>): EffectEnd => ({
  nodeId: "first",
  iteration: "",
  call: 0,
  kind: "model",
  attempt: 1,
  startedAt: 10,
  finishedAt: 20,
  result: null,
  error: null,
  ...more,
});

const recordedWith = (...ends: EffectEnd[]): Recorded => ({
  ...NOTHING,
  effects: new Map(ends.map((one) => [effectName(one), one])),
});

const RESULT: Json = {
  text: "one",
  finishReason: "stop",
  usage: { inputTokens: 5, outputTokens: 6, cachedTokens: 7 },
  cost: 0.5,
  requestId: "req_old",
  provider: "openai-compatible",
  model: "small",
};

test("an effect's start is on disk before the call, and its end before anything that depends on it", async () => {
  const opened = defer();
  const closed = defer();
  const order: string[] = [];
  const host = createTestHost({
    journal: {
      startEffect: (start) => {
        order.push(`start ${start.nodeId}`);
        return start.nodeId === "first" ? opened.promise : Promise.resolve();
      },
      endEffect: (ended) => {
        order.push(`end ${ended.nodeId}`);
        return ended.nodeId === "first" ? closed.promise : Promise.resolve();
      },
    },
  });
  const running = runPipeline(host, runData(two, { input: "x" }));
  await settleAll();
  expect([order, host.calls.length]).toEqual([["start first"], 0]);
  opened.resolve();
  (await host.waitForCall(0)).answer(answer("one"));
  await settleAll();
  expect([order, host.calls.length]).toEqual([["start first", "end first"], 1]);
  closed.resolve();
  const second = await host.waitForCall(1);
  expect(second.call.prompt).toBe("2 one");
  second.answer(answer("two"));
  expect((await running).output).toBe("two");
});

test("the start takes the steps along that ended before it, and the result lists only the rest", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(two, { input: "x", attempt: 3 }));
  (await host.waitForCall(0)).answer(answer("one"));
  (await host.waitForCall(1)).answer(answer("two"));
  const { steps } = await running;
  expect(host.starts.map((one) => ids(one.steps))).toEqual([["in"], ["first"]]);
  expect(ids(steps)).toEqual(["second", "out"]);
  expect(host.starts[0]?.start).toEqual({
    nodeId: "first",
    iteration: "",
    call: 0,
    kind: "model",
    attempt: 3,
    startedAt: 1_000,
  });
});

test("the end holds the whole answer", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(two));
  host.clock.advance(5);
  (await host.waitForCall(0)).answer(answer("one", { cost: 0.5 }));
  (await host.waitForCall(1)).answer(answer("two"));
  await running;
  expect(host.ends[0]).toMatchObject({ nodeId: "first", call: 0, finishedAt: 1_005, error: null });
  expect(host.ends[0]?.result).toEqual({
    text: "one",
    finishReason: "stop",
    usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
    cost: 0.5,
    requestId: "req_1",
    provider: "openai-compatible",
    model: "small",
  });
});

test("a pure provider leaves no effect in the journal", async () => {
  const host = createTestHost();
  const pipeline = pipelineOf({ nodes: [llm("llm")], edges: ["in>llm", "llm>out"] });
  const running = runPipeline(host, runData(pipeline));
  (await host.waitForCall(0)).answer(answer("x"));
  const { steps } = await running;
  expect([host.starts, host.ends, ids(steps)]).toEqual([[], [], ["in", "llm", "out"]]);
});

test("a recorded answer is used without calling again, with its times and its usage", async () => {
  const host = createTestHost();
  const recorded = recordedWith(end({ result: RESULT }));
  const running = runPipeline(host, runData(two, { recorded, attempt: 2 }));
  const only = await host.waitForCall(0);
  expect(only.call.prompt).toBe("2 one");
  only.answer(answer("two", { cost: 0.25 }));
  const result = await running;
  expect(host.calls).toHaveLength(1);
  expect(host.starts.map((one) => one.start.nodeId)).toEqual(["second"]);
  expect(host.starts[0]?.steps[1]).toMatchObject({
    nodeId: "first",
    output: "one",
    startedAt: 10,
    finishedAt: 20,
    attempt: 1,
    cost: 0.5,
    model: { requestId: "req_old", finishReason: "stop" },
  });
  expect(result.usage).toEqual({ inputTokens: 8, outputTokens: 8, cachedTokens: 8 });
  expect(result.cost).toBe(0.75);
});

test("a recorded failure is that failure, without calling again", async () => {
  const host = createTestHost();
  const error = { code: "PROVIDER_ERROR", message: "m", status: 500 };
  const result = await runPipeline(host, runData(two, { recorded: recordedWith(end({ error })) }));
  expect(result).toMatchObject({ status: "failed", error: { ...error, nodeId: "first" } });
  expect([host.calls.length, host.starts.length, host.ends.length]).toEqual([0, 0, 0]);
});

test("the end of another call or node is not taken for this one's", async () => {
  const host = createTestHost();
  const recorded = recordedWith(
    end({ call: 1, result: RESULT }),
    end({ nodeId: "other", result: RESULT }),
    end({ iteration: "0", result: RESULT }),
  );
  const running = runPipeline(host, runData(two, { recorded }));
  expect((await host.waitForCall(0)).call.prompt).toBe("1 null");
  host.calls[0]?.fail(new AppError("PROVIDER_ERROR"));
  await running;
});

test("a recorded answer that cannot be read fails the node and is reported", async () => {
  const host = createTestHost();
  const recorded = recordedWith(end({ result: { odd: true } }));
  const result = await runPipeline(host, runData(two, { recorded }));
  expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "first" });
  expect(host.unexpected).toHaveLength(1);
});

test("a failed call is recorded with its failure", async () => {
  const host = createTestHost();
  const running = runPipeline(host, runData(two));
  (await host.waitForCall(0)).fail(new AppError("PROVIDER_TIMEOUT"));
  await running;
  expect(host.ends).toMatchObject([
    {
      nodeId: "first",
      result: null,
      error: { code: "PROVIDER_TIMEOUT", message: "The provider did not answer in time." },
    },
  ]);
});

test("a call that an abort ends is not recorded, whatever it gives afterwards", async () => {
  const outside = new AbortController();
  const host = createTestHost();
  const running = runPipeline(host, runData(fork, { signal: outside.signal }));
  await host.waitForCall(1);
  outside.abort();
  const result = await running;
  host.calls[0]?.answer(answer("late"));
  host.calls[1]?.fail(Object.assign(new Error("broken off"), { partialText: "late" }));
  await settleAll();
  expect([host.ends, host.unexpected]).toEqual([[], []]);
  expect(result.steps.map((step) => [step.status, step.usage, step.output])).toEqual([
    ["cancelled", null, null],
    ["cancelled", null, null],
  ]);
});

test("an abort while the start is written sends nothing", async () => {
  const outside = new AbortController();
  const opened = defer();
  const host = createTestHost();
  host.journal.startEffect = () => opened.promise;
  const running = runPipeline(host, runData(two, { signal: outside.signal }));
  await settleAll();
  outside.abort();
  expect((await running).status).toBe("cancelled");
  opened.resolve();
  await settleAll();
  expect(host.calls).toHaveLength(0);
});

test("a start that cannot be written rejects the run, and nothing is sent", async () => {
  const host = createTestHost();
  const broken = new Error("disk full");
  host.journal.startEffect = () => Promise.reject(broken);
  expect(await rejection(runPipeline(host, runData(two)))).toBe(broken);
  expect([host.calls.length, host.unexpected.length]).toEqual([0, 0]);
});

test("an end that cannot be written rejects the run and cancels what runs beside it", async () => {
  const host = createTestHost();
  const broken = new Error("disk full");
  host.journal.endEffect = () => Promise.reject(broken);
  const running = runPipeline(host, runData(fork));
  await host.waitForCall(1);
  host.calls[0]?.answer(answer("A"));
  expect(await rejection(running)).toBe(broken);
  expect(host.calls[1]?.call.signal.aborted).toBe(true);
});

test("every attempt sends the same idempotency key, another call another one", async () => {
  const keys = async (attempt: number) => {
    const host = createTestHost();
    const running = runPipeline(host, runData(two, { attempt }));
    (await host.waitForCall(0)).answer(answer("one"));
    (await host.waitForCall(1)).answer(answer("two"));
    await running;
    return host.calls.map((open) => open.call.idempotencyKey);
  };
  expect(await keys(1)).toEqual(["exec_1/first//0", "exec_1/second//0"]);
  expect(await keys(2)).toEqual(await keys(1));
});
