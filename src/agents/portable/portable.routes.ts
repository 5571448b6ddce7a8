// Routes of agents as documents: one is given, and one is taken.

import { Elysia } from "elysia";
import { requires, requiresJson } from "../../auth/guard";
import { once } from "../../auth/once";
import { NoQuery } from "../../auth/paging.schema";
import { answer, success } from "../../lib/wire";
import type { RouteDeps as ActionDeps } from "../actions.routes";
import { tagOf } from "../revision";
import { exportAgent } from "./export";
import type { ImportDeps } from "./import";
import { importAgent, requireFormat, toImported } from "./import";
import { AgentDocumentSchema, AgentImportedSchema, AgentImportSchema } from "./portable.schema";

export type RouteDeps = ActionDeps & ImportDeps;

/** `GET /agents/{id}/export` and `POST /agents/import`. */
export const portableRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).use(exportRoute(deps)).use(importRoute(deps));

const exportRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).get(
    "/agents/:id/export",
    ({ params }) => success(exportAgent(deps, params.id)),
    {
      ...requires(deps, {
        id: "exportAgent",
        summary: "Gives an agent as a document for another server",
        description:
          "Its draft and webhook settings, with the providers, tools and agents that they name by reference. No key, no secret and no version is in it; secrets are named.",
        tag: "Agents",
        scope: "read",
        fails: ["NOT_FOUND"],
      }),
      query: NoQuery,
      response: { 200: answer(AgentDocumentSchema) },
    },
  );

function importRoute(deps: RouteDeps) {
  const guarded = requiresJson(deps, {
    id: "importAgent",
    summary: "Makes an agent of a document",
    description:
      "A draft, its webhook off. A provider is found by type, name and base URL, an agent by its name, where exactly one fits; a tool that is just so is taken, else made. `map` says otherwise. What is missing is told, and stays in the draft as a fault.",
    tag: "Agents",
    scope: "admin",
    takes: ["idempotency-key"],
    fails: ["STORAGE_UNAVAILABLE"],
    headers: ["ETag", "Location"],
  });
  return new Elysia({ normalize: false }).post(
    "/agents/import",
    ({ body, request, set }) => {
      const run = async (own: RouteDeps) => {
        const imported = await importAgent(own, body);
        set.status = 201;
        set.headers["location"] = `/agents/${imported.row.id}`;
        set.headers["etag"] = tagOf(imported.row);
        return success(toImported(own, imported));
      };
      return once(deps, { request, body, set, run });
    },
    {
      ...guarded,
      transform: [guarded.transform, ({ body }: { body: unknown }) => requireFormat(body)],
      query: NoQuery,
      body: AgentImportSchema,
      response: { 201: answer(AgentImportedSchema) },
    },
  );
}
