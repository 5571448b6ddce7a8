// The webhook in the OpenAPI document. Its route takes raw bytes, so nothing of this is checked by
// the framework: the gates of `receive.ts` are what it describes.

import { Type } from "@sinclair/typebox";
import { describeOperation, WEBHOOK_SCHEMES } from "../lib/operation";
import { answer } from "../lib/wire";
import { DeliveryAnswerSchema } from "./deliveries.schema";

const DESCRIPTION = `The body is the input of an execution, which is on disk before this answers 200. The credential is the webhook's own (\`webhook.auth\`), never an API token; an open webhook asks for none.

With \`webhook.respond.waitSeconds\` the answer waits for the end so long, and then carries status and output.

\`Location\` has the execution's result and needs no API token. Any query is taken and reaches the input as \`trigger.query\`.`;

const operation = describeOperation({
  id: "deliverWebhook",
  summary: "Delivers a webhook to an agent",
  description: DESCRIPTION,
  tag: "Webhooks",
  scope: null,
  fails: [
    "NOT_FOUND",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_ENCODING",
    "UNSUPPORTED_MEDIA_TYPE",
    "BODY_TIMEOUT",
    "OVERLOADED",
    "UNAUTHORIZED",
    "TOO_MANY_FAILURES",
    "SECRET_UNREADABLE",
    "INVALID_JSON",
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_MISMATCH",
    "INPUT_INVALID",
    "SANDBOX_BUSY",
    "SANDBOX_UNAVAILABLE",
    "RATE_LIMITED",
    "CONCURRENCY_LIMITED",
    "STORAGE_UNAVAILABLE",
  ],
  headers: ["Location", "Idempotent-Replayed"],
  headersOfAll: [
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
  ],
  answers: { 200: { type: "application/json", schema: answer(DeliveryAnswerSchema) } },
});

/** `detail` of the webhook's route. */
export const WEBHOOK_DETAIL = {
  ...operation,
  security: [...WEBHOOK_SCHEMES.map((scheme) => ({ [scheme]: [] })), {}],
  parameters: [
    {
      name: "Idempotency-Key",
      in: "header" as const,
      schema: Type.String({
        minLength: 1,
        maxLength: 255,
        description: "Names one request: repeats of it get the answer to the first.",
        examples: ["order-1042-paid"],
      }),
    },
  ],
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: { description: "Any JSON value that fits the schema of the input node." },
        example: { message: "Process this incoming data", payload: { key: "value" } },
      },
      "application/x-www-form-urlencoded": {
        schema: {
          type: "object" as const,
          required: ["payload"],
          properties: {
            payload: {
              type: "string" as const,
              description: "The JSON; only where the webhook's preset takes forms (`github`).",
            },
          },
        },
        example: { payload: '{"zen":"Keep it logically awesome."}' },
      },
    },
  },
};
