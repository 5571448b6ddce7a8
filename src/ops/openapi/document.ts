// The OpenAPI 3.1 document of an app. The library lays out paths, parameters and answers; here the
// schemas get their names, and everything its text, headers, examples and failures.

import { toOpenAPISchema, unwrapSchema } from "@elysiajs/openapi/openapi";
import type { AnyElysia } from "elysia";
import manifest from "../../../package.json" with { type: "json" };
import type { ErrorCode } from "../../errors";
import type { AnswerHeader } from "../../lib/operation";
import { FailureSchema } from "../../lib/wire";
import { TAGS } from "../../vocabulary";
import type { Answer, FailureAnswers, Reference } from "./answers";
import { headersOf, placeFailures } from "./answers";
import type { Components, Schema } from "./schemas";
import { exampleOf, placeSchema } from "./schemas";
import { HEADER_TEXTS, INTRODUCTION, PATH_TEXTS, SECURITY_SCHEMES, TAG_TEXTS } from "./texts";

const OPENAPI = "3.1.2";

type Content = Record<string, { schema: Schema; example?: unknown }>;

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema: Schema;
}

/** What a route says of itself, in its `detail` or by its schemas. */
interface Draft {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses?: Record<string, { content?: Content }>;
  "x-fails": ErrorCode[];
  "x-headers": { success: AnswerHeader[]; all: AnswerHeader[] };
  "x-body-optional": boolean;
}

/**
 * What the library's draft of a route leaves out: a body that a function parses, the text of words,
 * and of `detail` the parameters and answers, where its schemas have some too.
 */
interface Own {
  method: string;
  path: string;
  body?: Schema;
  query?: { properties: Record<string, Schema> };
  detail?: Partial<Draft>;
}

/** An operation as it stands in the document. */
interface Operation extends Omit<Draft, "responses" | "x-fails" | "x-headers" | "x-body-optional"> {
  responses: Record<string, Answer | Reference>;
}

/** The parts that operations refer to. */
interface Shared {
  schemas: Components;
  responses: FailureAnswers;
}

interface Sources {
  paths: Record<string, Record<string, Draft>>;
  routes: Own[];
}

function readRoutes(app: AnyElysia): Sources {
  const { paths } = toOpenAPISchema(app, undefined, undefined, undefined, OPENAPI);
  const routes = app.routes.map(({ method, path, hooks }) => ({
    method: method.toLowerCase(),
    path: path.replace(/:([^/]+)/g, "{$1}"),
    body: unwrapSchema(hooks.body, undefined, "input", OPENAPI),
    query: hooks.query,
    detail: hooks.detail,
  }));
  // As JSON: the symbols, functions and gaps of schemas go.
  return JSON.parse(JSON.stringify({ paths, routes }));
}

function completeDraft(draft: Draft, own: Own | undefined): Draft {
  const { parameters: others = [], responses = {} } = own?.detail ?? {};
  const { body: schema, query } = own ?? {};
  // Where no schema has any, the library leaves those of `detail` in the draft.
  const ofSchemas = (draft.parameters ?? []).filter((one) => one.in !== "header");
  const parameters = ofSchemas.map((parameter) => ({
    ...parameter,
    schema: (parameter.in === "query" && query?.properties[parameter.name]) || parameter.schema,
  }));
  return {
    ...draft,
    parameters: [...parameters, ...others],
    // An answer without a body is no schema, whatever validates it.
    responses: { ...draft.responses, ...responses },
    ...(schema === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema } } } }),
  };
}

/** A parameter with its text and example: those of its schema, or of its place in the path. */
function toParameter(shared: Shared, data: { path: string; parameter: Parameter }): Parameter {
  const { path, parameter } = data;
  const { name, in: place, required = false } = parameter;
  const upTo = path.slice(0, path.indexOf(`{${name}}`) + name.length + 2);
  const known = Object.entries(PATH_TEXTS).find(([end]) => place === "path" && upTo.endsWith(end));
  const { description = known?.[1].description, ...schema } = parameter.schema;
  const examples = known === undefined ? {} : { examples: [known[1].example] };
  return {
    name,
    in: place,
    required,
    ...(typeof description === "string" ? { description } : {}),
    // Never as `example` of the parameter: Swagger UI would send it.
    schema: placeSchema(shared.schemas, { ...examples, ...schema }),
  };
}

