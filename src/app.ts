// Every route in one app: no port, no globals. Maps every error to the one failure shape.

import { Elysia, NotFoundError, ParseError, t, ValidationError } from "elysia";
import { agentRoutes } from "./agents/agents.routes";
import type { AgentsDeps } from "./agents/change";
import type { EntranceDeps } from "./auth/entrance";
import { checkEntrance } from "./auth/entrance";
import type { GuardDeps } from "./auth/guard";
import type { OnceDeps } from "./auth/once";
import { tokenRoutes } from "./auth/tokens.routes";
import type { TokenChangeDeps } from "./auth/tokens.store";
import type { ErrorDetail } from "./errors";
import { AppError, invalid, toFailureBody } from "./errors";
import type { EventStreams } from "./executions/events/streams";
import { eventRoutes } from "./executions/events/events.routes";
import { executionRoutes } from "./executions/executions.routes";
import type { InvokeDeps } from "./executions/invoke";
import { replayRoutes } from "./executions/again/replay.routes";
import type { ResumeDeps } from "./executions/again/resume";
import type { ViewDeps } from "./executions/view";
import { formatId } from "./lib/ids";
import type { Log } from "./lib/log";
import { describeMismatches } from "./lib/mismatches";
import { requestIdOf } from "./lib/request-id";
import { describeError } from "./lib/log";
import type { Health } from "./ops/health";
import { opsRoutes } from "./ops/ops.routes";
import type { SwaggerDeps } from "./ops/swagger.routes";
import { swaggerRoutes } from "./ops/swagger.routes";
import { priceRoutes } from "./providers/prices/prices.routes";
import { providerRoutes } from "./providers/providers.routes";
import type { ProbeDeps } from "./providers/probe";
import type { ProvidersDeps } from "./providers/providers.store";
import type { ReceiveDeps } from "./webhooks/receive";
import type { ListeningServer } from "./webhooks/webhooks.routes";
import { secretRoutes } from "./tools/secrets.routes";
import type { TestToolDeps } from "./tools/test-tool";
import { toolRoutes } from "./tools/tools.routes";
import { webhookRoutes } from "./webhooks/webhooks.routes";

export type AppDeps = AgentsDeps &
  EntranceDeps &
  GuardDeps &
  InvokeDeps &
  OnceDeps &
  ProbeDeps &
  ProvidersDeps &
  ReceiveDeps &
  Omit<SwaggerDeps, "app"> &
  ResumeDeps &
  TestToolDeps &
  TokenChangeDeps &
  ViewDeps & { health: Health; log: Log; streams: EventStreams };

type Route = { method: string; path: string; hooks: { detail?: { hide?: boolean } } };

function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, place) =>
      part.startsWith(":") ? given[place] !== "" : part === given[place],
    )
  );
}

/** 405 where the path is known under other methods alone, else 404: also where `#` hides the path. */
function unknownRoute(routes: readonly Route[], request: Request): AppError {
  // Of webhooks and probes, which any `Host` reaches: with none that is one, the URL is a path.
  const { pathname } = URL.parse(request.url, "http://localhost") ?? { pathname: "" };
  // A hidden route answers what is not taken.
  const methods = routes
    .filter((route) => route.hooks.detail?.hide !== true && fits(route.path, pathname))
    .map((route) => route.method);
  if (methods.length === 0 || methods.includes(request.method)) return new AppError("NOT_FOUND");
  return new AppError("METHOD_NOT_ALLOWED", {
    headers: { Allow: [...new Set(methods)].join(", ") },
  });
}

/** Only where and what: the validator's own error carries the whole input. */
function toDetails(error: ValidationError): ErrorDetail[] {
  // A query value that does not convert is told by the text its schema carries: it has no path.
  const { customError } = error;
  if (typeof customError === "string") return [{ code: "INVALID", message: customError }];
  const { validator } = error;
  return "Errors" in validator ? describeMismatches(validator.Errors(error.value)) : [];
}

function fromValidation(error: ValidationError): AppError {
  if (error.type === "params") return new AppError("NOT_FOUND");
  const details = toDetails(error);
  if (error.type !== "response") return invalid(...details);
  const where = details.map((detail) => detail.path).join(", ");
  return new AppError("INTERNAL", { cause: new Error(`The answer breaks its schema at ${where}`) });
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ValidationError) return fromValidation(error);
  // What reading the body threw comes wrapped.
  if (error instanceof ParseError && error.cause instanceof AppError) return error.cause;
  return new AppError("INTERNAL", { cause: error });
}

function answerError(deps: AppDeps, data: { error: AppError; request: Request }): Response {
  const { error, request } = data;
  const requestId = requestIdOf(request, () => formatId("req", deps.ids.uid()));
  if (error.status === 500) {
    deps.log.error("request.failed", { requestId, ...describeError(error.cause) });
  }
  return new Response(JSON.stringify(toFailureBody(error, requestId)), {
    status: error.status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": requestId,
      ...error.headers,
    },
  });
}

/** The app behind the server and the tests. */
export function createApp(deps: AppDeps) {
  const server = (): ListeningServer => app.server;
  // A host may have less than the four characters that are taken for granted otherwise.
  const app = new Elysia({ normalize: false, handler: { standardHostname: false } })
    .onError(({ error, request, set }) => {
      // What the handler has set is of the answer that does not come.
      set.headers = {};
      // By class: `code` is read off the error itself, and ours have codes of their own.
      const known =
        error instanceof NotFoundError ? unknownRoute(app.routes, request) : toAppError(error);
      return answerError(deps, { error: known, request });
    })
    .onRequest(({ request }) => {
      checkEntrance(deps, { request, server: server() });
    })
    .use(opsRoutes(deps))
    .use(tokenRoutes(deps))
    .use(agentRoutes(deps))
    .use(providerRoutes(deps))
    .use(priceRoutes(deps))
    .use(replayRoutes(deps))
    .use(toolRoutes(deps))
    .use(secretRoutes(deps))
    .use(executionRoutes(deps))
    .use(eventRoutes({ ...deps, server }))
    .use(webhookRoutes({ ...deps, server }));
  // They describe the app, so they are no part of its type.
  app.use(swaggerRoutes({ ...deps, app: () => app }));
  return app;
}

/**
 * Whether range checks on query values work in this build: minified bundles were seen to let
 * out-of-range values pass as text, so a server that fails this does not start.
 */
export async function validationWorks(): Promise<boolean> {
  const probe = new Elysia().get("/probe", ({ query }) => query, {
    query: t.Object({ limit: t.Integer({ maximum: 10 }) }),
  });
  const status = async (limit: number): Promise<number> =>
    (await probe.handle(new Request(`http://localhost/probe?limit=${limit}`))).status;
  return (await status(10)) === 200 && (await status(11)) === 422;
}
