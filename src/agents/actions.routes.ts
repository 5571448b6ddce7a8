// Routes that do something with an agent: activate, deactivate, a new secret.

import { Elysia } from "elysia";
import type { GuardDeps } from "../auth/guard";
import { requires, requiresJson } from "../auth/guard";
import { NoQuery } from "../auth/paging.schema";
import { answer, success } from "../lib/wire";
import { AgentSchema, SecretCreatedSchema, SecretCreateSchema } from "./agents.schema";
import type { AgentsDeps, Changed } from "./change";
import { activateAgent, deactivateAgent, rotateSecret, toAgent } from "./change";
import { ifMatchOf, tagOf } from "./revision";

export type RouteDeps = AgentsDeps & GuardDeps;

/** The answer with an agent, and its tag. */
export function answerAgent(
  deps: AgentsDeps,
  data: { changed: Changed; set: { headers: Record<string, string | number> } },
) {
  data.set.headers["etag"] = tagOf(data.changed.row);
  return success(toAgent(deps, data.changed));
}

/** Everything that is done with one agent by a POST. */
export function actionRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .post(
      "/agents/:id/activate",
      async ({ params, request, set }) => {
        const target = { id: params.id, ifMatch: ifMatchOf(request) };
        return answerAgent(deps, { changed: await activateAgent(deps, target), set });
      },
      {
        ...requires(deps, {
          id: "activateAgent",
          summary: "Makes the draft the live version and the agent active",
          tag: "Agents",
          scope: "admin",
          takes: ["if-match"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        response: { 200: answer(AgentSchema) },
      },
    )
    .post(
      "/agents/:id/deactivate",
      async ({ params, request, set }) => {
        const target = { id: params.id, ifMatch: ifMatchOf(request) };
        return answerAgent(deps, { changed: await deactivateAgent(deps, target), set });
      },
      {
        ...requires(deps, {
          id: "deactivateAgent",
          summary: "Stops new executions of an agent",
          tag: "Agents",
          scope: "admin",
          takes: ["if-match"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        response: { 200: answer(AgentSchema) },
      },
    )
    .post(
      "/agents/:id/webhook/secrets",
      async ({ params, body, request, set }) => {
        const target = { id: params.id, ifMatch: ifMatchOf(request) };
        const created = await rotateSecret(deps, { ...target, body });
        set.status = 201;
        return success(created);
      },
      {
        ...requiresJson(deps, {
          id: "rotateWebhookSecret",
          summary: "Makes or takes a new webhook secret",
          description:
            "The one before it stays valid for `graceSeconds` (24 hours). A secret that the server made is shown this once.",
          tag: "Webhooks",
          scope: "admin",
          takes: ["if-match"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: SecretCreateSchema,
        response: { 201: answer(SecretCreatedSchema) },
      },
    );
}
