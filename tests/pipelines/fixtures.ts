// Small pipelines, and a host whose model answers when the test says so.

import { createManualClock } from "../../src/lib/clock";
import type { AgentFault } from "../../src/pipelines/fields";
import type { Edge, Node, Pipeline } from "../../src/pipelines/pipelines.schema";
import { DEFAULT_LIMITS } from "../../src/pipelines/pipelines.schema";
import type { ExecutionCaps } from "../../src/pipelines/program";
import type {
  EffectEnd,
  EffectStart,
  Json,
  ModelAnswer,
  ModelCall,
  Recorded,
  StepRecord,
  TriggerInfo,
} from "../../src/pipelines/record";
import type { RunData, RunDeps } from "../../src/pipelines/run";
import type { TemplateScope } from "../../src/pipelines/templates/template";
import type { CompiledPipeline } from "../../src/pipelines/validate";
import { validatePipeline } from "../../src/pipelines/validate";
import { evaluateCode } from "../support/evaluate-code";

/** A node of any type with its data. */
export const node = (spec: { id: string; type: Node["type"]; data?: Node["data"] }): Node => ({
  data: {},
  ...spec,
});

/** `a>b` as an edge, `a>b:true` with a handle. */
export function edge(text: string): Edge {
  const [ends = "", sourceHandle] = text.split(":");
  const [source = "", target = ""] = ends.split(">");
  const id = text.replaceAll(/[^a-zA-Z0-9]/g, "-");
  return { id, source, target, ...(sourceHandle === undefined ? {} : { sourceHandle }) };
}

/** An `llm_call` with its prompt. */
export const llm = (id: string, data: Node["data"] = {}): Node =>
  node({
    id,
    type: "llm_call",
    data: { providerId: "echo", userPromptTemplate: "{{input}}", ...data },
  });

/** A `transform` with its code. */
export const transform = (id: string, code: string, data: Node["data"] = {}): Node =>
  node({ id, type: "transform", data: { code, ...data } });

/** A `condition` with its expression. */
export const condition = (id: string, expression: string, data: Node["data"] = {}): Node =>
  node({ id, type: "condition", data: { expression, ...data } });

/** A `loop` over what `iterableExpression` gives. */
export const loop = (id: string, iterableExpression: string, data: Node["data"] = {}): Node =>
  node({ id, type: "loop", data: { iterableExpression, ...data } });

/** A `parallel` with its branches. */
export const parallel = (id: string, branches: string[], data: Node["data"] = {}): Node =>
  node({ id, type: "parallel", data: { branches, ...data } });

/** A `merge` of its sources. */
export const merge = (id: string, sources: string[], data: Node["data"] = {}): Node =>
  node({ id, type: "merge", data: { sources, ...data } });

/** `in`, the given nodes, and `out` with a mapping. */
export const pipelineOf = (spec: {
  nodes?: Node[];
  edges: string[];
  mapping?: Json;
  schema?: Json;
}): Pipeline => ({
  nodes: [
    node({
      id: "in",
      type: "input",
      data: spec.schema === undefined ? {} : { schema: spec.schema },
    }),
    ...(spec.nodes ?? []),
    node({ id: "out", type: "output", data: { mapping: spec.mapping ?? "{{input}}" } }),
  ],
  edges: spec.edges.map(edge),
});

/** Providers of the tests: `echo` is pure, `paid` and `free` are not. */
export const PROVIDERS = ["echo", "paid", "free"];

/** Tools of the tests: of `tool_post` nobody knows whether a cut call arrived. */
export const TOOLS = ["tool_get", "tool_post"];

/** Agents of the tests that cannot be called; any other can. */
export const AGENT_FAULTS: ReadonlyMap<string, AgentFault> = new Map([
  ["agt_gone", "unknown"],
  ["agt_off", "inactive"],
  ["agt_self", "calls_back"],
  ["agt_deep", "too_deep"],
]);

export const validate = (pipeline: Pipeline) =>
  validatePipeline(
    {
      providerExists: (id) => PROVIDERS.includes(id),
      toolExists: (id) => TOOLS.includes(id),
      findAgentFault: (id) => AGENT_FAULTS.get(id) ?? null,
      limits: DEFAULT_LIMITS,
    },
    pipeline,
  );

/** The compiled pipeline; throws with the faults where there are any. */
export function compile(pipeline: Pipeline): CompiledPipeline {
  const { compiled, ...faults } = validate(pipeline);
  if (compiled === null) throw new Error(JSON.stringify(faults));
  return compiled;
}

