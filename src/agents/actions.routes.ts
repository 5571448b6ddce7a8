// Routes that do something with an agent: judge, activate, deactivate, copy, give a secret.

import { Elysia } from "elysia";
import type { GuardDeps } from "../auth/guard";
import { authorOf, requires, requiresJson } from "../auth/guard";
import type { Answering, OnceDeps } from "../auth/once";
import { once } from "../auth/once";
import { NoQuery } from "../auth/paging.schema";
import { answer, success } from "../lib/wire";
import {
  AgentSchema,
  DuplicateSchema,
  SecretCreatedSchema,
  SecretCreateSchema,
  ValidateSchema,
  ValidationSchema,
} from "./agents.schema";
import type { AgentsDeps, Changed } from "./change";
import { activateAgent, deactivateAgent, rotateSecret, toAgent } from "./change";
import { duplicateAgent, judgeDraft } from "./drafts";
import { tagOf, targetOf } from "./revision";
import { ActivateSchema } from "./versions.schema";

export type RouteDeps = AgentsDeps & GuardDeps & OnceDeps;

interface Answered {
  changed: Changed;
  set: Answering;
}

/** The answer with an agent, and its tag. */
export function answerAgent(deps: AgentsDeps, { changed, set }: Answered) {
  set.headers["etag"] = tagOf(changed.row);
  return success(toAgent(deps, changed));
}

/** As `answerAgent`, of an agent that was made: 201, and where it is. */
export function answerNewAgent(deps: AgentsDeps, { changed, set }: Answered) {
  set.status = 201;
  set.headers["location"] = `/agents/${changed.row.id}`;
  return answerAgent(deps, { changed, set });
}

/** Everything that is done with one agent by a POST. */
export const actionRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).use(draftRoutes(deps)).use(lifeRoutes(deps));

function draftRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .post(
      "/agents/:id/validate",
      ({ params, body, request, set }) => {
        const draft = { id: params.id, pipeline: body.pipeline };
        const run = async (own: RouteDeps) => success(judgeDraft(own, draft));
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "validateAgent",
          summary: "Lists the faults of a pipeline",
          description:
            "Of the one that is sent, or of the agent's draft where none is. Changes nothing.",
          tag: "Agents",
          scope: "admin",
          takes: ["idempotency-key"],
          bodyOptional: true,
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        body: ValidateSchema,
        response: { 200: answer(ValidationSchema) },
      },
    )
    .post(
      "/agents/:id/duplicate",
      ({ params, body, request, set }) => {
        const run = async (own: RouteDeps) => {
          const changed = await duplicateAgent(own, { id: params.id, name: body.name });
          return answerNewAgent(own, { changed, set });
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "duplicateAgent",
          summary: "Copies an agent to a new draft",
          description:
            "Description, draft and webhook settings are copied; the webhook is off, and no secret is copied. Without a `name` the copy is called as the agent, with “(copy)” behind it.",
          tag: "Agents",
          scope: "admin",
          takes: ["idempotency-key"],
          beyondAgent: true,
          bodyOptional: true,
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
          headers: ["ETag", "Location"],
        }),
        query: NoQuery,
        body: DuplicateSchema,
        response: { 201: answer(AgentSchema) },
      },
    );
}

const activateRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/activate",
    ({ params, body, request, set }) => {
      const author = authorOf(deps, request);
      const target = { ...targetOf({ params, request }), note: body.note ?? "", author };
      const run = async (own: RouteDeps) =>
        answerAgent(own, { changed: await activateAgent(own, target), set });
      return once(deps, { request, body, set, run });
    },
    {
      ...requiresJson(deps, {
        id: "activateAgent",
        summary: "Makes the draft the live version and the agent active",
        description:
          "A new version where the draft differs from the live one; `note` is kept with it.",
        tag: "Agents",
        scope: "admin",
        takes: ["if-match", "idempotency-key"],
        bodyOptional: true,
        fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        headers: ["ETag"],
      }),
      query: NoQuery,
      body: ActivateSchema,
      response: { 200: answer(AgentSchema) },
    },
  );

const deactivateRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).post(
    "/agents/:id/deactivate",
    ({ params, request, set }) => {
      const target = targetOf({ params, request });
      const run = async (own: RouteDeps) =>
        answerAgent(own, { changed: await deactivateAgent(own, target), set });
      return once(deps, { request, set, run });
    },
    {
      ...requires(deps, {
        id: "deactivateAgent",
        summary: "Stops new executions of an agent",
        tag: "Agents",
        scope: "admin",
        takes: ["if-match", "idempotency-key"],
        fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        headers: ["ETag"],
      }),
      query: NoQuery,
      response: { 200: answer(AgentSchema) },
    },
  );

const lifeRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false })
    .use(activateRoute(deps))
    .use(deactivateRoute(deps))
    .post(
      "/agents/:id/webhook/secrets",
      ({ params, body, request, set }) => {
        const target = targetOf({ params, request });
        const run = async (own: RouteDeps) => {
          const created = await rotateSecret(own, { ...target, body });
          set.status = 201;
          return success(created);
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "rotateWebhookSecret",
          summary: "Makes or takes a new webhook secret",
          description:
            "The one before it stays valid for `graceSeconds` (24 hours). A secret that the server made is shown this once.",
          tag: "Webhooks",
          scope: "admin",
          takes: ["if-match", "idempotency-key"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: SecretCreateSchema,
        response: { 201: answer(SecretCreatedSchema) },
      },
    );
