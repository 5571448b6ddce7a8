// Probes for supervisors: no credential, no detail.

import { Elysia } from "elysia";
import { NoQuery } from "../auth/paging.schema";
import { AppError } from "../errors";
import type { Health } from "./health";

const noStore = { "cache-control": "no-store" };

/** `/healthz` and `/readyz`. */
export const opsRoutes = (deps: { health: Health }) =>
  new Elysia({ normalize: false })
    .get(
      "/healthz",
      ({ set }) => {
        Object.assign(set.headers, noStore);
        return { success: true, data: { status: "ok" } };
      },
      { query: NoQuery },
    )
    .get(
      "/readyz",
      async ({ set }) => {
        Object.assign(set.headers, noStore);
        const problem = await deps.health.problem();
        if (problem !== null) throw new AppError(problem, { headers: { "Retry-After": "5" } });
        return { success: true, data: { status: "ready" } };
      },
      { query: NoQuery },
    );
