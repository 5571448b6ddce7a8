// Routes of the price table.

import { Elysia } from "elysia";
import type { GuardDeps } from "../../auth/guard";
import { requires, requiresJson } from "../../auth/guard";
import type { OnceDeps } from "../../auth/once";
import { once } from "../../auth/once";
import { NoQuery, PageByIdQuery } from "../../auth/paging.schema";
import { answer, answerList, PAGE_DEFAULT, success, successList, toPageById } from "../../lib/wire";
import { PriceCreateSchema, PricePatchSchema, PriceSchema } from "./prices.schema";
import type { PricesDeps } from "./prices.store";
import { changePrice, createPrice, deletePrice, getPrice, listPrices } from "./prices.store";

type RouteDeps = PricesDeps & GuardDeps & OnceDeps;

/** `/prices`. */
export function priceRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .use(readRoutes(deps))
    .post(
      "/prices",
      ({ body, request, set }) => {
        const run = async (own: RouteDeps) => {
          const price = await createPrice(own, body);
          set.status = 201;
          set.headers["location"] = `/prices/${price.id}`;
          return success(price);
        };
        return once(deps, { request, body, set, run });
      },
      {
        ...requiresJson(deps, {
          id: "createPrice",
          summary: "Adds a price of your own",
          description:
            "It goes before the built-in one of the same model. What answers cost is reckoned when they come; earlier ones keep their cost.",
          tag: "Providers",
          scope: "admin",
          takes: ["idempotency-key"],
          fails: ["PRICE_EXISTS", "TOO_MANY_PRICES", "STORAGE_UNAVAILABLE"],
          headers: ["Location"],
        }),
        query: NoQuery,
        body: PriceCreateSchema,
        response: { 201: answer(PriceSchema) },
      },
    )
    .patch(
      "/prices/:id",
      async ({ params, body }) => success(await changePrice(deps, { id: params.id, patch: body })),
      {
        ...requiresJson(deps, {
          id: "updatePrice",
          summary: "Changes a price of your own",
          tag: "Providers",
          scope: "admin",
          fails: ["NOT_FOUND", "PRICE_BUILT_IN", "PRICE_EXISTS", "STORAGE_UNAVAILABLE"],
        }),
        query: NoQuery,
        body: PricePatchSchema,
        response: { 200: answer(PriceSchema) },
      },
    )
    .delete(
      "/prices/:id",
      async ({ params, set }) => {
        await deletePrice(deps, params.id);
        set.status = 204;
      },
      {
        ...requires(deps, {
          id: "deletePrice",
          summary: "Deletes a price of your own",
          description: "The built-in price of the model, where there is one, holds again.",
          tag: "Providers",
          scope: "admin",
          fails: ["NOT_FOUND", "PRICE_BUILT_IN", "STORAGE_UNAVAILABLE"],
          answers: { 204: null },
        }),
        query: NoQuery,
      },
    );
}

function readRoutes(deps: RouteDeps) {
  return new Elysia({ normalize: false })
    .get(
      "/prices",
      ({ query }) => {
        const limit = query.limit ?? PAGE_DEFAULT;
        const items = listPrices(deps, { after: query.cursor ?? null, limit: limit + 1 });
        return successList(toPageById({ items, limit }));
      },
      {
        ...requires(deps, {
          id: "listPrices",
          summary: "Lists what models cost",
          description: "The prices that come with the program, then your own.",
          tag: "Providers",
          scope: "read",
        }),
        query: PageByIdQuery,
        response: { 200: answerList(PriceSchema) },
      },
    )
    .get("/prices/:id", ({ params }) => success(getPrice(deps, params.id)), {
      ...requires(deps, {
        id: "getPrice",
        summary: "Reads a price",
        tag: "Providers",
        scope: "read",
        fails: ["NOT_FOUND"],
      }),
      query: NoQuery,
      response: { 200: answer(PriceSchema) },
    });
}
