// Routes that run an execution again, go on with one that was interrupted, or compare two.

import { Elysia, t } from "elysia";
import type { GuardDeps } from "../../auth/guard";
import { requires, requiresJson } from "../../auth/guard";
import type { OnceDeps } from "../../auth/once";
import { once } from "../../auth/once";
import { NoQuery } from "../../auth/paging.schema";
import { answer, EXAMPLE, success } from "../../lib/wire";
import type { Json } from "../../pipelines/record";
import { AcceptedSchema, ExecutionSummarySchema } from "../executions.schema";
import { ComparisonSchema, ReplaySchema, ResumeSchema } from "./again.schema";
import { compareExecutions } from "./compare";
import type { ReplayDeps } from "./replay";
import { replayExecution } from "./replay";
import type { ResumeDeps } from "./resume";
import { resumeExecution } from "./resume";

type RouteDeps = ReplayDeps & ResumeDeps & GuardDeps & OnceDeps;

const compareRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).get(
    "/agents/:id/executions/:executionId/compare",
    ({ params, query }) => {
      const pair = { agentId: params.id, id: params.executionId, other: query.with };
      return success(compareExecutions(deps, pair));
    },
    {
      ...requires(deps, {
        id: "compareExecutions",
        summary: "Compares an execution with another of its agent, step by step",
        tag: "Executions",
        scope: "read",
        fails: ["NOT_FOUND"],
      }),
      query: t.Object(
        {
          with: t.String({
            maxLength: 100,
            description: "The other execution's id.",
            examples: [EXAMPLE.executionId],
          }),
        },
        { additionalProperties: false },
      ),
      response: { 200: answer(ComparisonSchema) },
    },
  );

/** `/agents/{id}/executions/{executionId}/replay`, `/resume` and `/compare`. */
export const replayRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false })
    .use(compareRoute(deps))
    .post(
      "/agents/:id/executions/:executionId/replay",
      ({ params, body, request, set }) => {
        const { version = "same", fromNode } = body;
        // Parsed by `JSON.parse`: any value is JSON.
        const input = "input" in body ? { input: body.input as Json } : {};
        const from = fromNode === undefined ? {} : { fromNode };
        const target = { agentId: params.id, id: params.executionId };
        const run = async (own: RouteDeps) =>
          success(await replayExecution(own, { ...target, ...input, ...from, version }));
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "replayExecution",
          summary: "Runs an execution again, as a new one",
          description:
            "With its input or another, with its version or the live one. With `fromNode` what lies before that node is taken from the first execution. Takes nothing from the webhook's limits; calls carry new `Idempotency-Key`s.",
          tag: "Executions",
          scope: "operate",
          takes: ["idempotency-key"],
          fails: [
            "NOT_FOUND",
            "AGENT_NOT_RUNNABLE",
            "INPUT_GONE",
            "INPUT_INVALID",
            "SANDBOX_BUSY",
            "SANDBOX_UNAVAILABLE",
            "STORAGE_UNAVAILABLE",
          ],
        }),
        query: NoQuery,
        body: ReplaySchema,
        response: { 200: answer(AcceptedSchema) },
      },
    )
    .post(
      "/agents/:id/executions/:executionId/resume",
      ({ params, body, request, set }) => {
        const { call, result = null } = body;
        const target = { agentId: params.id, id: params.executionId };
        const run = async (own: RouteDeps) =>
          success(await resumeExecution(own, { ...target, call, result: result as Json }));
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "resumeExecution",
          summary: "Goes on with an interrupted execution",
          description:
            "Its process ended during a tool call of which nobody knows whether it arrived. `again` makes the call once more under the same `Idempotency-Key`, `done` counts it as answered with `result`, `discard` ends the execution as cancelled.",
          tag: "Executions",
          scope: "operate",
          takes: ["idempotency-key"],
          fails: ["NOT_FOUND", "EXECUTION_NOT_INTERRUPTED", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: ResumeSchema,
        response: { 200: answer(ExecutionSummarySchema) },
      },
    );
