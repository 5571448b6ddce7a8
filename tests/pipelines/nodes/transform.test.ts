import { expect, test } from "bun:test";
import type { Json, StepRecord } from "../../../src/pipelines/record";
import { runPipeline } from "../../../src/pipelines/run";
import { type CodeCall, CodeError } from "../../../src/sandbox/code";
import { evaluateCode } from "../../support/evaluate-code";
import {
  createEchoHost,
  createTestHost,
  listCodes,
  llm,
  pipelineOf,
  runData,
  transform,
  validate,
} from "../fixtures";

const chain = (code: string, data: { [key: string]: Json } = {}) =>
  pipelineOf({
    nodes: [transform("t", code, data)],
    edges: ["in>t", "t>out"],
    mapping: "{{nodes.t.output}}",
  });

const stepOf = (steps: StepRecord[]): StepRecord | undefined =>
  steps.find((step) => step.nodeId === "t");

/** Runs a code, and keeps the call that it makes. */
async function runCode(code: string, input: Json, data: { [key: string]: Json } = {}) {
  const calls: CodeCall[] = [];
  const host = createEchoHost({
    runCode: async (call) => {
      calls.push(call);
      return { ...(await evaluateCode(call)), logs: ["a line"] };
    },
  });
  const result = await runPipeline(host, runData(chain(code, data), { input, agent: 7 }));
  return { result, step: stepOf(result.steps), calls };
}

test("a code is called with its agent, its values and its deadline, and gives the output", async () => {
  const { result, step, calls } = await runCode(
    'const q = "{{input.q}}"; return { q, n: {{input.n}} * 2, type: trigger.type }',
    { q: 'it"s', n: 4, large: "x" },
  );
  expect(result.output).toEqual({ q: 'it"s', n: 8, type: "webhook" });
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({ agent: 7, deadlineMs: 1_000 });
  expect(Object.keys(calls[0]?.bindings ?? {}).toSorted()).toEqual(["$0", "$1", "trigger"]);
  expect(step).toMatchObject({
    status: "completed",
    input: { "input.q": 'it"s', "input.n": 4, trigger: { type: "webhook" } },
    output: { q: 'it"s', n: 8, type: "webhook" },
    logs: ["a line"],
    error: null,
  });
});

test("a code that reads nothing is given nothing", async () => {
  const { step, calls } = await runCode("return [1].map((input) => input)", { secret: 1 });
  expect(calls[0]?.bindings).toEqual({});
  expect(step?.input).toBeNull();
});

test("the body that is sent is the same for every input, and holds none of it", async () => {
  const code = 'return "{{input}}" + {{input}} + `{{input}}` + input';
  const first = await runCode(code, '"};throw 1;//');
  const second = await runCode(code, "${1}`\\");
  expect(first.calls[0]?.body).toBe(second.calls[0]?.body ?? "");
  expect(first.result.output).toBe('"};throw 1;//'.repeat(4));
});

test("a code that fails fails its node, with the lines it had logged", async () => {
  const host = createTestHost({
    runCode: () => Promise.reject(new CodeError("CODE_TIMEOUT", { logs: ["one", "two"] })),
  });
  const result = await runPipeline(host, runData(chain("return 1")));
  const failure = { code: "CODE_TIMEOUT", message: "The code did not end in time." };
  expect(result).toMatchObject({ status: "failed", error: { ...failure, nodeId: "t" } });
  expect(stepOf(result.steps)).toMatchObject({ error: failure, logs: ["one", "two"] });
  expect(host.unexpected).toEqual([]);
});