/** `code` of each fault with where it is, such as `NODE_SELF llm.userPromptTemplate`. */
export const listCodes = (pipeline: Pipeline): string[] =>
  validate(pipeline).faults.map((fault) => {
    const place = [fault.nodeId ?? fault.edgeId, fault.field].filter((part) => part !== undefined);
    return [fault.code, place.join(".")].join(" ").trim();
  });

export const answer = (text: string, more: Partial<ModelAnswer> = {}): ModelAnswer => ({
  text,
  finishReason: "stop",
  usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 },
  cost: 0.25,
  requestId: "req_1",
  provider: "openai-compatible",
  model: "small",
  ...more,
});

/** A model call that waits for the test. */
export interface OpenCall {
  call: ModelCall;
  answer(value: ModelAnswer): void;
  fail(error: unknown): void;
}

/** As the settings have them by default. */
export const CAPS: ExecutionCaps = {
  nodeRuns: 5_000,
  modelCalls: 200,
  toolCalls: 200,
  tokens: 200_000,
  cost: 10,
};

export interface TestHost extends RunDeps {
  clock: ReturnType<typeof createManualClock>;
  /** Model calls so far, in order. */
  calls: OpenCall[];
  /** The call number `index`, as soon as it is made. */
  waitForCall(index: number): Promise<OpenCall>;
  starts: { start: EffectStart; steps: StepRecord[] }[];
  ends: EffectEnd[];
  unexpected: unknown[];
}

/** A host that answers nothing by itself; `echo` is the only pure provider. */
export function createTestHost(overrides: Partial<RunDeps> = {}): TestHost {
  const calls: OpenCall[] = [];
  const waiting = new Map<number, (call: OpenCall) => void>();
  const host: TestHost = {
    clock: createManualClock(1_000),
    calls,
    waitForCall: (index) => {
      const made = calls[index];
      if (made !== undefined) return Promise.resolve(made);
      return new Promise((resolve) => waiting.set(index, resolve));
    },
    starts: [],
    ends: [],
    unexpected: [],
    fenceKey: "a key of this server",
    mayCall: () => true,
    callModel: (call) =>
      new Promise((resolve, reject) => {
        const open: OpenCall = { call, answer: resolve, fail: reject };
        const index = calls.push(open) - 1;
        waiting.get(index)?.(open);
      }),
    callAgent: async ({ callId, input }) => ({
      executionId: callId,
      output: input,
      usage: null,
      cost: null,
    }),
    callTool: async ({ params }) => ({ output: params, status: 200 }),
    describeTool: (id) => ({ name: id, description: "", parameters: { type: "object" } }),
    checkInSandbox: async () => [],
    isRepeatableTool: (id) => id === "tool_get",
    isPureProvider: (id) => id === "echo",
    runCode: evaluateCode,
    journal: {
      async startEffect(start, steps) {
        host.starts.push({ start, steps: structuredClone(steps) });
      },
      async endEffect(end) {
        host.ends.push(structuredClone(end));
      },
    },
    caps: CAPS,
    pause: () => undefined,
    onUnexpected: (error) => void host.unexpected.push(error),
  };
  return Object.assign(host, overrides);
}

/** A host whose every model answers with its prompt at once. */
export const createEchoHost = (overrides: Partial<RunDeps> = {}): TestHost =>
  createTestHost({
    callModel: async (call) =>
      answer(call.prompt, { usage: null, cost: null, provider: "echo", model: "echo" }),
    ...overrides,
  });

export const TRIGGER: TriggerInfo = {
  type: "webhook",
  headers: { "x-github-event": "push" },
  query: { page: "2" },
  event: "push",
  deliveryId: "d-1",
};

export const NOTHING: Recorded = { steps: new Map(), effects: new Map(), started: new Set() };

export const runData = (pipeline: Pipeline, more: Partial<RunData> = {}): RunData => ({
  pipeline: compile(pipeline),
  agent: 1,
  executionId: "exec_1",
  startedAt: "2026-01-01T00:00:00.000Z",
  attempt: 1,
  input: null,
  trigger: TRIGGER,
  recorded: NOTHING,
  signal: new AbortController().signal,
  ...more,
});

export const scopeOf = (more: Partial<TemplateScope> = {}): TemplateScope => ({
  input: null,
  outputs: new Map(),
  loop: null,
  trigger: { ...TRIGGER },
  execution: { id: "exec_1", startedAt: "2026-01-01T00:00:00.000Z" },
  room: 1_000_000,
  ...more,
});
