// Probes for supervisors: no credential, no detail.

import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { NoQuery } from "../auth/paging.schema";
import { AppError } from "../errors";
import { describeOperation } from "../lib/operation";
import { answer, closed, success } from "../lib/wire";
import type { Health } from "./health";

const noStore = { "cache-control": "no-store" };

/** `/healthz` and `/readyz`. */
export const opsRoutes = (deps: { health: Health }) =>
  new Elysia({ normalize: false })
    .get(
      "/healthz",
      ({ set }) => {
        Object.assign(set.headers, noStore);
        return success({ status: "ok" as const });
      },
      {
        detail: describeOperation({
          id: "getHealth",
          summary: "Whether the process lives",
          tag: "System",
          scope: null,
        }),
        query: NoQuery,
        response: { 200: answer(closed({ status: Type.Literal("ok") })) },
      },
    )
    .get(
      "/readyz",
      async ({ set }) => {
        Object.assign(set.headers, noStore);
        const problem = await deps.health.problem();
        if (problem !== null) throw new AppError(problem, { headers: { "Retry-After": "5" } });
        return success({ status: "ready" as const });
      },
      {
        detail: describeOperation({
          id: "getReadiness",
          summary: "Whether work is taken: the database can be written, and nothing is stopping",
          tag: "System",
          scope: null,
          fails: ["STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "FAILING"],
        }),
        query: NoQuery,
        response: { 200: answer(closed({ status: Type.Literal("ready") })) },
      },
    );
