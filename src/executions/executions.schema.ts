// Wire shapes of executions and their steps.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, EXAMPLE, MAX_WAIT_SECONDS, named, orNull, Time, words } from "../lib/wire";
import { EXECUTION_STATUSES, FINAL_STATES, STEP_STATUSES, TRIGGERS } from "../vocabulary";

/** Any JSON value. */
const Value = Type.Unknown();

const FailureSchema = named(
  "StepError",
  closed({
    code: Type.String(),
    message: Type.String(),
    status: Type.Optional(
      Type.Integer({ description: "HTTP status of the peer, where it gave one." }),
    ),
  }),
);

export const UsageSchema = named(
  "Usage",
  closed({
    inputTokens: Type.Integer(),
    outputTokens: Type.Integer(),
    cachedTokens: Type.Integer(),
  }),
);

/** USD; null is unknown, or nothing that has a price. */
export const Cost = orNull(
  Type.Number({
    description:
      "USD, by the prices that held when the answers came; null is unknown, or no call that has a price.",
  }),
);

const stepFields = {
  nodeId: Type.String(),
  iteration: Type.String(),
  status: words(STEP_STATUSES),
  input: Value,
  output: Value,
  error: orNull(FailureSchema),
  startedAt: orNull(Time),
  finishedAt: orNull(Time),
  attempt: Type.Integer(),
  usage: orNull(UsageSchema),
  cost: Cost,
  logs: Type.Array(Type.String()),
  toolCalls: Type.Optional(
    Type.Array(
      closed({
        name: Type.String(),
        toolId: orNull(Type.String({ description: "Null where there is no such tool." })),
        arguments: Value,
        result: Type.String({ description: "What the model was given." }),
        isError: Type.Boolean(),
      }),
      { description: "What a model asked of tools, in its order." },
    ),
  ),
  untrusted: orNull(
    Type.Array(Type.String(), {
      description:
        "Expressions of the node that read what a delivery brought, or what was made of that; empty where no delivery is behind the execution, null where its version can be read no more.",
    }),
  ),
  model: Type.Optional(
    closed({
      provider: Type.String(),
      model: Type.String(),
      finishReason: Type.String(),
      requestId: orNull(Type.String()),
    }),
  ),
};

export const StepSchema = named("Step", closed(stepFields));
export type Step = Static<typeof StepSchema>;

const executionFields = {
  id: Type.String(),
  agentId: Type.String(),
  agentVersion: Type.Integer(),
  trigger: words(TRIGGERS),
  /** `running` until it is final. */
  status: words(EXECUTION_STATUSES),
  waiting: Type.Boolean({ description: "True while it has no slot." }),
  error: orNull(
    closed({
      code: Type.String(),
      message: Type.String(),
      nodeId: orNull(Type.String()),
    }),
  ),
  usage: orNull(UsageSchema),
  cost: Cost,
  createdAt: Time,
  startedAt: orNull(Time),
  finishedAt: orNull(Time),
  durationMs: orNull(Type.Integer()),
  attempt: Type.Integer(),
  deliveryId: orNull(Type.String()),
  replayOf: orNull(Type.String()),
  calledBy: orNull(
    closed(
      { agentId: Type.String(), executionId: Type.String() },
      { description: "The execution whose `sub_agent` node called this one." },
    ),
  ),
};

export const EXAMPLE_EXECUTION = {
  id: EXAMPLE.executionId,
  agentId: EXAMPLE.agentId,
  agentVersion: 1,
  trigger: "webhook",
  status: "completed",
  waiting: false,
  error: null,
  usage: { inputTokens: 9, outputTokens: 9, cachedTokens: 0 },
  cost: 0.0001125,
  createdAt: EXAMPLE.time,
  startedAt: EXAMPLE.time,
  finishedAt: EXAMPLE.later,
  durationMs: 1250,
  attempt: 1,
  deliveryId: EXAMPLE.deliveryId,
  replayOf: null,
  calledBy: null,
} as const;

const EXAMPLE_INPUT = { message: "Process this incoming data", payload: { key: "value" } };
const EXAMPLE_OUTPUT = "To do: Process this incoming data";

/** The same execution, cancelled while it ran. */
export const EXAMPLE_CANCELLED = {
  ...EXAMPLE_EXECUTION,
  status: "cancelled",
  usage: null,
  cost: null,
} as const;

/** An execution in a list. */
export const ExecutionSummarySchema = named(
  "ExecutionSummary",
  closed(executionFields),
  EXAMPLE_EXECUTION,
);
export type ExecutionSummary = Static<typeof ExecutionSummarySchema>;

/** An execution with its input, output and steps. */
export const ExecutionSchema = named(
  "Execution",
  closed({ ...executionFields, input: Value, output: Value, steps: Type.Array(StepSchema) }),
  {
    ...EXAMPLE_EXECUTION,
    input: EXAMPLE_INPUT,
    output: EXAMPLE_OUTPUT,
    steps: [
      {
        nodeId: "model",
        iteration: "",
        status: "completed",
        input: EXAMPLE_OUTPUT,
        output: EXAMPLE_OUTPUT,
        error: null,
        startedAt: EXAMPLE.time,
        finishedAt: EXAMPLE.later,
        attempt: 1,
        usage: EXAMPLE_EXECUTION.usage,
        cost: EXAMPLE_EXECUTION.cost,
        logs: [],
        untrusted: ["input.issue.title"],
      },
    ],
  },
);
export type Execution = Static<typeof ExecutionSchema>;

/** Why an execution did not complete, for who may know no more. */
export const EndErrorSchema = closed({
  code: Type.String({ description: "Why it failed or timed out." }),
});

/** What the token of a `Location` may read. */
export const ExecutionResultSchema = named(
  "ExecutionResult",
  closed({
    id: Type.String(),
    status: words(EXECUTION_STATUSES),
    output: Value,
    error: orNull(EndErrorSchema),
  }),
  { id: EXAMPLE.executionId, status: "completed", output: EXAMPLE_OUTPUT, error: null },
);
export type ExecutionResult = Static<typeof ExecutionResultSchema>;

export const InvokeSchema = named(
  "Invoke",
  closed({
    input: Type.Unknown({
      description: "Any JSON value that fits the schema of the input node.",
    }),
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_WAIT_SECONDS,
        description: "Longest time that the answer waits for the end.",
      }),
    ),
  }),
  { input: EXAMPLE_INPUT },
);

/** The answer to an accepted delivery, to `invoke` and to a replay. */
export const AcceptedSchema = named(
  "Accepted",
  closed({ executionId: Type.String(), status: Type.Literal("running") }),
  { executionId: EXAMPLE.executionId, status: "running" },
);
export type Accepted = Static<typeof AcceptedSchema>;

/** The same answer where it has waited for the end. */
export const ExecutionEndSchema = named(
  "ExecutionEnd",
  closed({
    executionId: Type.String(),
    status: words(FINAL_STATES),
    output: Type.Unknown({ description: "Null unless it completed." }),
    error: Type.Optional(EndErrorSchema),
  }),
  { executionId: EXAMPLE.executionId, status: "completed", output: EXAMPLE_OUTPUT },
);
export type ExecutionEnd = Static<typeof ExecutionEndSchema>;