function placeContent(shared: Shared, content: Content): Content {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, example = exampleOf(schema) }]) => [
      type,
      {
        schema: placeSchema(shared.schemas, schema),
        ...(example === undefined ? {} : { example }),
      },
    ]),
  );
}

const DESCRIPTIONS: Record<string, string> = {
  200: "Success.",
  201: "Created.",
  204: "Done; there is no body.",
  304: "Unchanged since the `ETag` of `If-None-Match`.",
};

function toAnswers(shared: Shared, draft: Draft): Record<string, Answer> {
  const { success, all } = draft["x-headers"];
  const headers = headersOf([...success, ...all]);
  return Object.fromEntries(
    Object.entries(draft.responses ?? {}).map(([status, { content }]) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? "Success.",
        headers,
        ...(content === undefined ? {} : { content: placeContent(shared, content) }),
      },
    ]),
  );
}

/** The operation's text, and the scope it asks for, which few programs show of `security`. */
function describe({ description, security }: Draft): string {
  const [scope] = security.flatMap((scheme) => Object.values(scheme).flat());
  const needs = scope === undefined ? "" : `Needs the scope \`${scope}\`.`;
  return [description ?? "", needs].filter((part) => part !== "").join("\n\n");
}

/** What can be answered to a method: pages of other sites may read. */
const codesOf = (method: string, draft: Draft): ErrorCode[] =>
  draft["x-fails"].filter((code) => method !== "get" || code !== "ORIGIN_NOT_ALLOWED");

interface Placed {
  method: string;
  path: string;
  draft: Draft;
}

function toOperation(shared: Shared, { method, path, draft }: Placed): Operation {
  const { operationId, summary, tags, security, requestBody, parameters = [] } = draft;
  const description = describe(draft);
  return {
    operationId,
    tags,
    summary,
    ...(description === "" ? {} : { description }),
    security,
    ...(parameters.length === 0
      ? {}
      : {
          parameters: parameters.map((parameter) => toParameter(shared, { path, parameter })),
        }),
    ...(requestBody === undefined
      ? {}
      : {
          requestBody: {
            required: !draft["x-body-optional"],
            content: placeContent(shared, requestBody.content),
          },
        }),
    responses: {
      ...toAnswers(shared, draft),
      ...placeFailures(shared.responses, {
        codes: codesOf(method, draft),
        headers: draft["x-headers"].all,
      }),
    },
  };
}

const byName = <T>(parts: Map<string, T>): Record<string, T> =>
  Object.fromEntries([...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)));

function toPaths(shared: Shared, { paths, routes }: Sources) {
  const ownOf = (path: string, method: string): Own | undefined =>
    routes.find((route) => route.path === path && route.method === method);
  return Object.fromEntries(
    Object.entries(paths).map(([path, drafts]) => [
      path,
      Object.fromEntries(
        Object.entries(drafts).map(([method, draft]) => [
          method,
          toOperation(shared, { method, path, draft: completeDraft(draft, ownOf(path, method)) }),
        ]),
      ),
    ]),
  );
}

/** Where a program may send requests: here first, so that a page of this server stays with it. */
const toServers = (publicUrl: string | null) => [
  { url: "/", description: "This server" },
  ...(publicUrl === null ? [] : [{ url: publicUrl, description: "Where senders reach it" }]),
];

/** The document as data, of every route that is not hidden; `publicUrl` null leaves it out. */
export function createDocument(data: { app: AnyElysia; publicUrl: string | null }) {
  const shared: Shared = { schemas: new Map(), responses: new Map() };
  placeSchema(shared.schemas, JSON.parse(JSON.stringify(FailureSchema)));
  const paths = toPaths(shared, readRoutes(data.app));
  const used = new Set(
    Object.values(paths)
      .flatMap(Object.values)
      .flatMap(({ tags }) => tags),
  );
  return {
    openapi: OPENAPI,
    info: {
      title: "Hookline",
      version: manifest.version,
      summary: manifest.description,
      description: INTRODUCTION,
      license: { name: manifest.license, identifier: manifest.license },
    },
    servers: toServers(data.publicUrl),
    tags: TAGS.filter((name) => used.has(name)).map((name) => ({
      name,
      description: TAG_TEXTS[name],
    })),
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      headers: HEADER_TEXTS,
      responses: byName(shared.responses),
      schemas: byName(shared.schemas),
    },
  };
}

export type OpenApiDocument = ReturnType<typeof createDocument>;
