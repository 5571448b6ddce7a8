// Routes of executions: list, poll, cancel, invoke.

import { Elysia, t } from "elysia";
import { findAgentSeq } from "../agents/agents.store";
import { isKnownTag } from "../auth/entity-tags";
import type { GuardDeps } from "../auth/guard";
import { bearerOf, requires, requiresJson, setAnswerHeaders } from "../auth/guard";
import type { OnceDeps } from "../auth/once";
import { once } from "../auth/once";
import { NoQuery, pageFields } from "../auth/paging.schema";
import { AppError, invalid } from "../errors";
import { sha256 } from "../lib/crypto";
import { READ_TOKEN_SCHEME } from "../lib/operation";
import {
  answer,
  answerList,
  MAX_WAIT_SECONDS,
  pageOf,
  success,
  successList,
  words,
} from "../lib/wire";
import type { Json } from "../pipelines/record";
import type { ExecutionStatus } from "../vocabulary";
import { EXECUTION_STATUSES, TRIGGERS } from "../vocabulary";
import { cancelExecution } from "./cancel";
import type { Execution, ExecutionResult } from "./executions.schema";
import {
  AcceptedSchema,
  EXAMPLE_CANCELLED,
  ExecutionEndSchema,
  ExecutionResultSchema,
  ExecutionSchema,
  ExecutionSummarySchema,
  InvokeSchema,
} from "./executions.schema";
import type { InvokeDeps } from "./invoke";
import { invoke } from "./invoke";
import { getExecutionRow, viewExecution, viewExecutions, viewResult } from "./view";

type RouteDeps = InvokeDeps & GuardDeps & OnceDeps;

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

const pollQuery = t.Object(
  {
    token: t.Optional(
      t.String({
        maxLength: 200,
        description: "As in the `Location` of an accepted delivery, in place of an API token.",
      }),
    ),
    wait: t.Optional(
      t.Integer({
        minimum: 1,
        maximum: MAX_WAIT_SECONDS,
        error: `wait takes an integer from 1 to ${MAX_WAIT_SECONDS}.`,
        description: "Seconds that the answer may wait for the execution's end.",
        examples: [30],
      }),
    ),
  },
  { additionalProperties: false },
);

function readStatuses(text: string | undefined): ExecutionStatus[] {
  if (text === undefined) return [];
  return text.split(",").map((part) => {
    const status = EXECUTION_STATUSES.find((word) => word === part);
    if (status !== undefined) return status;
    const message = `Use one or more of ${EXECUTION_STATUSES.join(", ")}, separated by commas.`;
    throw invalid({ path: "/status", code: "STATUS_UNKNOWN", message });
  });
}

/** `/agents/{id}/executions` and `/agents/{id}/invoke`. */
export const executionRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false })
    .use(listRoute(deps))
    .use(pollRoute(deps))
    .use(cancelRoute(deps))
    .use(invokeRoute(deps));

const listRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).get(
    "/agents/:id/executions",
    ({ params, query }) => {
      const agent = findAgentSeq(deps, params.id);
      if (agent === undefined) throw new AppError("NOT_FOUND");
      return successList(
        viewExecutions(deps, {
          agent,
          trigger: query.trigger ?? null,
          statuses: readStatuses(query.status),
          ...pageOf(query),
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
  );

interface Poll {
  agentId: string;
  id: string;
  /** Stands in for an API token; with both, the API token decides. */
  token: string | undefined;
  request: Request;
}

const usesReadToken = (data: Pick<Poll, "token" | "request">): boolean =>
  data.token !== undefined && bearerOf(data.request) === null;

function readPolled(deps: RouteDeps, data: Poll): Execution | ExecutionResult {
  const { token } = data;
  if (token === undefined || !usesReadToken(data)) return viewExecution(deps, data);
  const found = viewResult(deps, { ...data, token });
  if (found !== null) return found;
  throw new AppError("UNAUTHORIZED", { headers: { "WWW-Authenticate": "Bearer" } });
}

/** Weak: it stands for what is told, not for its bytes (RFC 9110, 8.8.1). */
const tagOf = (found: Execution | ExecutionResult): string =>
  `W/"${sha256(JSON.stringify(found)).toString("base64url")}"`;

function pollRoute(deps: RouteDeps) {
  const poll = requires(deps, {
    id: "getExecution",
    summary: "Reads an execution and its steps",
    description:
      "`status` is `running` until it is final. With `wait` the answer comes when the execution ends, or after so many seconds. With `If-None-Match` it is 304 while nothing is new. The `token` of a delivery's `Location` reads status, output and error code without an API token.",
    tag: "Executions",
    scope: "read",
    takes: ["if-none-match"],
    fails: ["NOT_FOUND"],
    headers: ["ETag", "Retry-After"],
    answers: { 304: null },
  });
  return new Elysia({ normalize: false }).get(
    "/agents/:id/executions/:executionId",
    async ({ params, query, request, server, set }) => {
      const { token, wait } = query;
      const data = { agentId: params.id, id: params.executionId, token, request };
      let found = readPolled(deps, data);
      if (wait !== undefined && found.status === "running") {
        const { seq } = getExecutionRow(deps, data);
        await deps.waits.untilEnd({ seq, seconds: wait, request, server });
        found = readPolled(deps, data);
      }
      const tag = tagOf(found);
      set.headers["etag"] = tag;
      if (found.status === "running") set.headers["retry-after"] = RETRY_AFTER_SECONDS;
      if (!isKnownTag(request, tag)) return success(found);
      set.status = 304;
      return undefined;
    },
    {
      detail: {
        ...poll.detail,
        security: [...poll.detail.security, { [READ_TOKEN_SCHEME]: [] }],
      },
      transform: (context) => {
        const { query, request } = context;
        if (usesReadToken({ token: query.token, request })) setAnswerHeaders(deps, context);
        else poll.transform(context);
      },
      query: pollQuery,
      response: {
        200: answer(t.Union([ExecutionSchema, ExecutionResultSchema])),
        304: t.Undefined(),
      },
    },
  );
}

const cancelRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/executions/:executionId/cancel",
    ({ params, request, set }) => {
      const target = { agentId: params.id, id: params.executionId };
      const run = async (own: RouteDeps) => success(await cancelExecution(own, target));
      return once(deps, { request, set, run });
    },
    {
      ...requires(deps, {
        id: "cancelExecution",
        summary: "Cancels an execution",
        description:
          "One that waits never starts; one that runs is aborted, its open calls with it. Answers once that is on disk; an execution that was cancelled before is answered as such.",
        tag: "Executions",
        scope: "operate",
        takes: ["idempotency-key"],
        fails: ["NOT_FOUND", "EXECUTION_FINAL", "STORAGE_UNAVAILABLE"],
      }),
      query: NoQuery,
      response: { 200: answer(ExecutionSummarySchema, EXAMPLE_CANCELLED) },
    },
  );

const invokeRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/invoke",
    ({ params, body, request, server, set }) => {
      const seconds = body.waitSeconds;
      const wait = seconds === undefined ? null : { seconds, request, server };
      // Parsed by `JSON.parse`: any value is JSON.
      const input = body.input as Json;
      const run = async (own: RouteDeps) =>
        success(await invoke(own, { agentId: params.id, input, wait }));
      return once(deps, { request, body, set, run });
    },
    {
      ...requiresJson(deps, {
        id: "invokeAgent",
        summary: "Runs an agent's live version",
        description:
          "Takes nothing from the webhook's limits. With `waitSeconds` the answer carries status and output where the execution ends in time, and is the same as without it where it does not.",
        tag: "Executions",
        scope: "operate",
        takes: ["idempotency-key"],
        fails: [
          "NOT_FOUND",
          "AGENT_NOT_RUNNABLE",
          "INPUT_INVALID",
          "SANDBOX_BUSY",
          "SANDBOX_UNAVAILABLE",
          "STORAGE_UNAVAILABLE",
        ],
      }),
      query: NoQuery,
      body: InvokeSchema,
      response: { 200: answer(t.Union([AcceptedSchema, ExecutionEndSchema])) },
    },
  );
