// Wire shapes of executions and their steps.

import { Type } from "@sinclair/typebox";
import type { Static } from "@sinclair/typebox";
import { closed, MAX_WAIT_SECONDS, orNull, Time, words } from "../lib/wire";
import { EXECUTION_STATUSES, FINAL_STATES, STEP_STATUSES, TRIGGERS } from "../vocabulary";

/** Any JSON value. */
const Value = Type.Unknown();

const FailureSchema = closed({
  code: Type.String(),
  message: Type.String(),
  /** HTTP status of the peer, where it gave one. */
  status: Type.Optional(Type.Integer()),
});

const UsageSchema = closed({
  inputTokens: Type.Integer(),
  outputTokens: Type.Integer(),
  cachedTokens: Type.Integer(),
});

export const StepSchema = closed({
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
  cost: orNull(Type.Number()),
  logs: Type.Array(Type.String()),
  model: Type.Optional(
    closed({
      provider: Type.String(),
      model: Type.String(),
      finishReason: Type.String(),
      requestId: orNull(Type.String()),
    }),
  ),
});
export type Step = Static<typeof StepSchema>;

const executionFields = {
  id: Type.String(),
  agentId: Type.String(),
  agentVersion: Type.Integer(),
  trigger: words(TRIGGERS),
  /** `running` until it is final. */
  status: words(EXECUTION_STATUSES),
  /** True while it has no slot. */
  waiting: Type.Boolean(),
  error: orNull(
    closed({
      code: Type.String(),
      message: Type.String(),
      nodeId: orNull(Type.String()),
    }),
  ),
  usage: orNull(UsageSchema),
  /** USD; null is unknown. */
  cost: orNull(Type.Number()),
  createdAt: Time,
  startedAt: orNull(Time),
  finishedAt: orNull(Time),
  durationMs: orNull(Type.Integer()),
  attempt: Type.Integer(),
  deliveryId: orNull(Type.String()),
  replayOf: orNull(Type.String()),
};

/** An execution in a list. */
export const ExecutionSummarySchema = closed(executionFields);
export type ExecutionSummary = Static<typeof ExecutionSummarySchema>;

/** An execution with its input, output and steps. */
export const ExecutionSchema = closed({
  ...executionFields,
  input: Value,
  output: Value,
  steps: Type.Array(StepSchema),
});
export type Execution = Static<typeof ExecutionSchema>;

/** What the token of a `Location` may read. */
export const ExecutionResultSchema = closed({
  id: Type.String(),
  status: words(EXECUTION_STATUSES),
  output: Value,
  error: orNull(closed({ code: Type.String() })),
});
export type ExecutionResult = Static<typeof ExecutionResultSchema>;

export const InvokeSchema = closed({
  /** Any JSON value that fits the schema of the input node. */
  input: Value,
  /** Longest time that the answer waits for the end. */
  waitSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_WAIT_SECONDS })),
});

/** The answer to an accepted delivery and to `invoke`. */
export const AcceptedSchema = closed({
  executionId: Type.String(),
  status: Type.Literal("running"),
});
export type Accepted = Static<typeof AcceptedSchema>;

/** The same answer where it has waited for the end. */
export const ExecutionEndSchema = closed({
  executionId: Type.String(),
  status: words(FINAL_STATES),
  /** Null unless it completed. */
  output: Value,
});
export type ExecutionEnd = Static<typeof ExecutionEndSchema>;
