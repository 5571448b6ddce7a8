// Wire shapes of executions that are run again, resumed or compared.

import { type Static, Type } from "@sinclair/typebox";
import { closed, named, orNull, words } from "../../lib/wire";
import { STEP_CHANGES, STEP_STATUSES, UNKNOWN_CALLS } from "../../vocabulary";
import { Cost, EXAMPLE_EXECUTION, ExecutionSummarySchema, UsageSchema } from "../executions.schema";

const comparedHalf = orNull(
  closed({
    status: words(STEP_STATUSES),
    durationMs: orNull(Type.Integer()),
    usage: orNull(UsageSchema),
    cost: Cost,
    errorCode: orNull(Type.String()),
  }),
);

const comparedStep = closed({
  nodeId: Type.String(),
  iteration: Type.String(),
  change: words(STEP_CHANGES),
  first: comparedHalf,
  second: comparedHalf,
  paths: Type.Array(Type.String(), {
    description: "JSON pointers of what differs in `{ status, output, error }`, at most 100.",
  }),
});
export type ComparedStep = Static<typeof comparedStep>;

export const ComparisonSchema = named(
  "Comparison",
  closed({
    first: ExecutionSummarySchema,
    second: ExecutionSummarySchema,
    inputPaths: Type.Array(Type.String(), {
      description: "JSON pointers of what differs between the inputs.",
    }),
    steps: Type.Array(comparedStep),
  }),
  {
    first: EXAMPLE_EXECUTION,
    second: { ...EXAMPLE_EXECUTION, agentVersion: 2, trigger: "replay" },
    inputPaths: [],
    steps: [
      {
        nodeId: "model",
        iteration: "",
        change: "changed",
        first: { status: "completed", durationMs: 900, usage: null, cost: null, errorCode: null },
        second: { status: "completed", durationMs: 700, usage: null, cost: null, errorCode: null },
        paths: ["/output"],
      },
    ],
  },
);
export type Comparison = Static<typeof ComparisonSchema>;

export const ReplaySchema = named(
  "Replay",
  closed({
    input: Type.Optional(
      Type.Unknown({ description: "Another input; left out, that of the execution." }),
    ),
    version: Type.Optional(
      Type.Union([Type.Literal("same"), Type.Literal("latest")], {
        description: "`same` (the default), or the live one.",
      }),
    ),
    fromNode: Type.Optional(
      Type.String({
        maxLength: 64,
        description:
          "Runs this node and what lies behind it; with the same input and version only. A node within a loop or parallel runs all of that again.",
      }),
    ),
  }),
  { version: "latest" },
);

export const ResumeSchema = named(
  "Resume",
  closed({
    call: words(UNKNOWN_CALLS),
    result: Type.Optional(
      Type.Unknown({ description: "With `done`: what the call counts as having answered." }),
    ),
  }),
  { call: "done", result: { id: 7 } },
);
