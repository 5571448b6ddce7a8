// Routes of executions: list, poll, invoke.

import { Elysia, t } from "elysia";
import { findAgentSeq } from "../agents/agents.store";
import type { GuardDeps } from "../auth/guard";
import { bearerOf, requires, requiresJson, setAnswerHeaders } from "../auth/guard";
import type { OnceDeps } from "../auth/once";
import { once } from "../auth/once";
import { NoQuery, pageFields } from "../auth/paging.schema";
import { AppError } from "../errors";
import { READ_TOKEN_SCHEME } from "../lib/operation";
import { answer, answerList, PAGE_DEFAULT, success, successList, words } from "../lib/wire";
import type { Json } from "../pipelines/record";
import type { ExecutionStatus } from "../vocabulary";
import { EXECUTION_STATUSES, TRIGGERS } from "../vocabulary";
import {
  AcceptedSchema,
  ExecutionResultSchema,
  ExecutionSchema,
  ExecutionSummarySchema,
  InvokeSchema,
} from "./executions.schema";
import type { InvokeDeps } from "./invoke";
import { invoke } from "./invoke";
import type { ViewDeps } from "./view";
import { viewExecution, viewExecutions, viewResult } from "./view";

const RETRY_AFTER_SECONDS = "1";

const listQuery = t.Object(
  {
    trigger: t.Optional({ ...words(TRIGGERS), description: "Only those it started." }),
    status: t.Optional(
      t.String({
        maxLength: 200,
        description: `Only these, separated by commas: ${EXECUTION_STATUSES.join(", ")}.`,
        examples: ["failed,timed_out"],
      }),
    ),
    ...pageFields,
  },
  { additionalProperties: false },
);

function readStatuses(text: string | undefined): ExecutionStatus[] {
  if (text === undefined) return [];
  return text.split(",").map((part) => {
    const status = EXECUTION_STATUSES.find((word) => word === part);
    if (status !== undefined) return status;
    const message = `Use one or more of ${EXECUTION_STATUSES.join(", ")}, separated by commas.`;
    throw new AppError("VALIDATION_ERROR", {
      details: [{ path: "/status", code: "UNKNOWN_STATUS", message }],
    });
  });
}

function refuseWait(waitSeconds: unknown): void {
  if (waitSeconds === undefined) return;
  const message = "waitSeconds is not available yet; leave it out and poll the execution.";
  throw new AppError("VALIDATION_ERROR", {
    details: [{ path: "/waitSeconds", code: "FIELD_UNAVAILABLE", message }],
  });
}

/** `/agents/{id}/executions` and `/agents/{id}/invoke`. */
export const executionRoutes = (deps: ViewDeps & InvokeRouteDeps) =>
  new Elysia({ normalize: false }).use(readRoutes(deps)).use(invokeRoute(deps));

function readRoutes(deps: ViewDeps & GuardDeps) {
  const poll = requires(deps, {
    id: "getExecution",
    summary: "Reads an execution and its steps",
    description:
      "`status` is `running` until it is final. The `token` of a delivery's `Location` reads status, output and error code without an API token.",
    tag: "Executions",
    scope: "read",
    fails: ["NOT_FOUND"],
    headers: ["Retry-After"],
  });
  return new Elysia({ normalize: false })
    .get(
      "/agents/:id/executions",
      ({ params, query }) => {
        const agent = findAgentSeq(deps, params.id);
        if (agent === undefined) throw new AppError("NOT_FOUND");
        return successList(
          viewExecutions(deps, {
            agent,
            trigger: query.trigger ?? null,
            statuses: readStatuses(query.status),
            before: query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor),
            limit: query.limit ?? PAGE_DEFAULT,
          }),
        );
      },
      {
        ...requires(deps, {
          id: "listExecutions",
          summary: "Lists an agent's executions, newest first",
          tag: "Executions",
          scope: "read",
          fails: ["NOT_FOUND"],
        }),
        query: listQuery,
        response: { 200: answerList(ExecutionSummarySchema) },
      },
    )
    .get(
      "/agents/:id/executions/:executionId",
      ({ params, query, request, set }) => {
        const ids = { agentId: params.id, id: params.executionId };
        const { token } = query;
        const found =
          token === undefined || bearerOf(request) !== null
            ? viewExecution(deps, ids)
            : viewResult(deps, { ...ids, token });
        if (found === null) {
          throw new AppError("UNAUTHORIZED", { headers: { "WWW-Authenticate": "Bearer" } });
        }
        if (found.status === "running") set.headers["retry-after"] = RETRY_AFTER_SECONDS;
        return success(found);
      },
      {
        // The delivery's own token stands in for an API token; with both, the API token decides.
        detail: {
          ...poll.detail,
          security: [...poll.detail.security, { [READ_TOKEN_SCHEME]: [] }],
        },
        transform: (context) => {
          const { query, request } = context;
          if (query.token === undefined || bearerOf(request) !== null) poll.transform(context);
          else setAnswerHeaders(deps, context);
        },
        query: t.Object(
          {
            token: t.Optional(
              t.String({
                maxLength: 200,
                description:
                  "As in the `Location` of an accepted delivery, in place of an API token.",
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: answer(t.Union([ExecutionSchema, ExecutionResultSchema])) },
      },
    );
}

type InvokeRouteDeps = InvokeDeps & GuardDeps & OnceDeps;

const invokeRoute = (deps: InvokeRouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/invoke",
    ({ params, body, request, set }) => {
      refuseWait(body.waitSeconds);
      const run = async (own: InvokeRouteDeps) =>
        // Parsed by `JSON.parse`: any value is JSON.
        success(await invoke(own, { agentId: params.id, input: body.input as Json }));
      return once(deps, { request, body, set, run });
    },
    {
      ...requiresJson(deps, {
        id: "invokeAgent",
        summary: "Runs an agent's live version",
        description: "Takes nothing from the webhook's limits.",
        tag: "Executions",
        scope: "operate",
        takes: ["idempotency-key"],
        fails: ["NOT_FOUND", "AGENT_NOT_RUNNABLE", "INPUT_INVALID", "STORAGE_UNAVAILABLE"],
      }),
      query: NoQuery,
      body: InvokeSchema,
      response: { 200: answer(AcceptedSchema) },
    },
  );
