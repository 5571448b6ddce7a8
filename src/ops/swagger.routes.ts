// The OpenAPI document and the page that shows it. Leaves what they say to `openapi/` and `swagger/`.

import { Type } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import { Elysia } from "elysia";
import { isKnownTag } from "../auth/entity-tags";
import type { GuardDeps } from "../auth/guard";
import { requires, setAnswerHeaders } from "../auth/guard";
import { NoQuery } from "../auth/paging.schema";
import type { Config } from "../config";
import { AppError } from "../errors";
import { sha256 } from "../lib/crypto";
import type { Operation } from "../lib/operation";
import { describeOperation } from "../lib/operation";
import { createDocument } from "./openapi/document";
import { createAssets, createPage, POLICY, takesGzip } from "./swagger/page";

export interface SwaggerDeps extends GuardDeps {
  config: Pick<Config, "docs" | "publicUrl" | "trustProxy">;
  /** The app whose routes are described; asked on use, as these routes are part of it. */
  app(): AnyElysia;
}

const YEAR_SECONDS = 365 * 24 * 3600;

const documentOperation: Omit<Operation, "scope"> = {
  id: "getOpenApi",
  summary: "Reads this document",
  description: "`HOOKLINE_DOCS` decides whether everybody may, or a token is asked for.",
  tag: "System",
  takes: ["if-none-match"],
  fails: ["VALIDATION_ERROR", "HOST_NOT_ALLOWED"],
  headers: ["ETag"],
  answers: {
    200: {
      type: "application/json",
      schema: Type.Object({}, { additionalProperties: true, examples: [{ openapi: "3.1.2" }] }),
    },
    304: null,
  },
};

const pageOperation: Operation = {
  id: "getSwagger",
  summary: "Shows this document as a page",
  tag: "System",
  scope: null,
  fails: ["VALIDATION_ERROR", "HOST_NOT_ALLOWED"],
  answers: {
    200: { type: "text/html", schema: Type.String({ examples: ["<!doctype html>…"] }) },
  },
};

/** Hooks of the document's route: open to everybody, or for tokens. */
const documentAccess = (deps: SwaggerDeps) =>
  deps.config.docs === "auth"
    ? requires(deps, { ...documentOperation, scope: "read" })
    : {
        transform: (context: Parameters<typeof setAnswerHeaders>[1]) =>
          setAnswerHeaders(deps, context),
        detail: describeOperation({ ...documentOperation, scope: null }),
      };

/** Prints the document once; the routes and the setting do not change while the program runs. */
function createPrint(deps: SwaggerDeps): () => { text: string; tag: string } {
  let printed: { text: string; tag: string } | null = null;
  return () => {
    if (printed !== null) return printed;
    const { publicUrl } = deps.config;
    const text = JSON.stringify(createDocument({ app: deps.app(), publicUrl }));
    printed = { text, tag: `"${sha256(Buffer.from(text)).toString("hex").slice(0, 32)}"` };
    return printed;
  };
}

/** `/swagger` and `/swagger/json`; nothing where the documents are off. */
export function swaggerRoutes(deps: SwaggerDeps): AnyElysia {
  const routes = new Elysia({ normalize: false });
  return deps.config.docs === "off"
    ? routes
    : routes.use(documentRoute(deps)).use(pageRoutes(deps));
}

function documentRoute(deps: SwaggerDeps) {
  const print = createPrint(deps);
  return new Elysia({ normalize: false }).get(
    "/swagger/json",
    ({ request }) => {
      const { text, tag } = print();
      const headers = { ETag: tag, "Cache-Control": "no-cache" };
      if (isKnownTag(request, tag)) {
        return new Response(null, { status: 304, headers });
      }
      return new Response(text, { headers: { ...headers, "Content-Type": "application/json" } });
    },
    { ...documentAccess(deps), query: NoQuery },
  );
}

function pageRoutes(deps: SwaggerDeps) {
  const assets = createAssets();
  const page = createPage(assets.keys());
  return new Elysia({ normalize: false })
    .get(
      "/swagger",
      () =>
        new Response(page, {
          headers: {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
          },
        }),
      {
        transform: (context) => setAnswerHeaders(deps, context),
        detail: describeOperation(pageOperation),
        query: NoQuery,
      },
    )
    .get(
      "/swagger/:asset",
      async ({ params, request }) => {
        const asset = assets.get(params.asset);
        if (asset === undefined) throw new AppError("NOT_FOUND");
        const packs = takesGzip(request.headers.get("accept-encoding") ?? "");
        return new Response(packs ? await asset.packed() : asset.content, {
          headers: {
            ...(packs ? { "Content-Encoding": "gzip" } : {}),
            Vary: "Accept-Encoding",
            "Content-Type": asset.type,
            "Cache-Control": `public, max-age=${YEAR_SECONDS}, immutable`,
            "X-Content-Type-Options": "nosniff",
          },
        });
      },
      { detail: { hide: true }, query: NoQuery },
    );
}
