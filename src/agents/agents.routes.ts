// Routes of agents.

import { Elysia } from "elysia";
import { authorOf, requires, requiresJson } from "../auth/guard";
import { once } from "../auth/once";
import { NoQuery, PageQuery } from "../auth/paging.schema";
import { answer, answerList, pageOf, successList, toPage } from "../lib/wire";
import type { RouteDeps as PortableDeps } from "./portable/portable.routes";
import { portableRoutes } from "./portable/portable.routes";
import type { RouteDeps } from "./actions.routes";
import { actionRoutes, answerAgent, answerNewAgent } from "./actions.routes";
import {
  AgentCreateSchema,
  AgentPatchSchema,
  AgentSchema,
  AgentSummarySchema,
} from "./agents.schema";
import { listAgents, toAgentSummary } from "./agents.store";
import { changeAgent, createAgent, deleteAgent, getAgent } from "./change";
import { targetOf } from "./revision";
import { AGENT_TEMPLATES } from "./templates";
import { versionRoutes } from "./versions.routes";
import { AgentTemplateSchema } from "./versions.schema";

const templateRoute = (deps: RouteDeps) =>
  new Elysia({ normalize: false }).get(
    "/agents/templates",
    () => successList({ items: [...AGENT_TEMPLATES], nextCursor: null }),
    {
      ...requires(deps, {
        id: "listAgentTemplates",
        summary: "Lists agents to start from",
        description:
          "Complete pipelines that run as they stand, on `echo`: send one as the `pipeline` of a new agent, with a model's provider in its place.",
        tag: "Agents",
        scope: "read",
      }),
      query: NoQuery,
      response: { 200: answerList(AgentTemplateSchema) },
    },
  );

/** `/agents` and what belongs to one agent's definition. */
export const agentRoutes = (deps: PortableDeps) =>
  new Elysia({ normalize: false })
    .use(templateRoute(deps))
    .use(portableRoutes(deps))
    .use(collectionRoutes(deps))
    .use(actionRoutes(deps))
    .use(versionRoutes(deps));

function collectionRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .get(
      "/agents",
      ({ query }) => {
        const { before, limit } = pageOf(query);
        const rows = listAgents(deps, { before, limit: limit + 1 });
        return successList(toPage({ rows, limit }, (row) => toAgentSummary(row, deps.publicUrl())));
      },
      {
        ...requires(deps, {
          id: "listAgents",
          summary: "Lists agents, newest first",
          tag: "Agents",
          scope: "read",
        }),
        query: PageQuery,
        response: { 200: answerList(AgentSummarySchema) },
      },
    )
    .post(
      "/agents",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) =>
          answerNewAgent(own, {
            changed: await createAgent(own, { ...body, author: authorOf(own, request) }),
            set,
          });
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "createAgent",
          summary: "Creates an agent",
          description:
            "Without a pipeline it gets one that answers at once: input → `echo` → output.",
          tag: "Agents",
          scope: "admin",
          takes: ["idempotency-key"],
          fails: ["STORAGE_UNAVAILABLE"],
          headers: ["ETag", "Location"],
        }),
        query: NoQuery,
        body: AgentCreateSchema,
        response: { 201: answer(AgentSchema) },
      },
    )
    .get(
      "/agents/:id",
      ({ params, set }) => answerAgent(deps, { changed: { row: getAgent(deps, params.id) }, set }),
      {
        ...requires(deps, {
          id: "getAgent",
          summary: "Reads an agent, its draft and its webhook",
          tag: "Agents",
          scope: "read",
          fails: ["NOT_FOUND"],
          headers: ["ETag"],
        }),
        query: NoQuery,
        response: { 200: answer(AgentSchema) },
      },
    )
    .patch(
      "/agents/:id",
      async ({ params, body, request, set }) => {
        const target = targetOf({ params, request });
        const changed = await changeAgent(deps, {
          ...target,
          patch: body,
          author: authorOf(deps, request),
        });
        return answerAgent(deps, { changed, set });
      },
      {
        ...requiresJson(deps, {
          id: "updateAgent",
          summary: "Changes an agent, its draft or its webhook",
          description:
            "Objects merge as in RFC 7396. `pipeline` replaces the draft; a draft may have faults, but cannot be activated with them. The first `webhookEnabled: true` activates the draft.",
          tag: "Agents",
          scope: "admin",
          takes: ["if-match"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
          headers: ["ETag"],
        }),
        query: NoQuery,
        body: AgentPatchSchema,
        response: { 200: answer(AgentSchema) },
      },
    )
    .delete(
      "/agents/:id",
      async ({ params, request, set }) => {
        await deleteAgent(deps, targetOf({ params, request }));
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deleteAgent",
          summary: "Deletes an agent",
          description: "What it accepted still runs and stays readable.",
          tag: "Agents",
          scope: "admin",
          takes: ["if-match"],
          fails: ["NOT_FOUND", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
}