test("an execution that ends kills the code, whose end then changes nothing", async () => {
  const outside = new AbortController();
  let fail: (error: unknown) => void = () => undefined;
  let signal: AbortSignal | null = null;
  const host = createTestHost({
    runCode: (call) => {
      ({ signal } = call);
      return new Promise((_resolve, reject) => (fail = reject));
    },
  });
  const data = runData(chain("return 1"), { signal: outside.signal });
  const running = runPipeline(host, data);
  outside.abort("timeout");
  const result = await running;
  expect(signal).toMatchObject({ aborted: true, reason: "timeout" });
  fail(new CodeError("CODE_FAILED", { logs: ["late"] }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(stepOf(result.steps)).toMatchObject({ status: "cancelled", logs: [], error: null });
  expect(host.unexpected).toEqual([]);
});

test("large values are clipped on the step, and sent whole", async () => {
  const input = { text: "x".repeat(100_000), list: Array.from({ length: 50_000 }, () => 1) };
  const code = "return {{input.text}}.length + {{input.list}}.length";
  const { result, step } = await runCode(code, input);
  expect(result.output).toBe(150_000);
  expect(step?.input).toEqual({
    "input.text": `${"x".repeat(32_768)}… (100000 characters)`,
    "input.list": "… (more than 32768 bytes of JSON)",
  });
});

test("many values share what a step keeps", async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
  const input = Object.fromEntries(names.map((name) => [name, "y".repeat(10_000)]));
  const code = `return [${names.map((name) => `{{input.${name}}}`).join(",")}].length`;
  const { result, step } = await runCode(code, input);
  expect(result.output).toBe(1_000);
  expect(JSON.stringify(step?.input).length).toBeLessThan(150_000);
});

test("texts that would grow beyond 8 MiB fail the node before it is sent", async () => {
  const code = `return [${'"{{input}}!",'.repeat(3)}"{{input}}?"].concat("{{input}}.", "{{input}},").length`;
  const { result, calls } = await runCode(code, "x".repeat(2_500_000));
  expect(result.error).toMatchObject({ code: "OUTPUT_TOO_LARGE", nodeId: "t" });
  expect(calls).toEqual([]);
});

test("an output larger than 1 MiB fails the node", async () => {
  const { result } = await runCode('return "x".repeat(1_100_000)', null);
  expect(result.error).toMatchObject({ code: "OUTPUT_TOO_LARGE", nodeId: "t" });
});

test("a transform has no effect: it is committed with the next one", async () => {
  const nodes = [transform("t", "return 1"), llm("llm", { providerId: "paid" })];
  const host = createTestHost();
  const pipeline = pipelineOf({ nodes, edges: ["in>t", "t>llm", "llm>out"] });
  void runPipeline(host, runData(pipeline));
  await host.waitForCall(0);
  expect(host.starts.map(({ start }) => start.nodeId)).toEqual(["llm"]);
  expect(host.starts[0]?.steps.map((step) => step.nodeId)).toEqual(["in", "t"]);
});

const FIELDS: [{ [key: string]: Json }, string[]][] = [
  [{}, ["FIELD_REQUIRED t.code"]],
  [{ code: "" }, ["FIELD_REQUIRED t.code"]],
  [{ code: 5 }, ["FIELD_TYPE t.code"]],
  [{ code: "return 1", timeoutMs: 1 }, []],
  [{ code: "return 1", timeoutMs: 10_000 }, []],
  [{ code: "return 1", timeoutMs: 0 }, ["FIELD_RANGE t.timeoutMs"]],
  [{ code: "return 1", timeoutMs: 10_001 }, ["FIELD_RANGE t.timeoutMs"]],
  [{ code: "return 1", timeoutMs: 1.5 }, ["FIELD_TYPE t.timeoutMs"]],
  [{ code: "return 1", onError: "continue" }, []],
  [{ code: "return (", expression: "1" }, ["FIELD_UNKNOWN t.expression", "CODE_INVALID t.code"]],
  [{ code: "1" }, ["CODE_NO_RETURN t.code"]],
  [{ code: "return {{inputs.a}}" }, ["SOURCE_UNKNOWN t.code"]],
  [{ code: "return {{nodes.t.output}}" }, ["NODE_SELF t.code"]],
  [{ code: "return nodes.t.output" }, ["NODE_SELF t.code"]],
  [{ code: "return nodes.out.output" }, ["NODE_NOT_UPSTREAM t.code"]],
  [{ code: "return nodes['zzz']?.output.a" }, ["NODE_UNKNOWN t.code"]],
  [{ code: "return {{loop.item}}" }, ["LOOP_OUTSIDE t.code"]],
  [{ code: "return loop.item" }, ["LOOP_OUTSIDE t.code"]],
  [{ code: "return [1].map((loop) => loop)" }, []],
  [{ code: `return 1 //${"x".repeat(99_989)}` }, []],
];

test.each(FIELDS)("the fields %j have the faults %p", (data, expected) => {
  const { nodes, edges } = chain("return 1");
  const changed = nodes.map((one) => (one.id === "t" ? { ...one, data } : one));
  expect(listCodes({ nodes: changed, edges })).toEqual(expected);
});

test("the deadline that is set is the one that counts", async () => {
  const { calls } = await runCode("return 1", null, { timeoutMs: 250 });
  expect(calls[0]?.deadlineMs).toBe(250);
});

test("a misspelt source or node gets the name that was meant, with its place", () => {
  const messages = (code: string) => validate(chain(code)).faults.map(({ message }) => message);
  expect(messages("const a = 1\nreturn {{inptu.a}}")).toEqual([
    'Line 2, column 8: "inptu" is not a source. Did you mean "input"?',
  ]);
  expect(messages("if (1) {{ done() }} return 1")).toEqual([
    'Line 1, column 8: "done()" is not a path: only a path can stand there, such as input.items[0]["odd key"]; for braces as text write \\{{. Two braces of JavaScript itself take a space between them: "{ {".',
  ]);
});
