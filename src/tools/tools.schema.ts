// Wire shapes of tools and of the named secrets that they read.

import type { Static, TSchema } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import type { Json } from "../lib/json-value";
import { closed, EXAMPLE, named, orNull, Time, words } from "../lib/wire";
import { HTTP_METHODS, TOOL_TYPES } from "../vocabulary";
import type { ToolSettings } from "./tool";

const MAX_TEMPLATE_CHARS = 10_000;
const template = Type.String({ maxLength: MAX_TEMPLATE_CHARS });
const templates = (description: string) =>
  Type.Record(Type.String({ minLength: 1, maxLength: 200 }), template, {
    description,
    maxProperties: 50,
  });
const json = (description: string) => Type.Unsafe<Json>(Type.Any({ description }));

const name = Type.String({ minLength: 1, maxLength: 100 });
const description = Type.String({
  maxLength: 1000,
  description: "What the tool does and when to use it, for models and for people.",
});

/** Strings are templates of `{{params.…}}` and `{{secrets.NAME}}`. */
const settings = {
  method: { ...words(HTTP_METHODS), description: "Required of `http`; `mcp` is called by POST." },
  url: orNull(
    Type.String({
      maxLength: MAX_TEMPLATE_CHARS,
      description:
        "Scheme, host and port are text; values fill only path and query, each encoded for its place. Of `mcp` the server's address, without values.",
    }),
  ),
  urlFrom: orNull(
    Type.String({
      maxLength: MAX_TEMPLATE_CHARS,
      description:
        "In the place of `url`: an address that a parameter brings, such as Slack's `response_url`, to one of `allowedHosts`.",
    }),
  ),
  allowedHosts: Type.Array(Type.String({ minLength: 1, maxLength: 260 }), {
    maxItems: 20,
    description: "`host` or `host:port` that `urlFrom` may name.",
  }),
  headers: templates("Headers by their names; one whose parameter is missing is left out."),
  query: templates("Arguments by their names; one whose parameter is missing is left out."),
  body: json("JSON with templates in its strings, or a text; null for none."),
  parameters: json("JSON Schema of the parameters; null takes any object."),
  timeoutMs: Type.Integer({
    minimum: 1,
    maximum: 120_000,
    description: "For all attempts together; the peer is never silent for more than 15 seconds.",
  }),
  retries: Type.Integer({
    minimum: 0,
    maximum: 2,
    description: "Further attempts, of GET, HEAD and idempotent tools only.",
  }),
  idempotent: Type.Boolean({
    description: "A repeat does no harm: the peer knows it by its `Idempotency-Key`.",
  }),
  maxResponseBytes: Type.Integer({ minimum: 1, maximum: 16 * 1024 * 1024 }),
  followRedirects: Type.Boolean({
    description: "Within the same host, up to five; otherwise a redirect is a failure.",
  }),
  toolName: orNull(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: "Of `mcp` alone: which of the server's tools is called.",
    }),
  ),
};

const EXAMPLE_SETTINGS: ToolSettings = {
  method: "POST",
  url: "https://api.github.com/repos/{{params.repository}}/issues/{{params.number}}/comments",
  urlFrom: null,
  allowedHosts: [],
  headers: { Authorization: "Bearer {{secrets.GITHUB_TOKEN}}" },
  query: {},
  body: { body: "{{params.text}}" },
  parameters: { type: "object", required: ["repository", "number", "text"] },
  timeoutMs: 30_000,
  retries: 2,
  idempotent: false,
  maxResponseBytes: 1_048_576,
  followRedirects: false,
  toolName: null,
};

export const ToolSchema = named(
  "Tool",
  closed({
    id: Type.String(),
    type: words(TOOL_TYPES),
    name: Type.String(),
    description: Type.String(),
    enabled: Type.Boolean(),
    ...settings,
    createdAt: Time,
    updatedAt: Time,
  }),
  {
    id: EXAMPLE.toolId,
    type: "http",
    name: "Comment on an issue",
    description: "Writes a comment on a GitHub issue.",
    enabled: true,
    ...EXAMPLE_SETTINGS,
    createdAt: EXAMPLE.time,
    updatedAt: EXAMPLE.time,
  },
);
export type Tool = Static<typeof ToolSchema>;

const optional = <Fields extends Record<string, TSchema>>(fields: Fields) =>
  Type.Partial(Type.Object(fields)).properties;

const own = optional({ ...settings, description, enabled: Type.Boolean() });

export const ToolCreateSchema = named(
  "ToolCreate",
  closed({ ...own, type: words(TOOL_TYPES), name }),
  {
    type: "http",
    name: "Comment on an issue",
    method: "POST",
    url: EXAMPLE_SETTINGS.url,
    headers: EXAMPLE_SETTINGS.headers,
    body: EXAMPLE_SETTINGS.body,
  },
);
export type ToolCreate = Static<typeof ToolCreateSchema>;

export const ToolPatchSchema = named("ToolPatch", closed({ ...own, name: Type.Optional(name) }), {
  enabled: false,
});
export type ToolPatch = Static<typeof ToolPatchSchema>;

export const McpServerSchema = named(
  "McpServer",
  closed({
    url: Type.String({ minLength: 1, maxLength: MAX_TEMPLATE_CHARS }),
    headers: Type.Optional(settings.headers),
  }),
  {
    url: "https://mcp.example.com/mcp",
    headers: { Authorization: "Bearer {{secrets.MCP_TOKEN}}" },
  },
);

export const McpToolsSchema = named(
  "McpTools",
  closed({
    tools: Type.Array(
      closed({ name: Type.String(), description: Type.String(), parameters: json("JSON Schema.") }),
    ),
    failure: orNull(closed({ code: Type.String(), message: Type.String() })),
  }),
  {
    tools: [
      {
        name: "search_issues",
        description: "Finds issues by words.",
        parameters: { type: "object", properties: { query: { type: "string" } } },
      },
    ],
    failure: null,
  },
);
export type McpTools = Static<typeof McpToolsSchema>;

export const ToolTestSchema = named(
  "ToolTest",
  closed({ params: json("The parameters, an object.") }),
  { params: { repository: "octocat/hello-world", number: 1, text: "Hello" } },
);

export const ToolTestResultSchema = named(
  "ToolTestResult",
  closed({
    ok: Type.Boolean({ description: "Whether the tool answered with 2xx." }),
    latencyMs: Type.Integer(),
    status: orNull(Type.Integer({ description: "HTTP status of the tool, where it gave one." })),
    output: json("What a step would get; null after a failure."),
    failure: orNull(closed({ code: Type.String(), message: Type.String() })),
  }),
  { ok: true, latencyMs: 212, status: 201, output: { id: 1 }, failure: null },
);
export type ToolTestResult = Static<typeof ToolTestResultSchema>;

export const NamedSecretSchema = named(
  "NamedSecret",
  closed({
    name: Type.String(),
    fingerprint: Type.String({ description: "The end of the secret, where it is long enough." }),
    createdAt: Time,
    lastUsedAt: orNull(Time),
  }),
  {
    name: "GITHUB_TOKEN",
    fingerprint: "…x9Qz",
    createdAt: EXAMPLE.time,
    lastUsedAt: EXAMPLE.later,
  },
);
export type NamedSecret = Static<typeof NamedSecretSchema>;

export const NamedSecretPutSchema = named(
  "NamedSecretPut",
  closed({ value: Type.String({ minLength: 1, maxLength: 8192 }) }),
  { value: "ghp_…" },
);
