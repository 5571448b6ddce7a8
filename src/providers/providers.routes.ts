// Routes of model providers.

import { Elysia } from "elysia";
import type { GuardDeps } from "../auth/guard";
import { requires, requiresJson } from "../auth/guard";
import type { OnceDeps } from "../auth/once";
import { once } from "../auth/once";
import { NoQuery, PageByIdQuery } from "../auth/paging.schema";
import { answer, answerList, PAGE_DEFAULT, success, successList, toPageById } from "../lib/wire";
import type { ProbeDeps } from "./probe";
import { testProvider } from "./probe";
import {
  ProviderCreateSchema,
  ProviderPatchSchema,
  ProviderSchema,
  ProviderTestResultSchema,
  ProviderTestSchema,
} from "./providers.schema";
import type { ProvidersDeps } from "./providers.store";
import {
  changeProvider,
  createProvider,
  deleteProvider,
  getProvider,
  listProviders,
} from "./providers.store";

type RouteDeps = ProvidersDeps & GuardDeps & OnceDeps & ProbeDeps;

/** `/providers`. */
export function providerRoutes(deps: RouteDeps) {
  const one = { 200: answer(ProviderSchema) };
  return new Elysia({ normalize: false })
    .get(
      "/providers",
      ({ query }) => {
        const limit = query.limit ?? PAGE_DEFAULT;
        const items = listProviders(deps, { after: query.cursor ?? null, limit: limit + 1 });
        return successList(toPageById({ items, limit }));
      },
      {
        ...requires(deps, {
          id: "listProviders",
          summary: "Lists model providers",
          tag: "Providers",
          scope: "read",
        }),
        query: PageByIdQuery,
        response: { 200: answerList(ProviderSchema) },
      },
    )
    .post(
      "/providers",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) => {
          const provider = await createProvider(own, body);
          set.status = 201;
          set.headers["location"] = `/providers/${provider.id}`;
          return success(provider);
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "createProvider",
          summary: "Adds a model provider",
          description: "Keys are write-only and encrypted at rest.",
          tag: "Providers",
          scope: "admin",
          takes: ["idempotency-key"],
          fails: ["STORAGE_UNAVAILABLE"],
          headers: ["Location"],
        }),
        query: NoQuery,
        body: ProviderCreateSchema,
        response: { 201: answer(ProviderSchema) },
      },
    )
    .get("/providers/:id", ({ params }) => success(getProvider(deps, params.id)), {
      ...requires(deps, {
        id: "getProvider",
        summary: "Reads a model provider",
        tag: "Providers",
        scope: "read",
        fails: ["NOT_FOUND"],
      }),
      query: NoQuery,
      response: one,
    })
    .patch(
      "/providers/:id",
      async ({ params, body }) =>
        success(await changeProvider(deps, { id: params.id, patch: body })),
      {
        ...requiresJson(deps, {
          id: "updateProvider",
          summary: "Changes a model provider",
          description: "A new origin of `baseUrl` asks for the key again.",
          tag: "Providers",
          scope: "admin",
          fails: ["NOT_FOUND", "PROVIDER_BUILT_IN", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: ProviderPatchSchema,
        response: one,
      },
    )
    .post(
      "/providers/:id/test",
      ({ params, body, request, set }) => {
        const run = async (own: RouteDeps) =>
          success(await testProvider(own, { id: params.id, model: body.model }));
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "testProvider",
          summary: "Tests a model provider by one small call",
          description:
            "Sends one short prompt, with 15 seconds and without retries, also to a provider that is switched off. A call that fails is a result with `ok: false`, answered with 200.",
          tag: "Providers",
          scope: "operate",
          takes: ["idempotency-key"],
          fails: ["NOT_FOUND"],
        }),
        query: NoQuery,
        body: ProviderTestSchema,
        response: { 200: answer(ProviderTestResultSchema) },
      },
    )
    .delete(
      "/providers/:id",
      async ({ params, set }) => {
        await deleteProvider(deps, params.id);
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deleteProvider",
          summary: "Deletes a model provider",
          tag: "Providers",
          scope: "admin",
          fails: ["NOT_FOUND", "PROVIDER_BUILT_IN", "PROVIDER_IN_USE", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
}
