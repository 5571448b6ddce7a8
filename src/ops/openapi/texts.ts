// What the OpenAPI document says beside its operations: tags, credentials, headers, path parameters.

import type { AnswerHeader } from "../../lib/operation";
import { READ_TOKEN_SCHEME, TOKEN_SCHEME, WEBHOOK_SCHEMES } from "../../lib/operation";
import { EXAMPLE } from "../../lib/wire";
import type { Tag } from "../../vocabulary";

export const INTRODUCTION = `- Answers are \`{"success": true, "data": …}\`; lists have \`page\` beside \`data\`. Every failure is one shape, \`{"success": false, "error": {code, message, requestId, …}}\`.
- API tokens go into \`Authorization: Bearer hk_live_…\`; each has a scope: \`read\`, \`operate\` (which includes it) or \`admin\` (which includes both).
- Unknown fields and query parameters are refused. Times are ISO 8601 in UTC, durations milliseconds, sizes bytes, money US dollars.
- Send an \`X-Request-Id\` of your own to find a request in the log; else the server makes one.
- A known path under another method answers 405 with \`Allow\`.`;

/** By tag, in the order of the document. */
export const TAG_TEXTS: Record<Tag, string> = {
  Agents: "A draft pipeline each, numbered versions of it, and whether one is live.",
  Webhooks: "An agent's webhook: deliveries to it, and its secrets.",
  Deliveries: "The ledger: what became of every delivery, and why.",
  Executions: "Runs of an agent's pipeline, their steps and results.",
  Providers: "Model providers that pipelines call.",
  Tools: "Tools that pipelines call, and the secrets that they read.",
  Tokens: "API tokens.",
  System: "Probes, and this document.",
};

const [BEARER, BASIC, SIGNATURE, GITHUB] = WEBHOOK_SCHEMES;

export const SECURITY_SCHEMES = {
  [TOKEN_SCHEME]: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "hk_live_…",
    description: "An API token; operations name the scope it must cover.",
  },
  [READ_TOKEN_SCHEME]: {
    type: "apiKey",
    in: "query",
    name: "token",
    description: "The token of a delivery's `Location`: reads that execution's result only.",
  },
  [BEARER]: {
    type: "http",
    scheme: "bearer",
    description: "A webhook's own secret, where its method is `bearer`.",
  },
  [BASIC]: {
    type: "http",
    scheme: "basic",
    description: "A webhook's own secret, `user:password`, where its method is `basic`.",
  },
  [SIGNATURE]: {
    type: "apiKey",
    in: "header",
    name: "X-Webhook-Signature",
    description: "`sha256=` and HMAC-SHA256 of the body in hex, with the preset `hmac`.",
  },
  [GITHUB]: {
    type: "apiKey",
    in: "header",
    name: "X-Hub-Signature-256",
    description: "`sha256=` and HMAC-SHA256 of the body in hex, with the preset `github`.",
  },
};

interface HeaderText {
  description: string;
  schema: { type: "string" | "integer" };
  example: string | number;
}

const text = (description: string, example: string): HeaderText => ({
  description,
  schema: { type: "string" },
  example,
});

const integer = (description: string, example: number): HeaderText => ({
  description,
  schema: { type: "integer" },
  example,
});

export const HEADER_TEXTS: Record<AnswerHeader, HeaderText> = {
  "X-Request-Id": text("The request's name in the server's log.", EXAMPLE.requestId),
  Location: text(
    "Where what was made is read.",
    `/agents/${EXAMPLE.agentId}/executions/${EXAMPLE.executionId}?token=…`,
  ),
  "Retry-After": integer("Seconds after which to try again.", 5),
  "WWW-Authenticate": text("How to send the credential.", "Bearer"),
  "RateLimit-Policy": text(
    "The webhook's limit and its window in seconds.",
    '"webhook";q=100;w=60',
  ),
  RateLimit: text("What is left of it, and seconds until it resets.", '"webhook";r=99;t=60'),
  "X-RateLimit-Limit": integer("Deliveries that the webhook accepts in one minute.", 100),
  "X-RateLimit-Remaining": integer("Deliveries left in this minute.", 99),
  "X-RateLimit-Reset": integer("When the limit resets, in seconds since 1970.", 1_769_851_860),
  "Idempotent-Replayed": text(
    "`true` where this is the answer to an earlier request of the same key.",
    "true",
  ),
  ETag: text("For `If-None-Match`; an agent's also for `If-Match`.", '"7"'),
  "Content-Disposition": text("Bytes of strangers are saved, not shown.", "attachment"),
};

/** Parameters in paths, by the end of the path up to them. */
export const PATH_TEXTS: Record<string, { description: string; example: string }> = {
  "/agents/{id}": { description: "The agent's id.", example: EXAMPLE.agentId },
  "/tokens/{id}": { description: "The token's id.", example: EXAMPLE.tokenId },
  "/prices/{id}": { description: "The price's id.", example: EXAMPLE.priceId },
  "/providers/{id}": { description: "The provider's id.", example: EXAMPLE.providerId },
  "/tools/{id}": { description: "The tool's id.", example: EXAMPLE.toolId },
  "/secrets/{name}": { description: "The secret's name.", example: "GITHUB_TOKEN" },
  "/executions/{executionId}": {
    description: "The execution's id.",
    example: EXAMPLE.executionId,
  },
  "/deliveries/{deliveryId}": { description: "The delivery's id.", example: EXAMPLE.deliveryId },
  "/versions/{version}": { description: "The version's number.", example: "1" },
};
