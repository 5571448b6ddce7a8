// Routes of API tokens, for admins alone. A token of one agent never comes here: its routes are
// those of that agent.

import { Elysia } from "elysia";
import { answer, answerList, PAGE_DEFAULT, success, successList, toPageById } from "../lib/wire";
import type { GuardDeps } from "./guard";
import { requires, requiresJson } from "./guard";
import type { OnceDeps } from "./once";
import { once } from "./once";
import { NoQuery, PageByIdQuery } from "./paging.schema";
import { TokenCreatedSchema, TokenCreateSchema, TokenSchema } from "./tokens.schema";
import type { TokenChangeDeps } from "./tokens.store";
import { createToken, deleteToken, getToken, listTokens } from "./tokens.store";

type RouteDeps = TokenChangeDeps & GuardDeps & OnceDeps;

/** `/tokens`. */
export const tokenRoutes = (deps: RouteDeps) =>
  new Elysia({ normalize: false })
    .get(
      "/tokens",
      ({ query }) => {
        const limit = query.limit ?? PAGE_DEFAULT;
        const items = listTokens(deps, { before: query.cursor ?? null, limit: limit + 1 });
        return successList(toPageById({ items, limit }));
      },
      {
        ...requires(deps, {
          id: "listTokens",
          summary: "Lists API tokens, newest first",
          description: "Expired ones stay in the list until they are deleted.",
          tag: "Tokens",
          scope: "admin",
        }),
        query: PageByIdQuery,
        response: { 200: answerList(TokenSchema) },
      },
    )
    .post(
      "/tokens",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) => {
          const created = await createToken(own, body);
          set.status = 201;
          set.headers["location"] = `/tokens/${created.id}`;
          return success(created);
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "createToken",
          summary: "Makes an API token",
          description:
            "`token` is shown only in this answer. `read` covers all reading but bodies as received; `operate` also those, running agents and cancelling; `admin` everything. With `agentId` it covers that agent's routes alone.",
          tag: "Tokens",
          scope: "admin",
          takes: ["idempotency-key"],
          fails: ["TOO_MANY_TOKENS", "STORAGE_UNAVAILABLE"],
          headers: ["Location"],
        }),
        query: NoQuery,
        body: TokenCreateSchema,
        response: { 201: answer(TokenCreatedSchema) },
      },
    )
    .get("/tokens/:id", ({ params }) => success(getToken(deps, params.id)), {
      ...requires(deps, {
        id: "getToken",
        summary: "Reads an API token, without its text",
        tag: "Tokens",
        scope: "admin",
        fails: ["NOT_FOUND"],
      }),
      query: NoQuery,
      response: { 200: answer(TokenSchema) },
    })
    .delete(
      "/tokens/:id",
      async ({ params, set }) => {
        await deleteToken(deps, params.id);
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deleteToken",
          summary: "Deletes an API token, which is refused from then on",
          tag: "Tokens",
          scope: "admin",
          fails: ["NOT_FOUND", "LAST_ADMIN_TOKEN", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
