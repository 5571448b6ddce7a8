// Probes for supervisors: no credential, no detail.

import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { setAnswerHeaders } from "../auth/guard";
import { NoQuery } from "../auth/paging.schema";
import { AppError } from "../errors";
import type { Ids } from "../lib/ids";
import { describeOperation } from "../lib/operation";
import { answer, closed, success } from "../lib/wire";
import type { Health } from "./health";

/** `/healthz` and `/readyz`. */
export const opsRoutes = (deps: { health: Health; ids: Ids }) =>
  new Elysia({ normalize: false })
    .get("/healthz", () => success({ status: "ok" as const }), {
      transform: (context) => setAnswerHeaders(deps, context),
      detail: describeOperation({
        id: "getHealth",
        summary: "Whether the process lives",
        tag: "System",
        scope: null,
        fails: ["VALIDATION_ERROR"],
      }),
      query: NoQuery,
      response: { 200: answer(closed({ status: Type.Literal("ok") })) },
    })
    .get(
      "/readyz",
      async () => {
        const problem = await deps.health.problem();
        if (problem !== null) throw new AppError(problem, { headers: { "Retry-After": "5" } });
        return success({ status: "ready" as const });
      },
      {
        transform: (context) => setAnswerHeaders(deps, context),
        detail: describeOperation({
          id: "getReadiness",
          summary: "Whether work is taken: the database can be written, and nothing is stopping",
          tag: "System",
          scope: null,
          fails: ["VALIDATION_ERROR", "STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "FAILING"],
        }),
        query: NoQuery,
        response: { 200: answer(closed({ status: Type.Literal("ready") })) },
      },
    );
