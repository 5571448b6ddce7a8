// Wire shapes of an agent as a document, which another server can take, and of what taking it made.

import type { Static } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import { closed, EXAMPLE, named, orNull, words } from "../../lib/wire";
import { PipelineSchema } from "../../pipelines/pipelines.schema";
import { ProviderCreateSchema } from "../../providers/providers.schema";
import { SECRET_NAME_PATTERN } from "../../secrets/named.store";
import { ToolCreateSchema } from "../../tools/tools.schema";
import { IMPORT_GAPS, PROVIDER_TYPES } from "../../vocabulary";
import { AgentCreateSchema, AgentSchema, WebhookPatchSchema } from "../agents.schema";
import { referencePattern } from "./references";

export const FORMAT = "hookline.agent";
/** Raised when a reader of the one before would take a document wrongly. */
export const FORMAT_VERSION = 1;

const MAX_LISTED = 1_000;
const ref = (kind: string) =>
  Type.String({ pattern: referencePattern(kind), description: "As it stands in the document." });

const provider = closed({
  ref: ref("provider"),
  type: words(PROVIDER_TYPES),
  name: ProviderCreateSchema.properties.name,
  baseUrl: orNull(Type.String({ maxLength: 2000 })),
});

// Whether a tool is switched on is for each server to say.
const { enabled: _enabled, ...toolFields } = ToolCreateSchema.properties;
const tool = closed({ ref: ref("tool"), ...toolFields });

const agent = closed({ ref: ref("agent"), name: AgentCreateSchema.properties.name });

const needs = closed(
  {
    providers: Type.Array(provider, { maxItems: MAX_LISTED }),
    tools: Type.Array(tool, { maxItems: MAX_LISTED }),
    agents: Type.Array(agent, { maxItems: MAX_LISTED }),
    unknown: Type.Array(ref("(provider|tool|agent)"), {
      maxItems: MAX_LISTED,
      description: "What was named and not there when the document was made.",
    }),
    secrets: Type.Array(Type.String({ pattern: SECRET_NAME_PATTERN }), {
      maxItems: MAX_LISTED,
      description: "Names of the secrets that the tools read.",
    }),
    webhookSecret: Type.Boolean({ description: "Whether the webhook's method needs a secret." }),
  },
  { description: "What the agent names, by references; keys and secrets are never among it." },
);

const documentFields = {
  format: Type.Literal(FORMAT),
  version: Type.Literal(FORMAT_VERSION),
  name: AgentCreateSchema.properties.name,
  description: Type.String({ maxLength: 2000 }),
  pipeline: PipelineSchema,
  webhook: WebhookPatchSchema,
  needs,
};

const TOOL_REF = "tool:comment-on-an-issue";
const PROVIDER_REF = "provider:ollama";

const documentSchema = closed(documentFields);
export type AgentDocument = Static<typeof documentSchema>;

const EXAMPLE_DOCUMENT: AgentDocument = {
  format: FORMAT,
  version: FORMAT_VERSION,
  name: "Issue triage",
  description: "Sums up what was reported",
  pipeline: {
    nodes: [
      { id: "input", type: "input", data: {} },
      {
        id: "model",
        type: "llm_call",
        data: {
          providerId: PROVIDER_REF,
          userPromptTemplate: "{{input.message}}",
          toolIds: [TOOL_REF],
        },
      },
      { id: "output", type: "output", data: { mapping: "{{nodes.model.output}}" } },
    ],
    edges: [
      { id: "input-model", source: "input", target: "model" },
      { id: "model-output", source: "model", target: "output" },
    ],
  },
  webhook: { auth: { type: "hmac", preset: "github" }, limits: { perMinute: 30 } },
  needs: {
    providers: [
      {
        ref: PROVIDER_REF,
        type: "openai-compatible",
        name: "Ollama",
        baseUrl: "http://127.0.0.1:11434/v1",
      },
    ],
    tools: [
      {
        ref: TOOL_REF,
        type: "http",
        name: "Comment on an issue",
        method: "POST",
        url: "https://api.github.com/repos/{{params.repository}}/issues/{{params.number}}/comments",
        headers: { Authorization: "Bearer {{secrets.GITHUB_TOKEN}}" },
        body: { body: "{{params.text}}" },
      },
    ],
    agents: [],
    unknown: [],
    secrets: ["GITHUB_TOKEN"],
    webhookSecret: true,
  },
};

/** An agent's draft and settings, with everything that they name by reference. */
export const AgentDocumentSchema = named("AgentDocument", documentSchema, EXAMPLE_DOCUMENT);

const mapOf = (kind: string, id: string) =>
  Type.Optional(
    Type.Record(
      Type.String({ pattern: referencePattern(kind) }),
      Type.String({ maxLength: 100, examples: [id] }),
      { additionalProperties: false, description: `References and the ids of ${kind}s here.` },
    ),
  );

/** A document to take, and what stands for its references where the caller says it. */
export const AgentImportSchema = named(
  "AgentImport",
  closed({
    ...documentFields,
    map: Type.Optional(
      closed({
        providers: mapOf("provider", EXAMPLE.providerId),
        tools: mapOf("tool", EXAMPLE.toolId),
        agents: mapOf("agent", EXAMPLE.agentId),
      }),
    ),
  }),
  { ...EXAMPLE_DOCUMENT, map: { providers: { [PROVIDER_REF]: EXAMPLE.providerId } } },
);
export type AgentImport = Static<typeof AgentImportSchema>;

const found = Type.Array(closed({ ref: Type.String(), id: Type.String() }));
const gaps = Type.Array(
  closed({
    ref: Type.String(),
    name: orNull(Type.String()),
    reason: words(IMPORT_GAPS),
  }),
);

const outcome = closed({
  created: closed({ tools: found }),
  matched: closed({ providers: found, tools: found, agents: found }),
  missing: closed(
    { secrets: Type.Array(Type.String()), providers: gaps, tools: gaps, agents: gaps },
    { description: "What the document names and is not here; the draft's faults say where." },
  ),
});
/** What became of a document's references. */
export type Outcome = Static<typeof outcome>;

const [EXAMPLE_AGENT] = AgentSchema["examples"];

/** The new agent, and what became of the document's references. */
export const AgentImportedSchema = named(
  "AgentImported",
  closed({ ...AgentSchema.properties, ...outcome.properties }),
  {
    ...EXAMPLE_AGENT,
    status: "draft",
    liveVersion: null,
    webhookEnabled: false,
    created: { tools: [{ ref: TOOL_REF, id: EXAMPLE.toolId }] },
    matched: { providers: [{ ref: PROVIDER_REF, id: EXAMPLE.providerId }], tools: [], agents: [] },
    missing: { secrets: [], providers: [], tools: [], agents: [] },
  },
);
