// Agents that tests need again and again: pipelines, providers, webhooks with a known secret.

import type { TestApp } from "./app";

/** The secret of `agentWithSecret`, and the one that it sets for `basic`. */
export const SECRET = "a-webhook-secret-of-the-tests";
export const BASIC_SECRET = `sender:${SECRET}`;

interface PipelineOptions {
  providerId?: string;
  /** JSON Schema of the input node. */
  schema?: unknown;
  mapping?: unknown;
  prompt?: string;
}

/** input → llm_call → output; on `echo` it answers its input. */
export const pipelineOf = (options: PipelineOptions = {}) => ({
  nodes: [
    {
      id: "input",
      type: "input",
      data: options.schema === undefined ? {} : { schema: options.schema },
    },
    {
      id: "llm",
      type: "llm_call",
      data: {
        providerId: options.providerId ?? "echo",
        userPromptTemplate: options.prompt ?? "{{input}}",
        // Pauses between attempts are real time.
        retries: 0,
      },
    },
    {
      id: "output",
      type: "output",
      data: { mapping: options.mapping ?? "{{nodes.llm.output}}" },
    },
  ],
  edges: [
    { id: "e1", source: "input", target: "llm" },
    { id: "e2", source: "llm", target: "output" },
  ],
});

/** An agent as a document that names nothing but `echo`. */
export const documentOf = (more: Record<string, unknown> = {}) => ({
  format: "hookline.agent",
  version: 1,
  name: "agent",
  description: "",
  pipeline: pipelineOf(),
  webhook: {},
  needs: {
    providers: [],
    tools: [],
    agents: [],
    unknown: [],
    secrets: [],
    webhookSecret: false,
  },
  ...more,
});

/** Stores a provider whose calls go through the app's `outbound`; returns its id. */
export async function addProvider(app: TestApp): Promise<string> {
  const baseUrl = "https://models.test/v1";
  const made = await app.api("POST /providers", {
    type: "openai-compatible",
    name: "models",
    baseUrl,
  });
  if (made.status !== 201) throw new Error(made.text);
  return made.data.id;
}

/** An agent whose model call goes out, to be held. */
export async function agentOnProvider(app: TestApp, patch: Record<string, unknown> = {}) {
  const providerId = await addProvider(app);
  return app.agent({ pipeline: pipelineOf({ providerId }), ...patch });
}

/** Sets `secret` as the agent's only one. */
export async function setSecret(app: TestApp, data: { id: string; secret: string }): Promise<void> {
  const { secret } = data;
  const path = `/agents/${data.id}/webhook/secrets`;
  const taken = await app.api(`POST ${path}`, { secret, graceSeconds: 0 });
  if (taken.status !== 201) throw new Error(taken.text);
}

/** An agent with that method of authentication, whose only secret is `SECRET` or `BASIC_SECRET`. */
export async function agentWithSecret(
  app: TestApp,
  data: { auth: Record<string, unknown>; patch?: Record<string, unknown> },
) {
  const { webhook, ...rest } = { webhook: {}, ...data.patch };
  const agent = await app.agent({
    ...rest,
    webhook: { ...(typeof webhook === "object" ? webhook : {}), auth: data.auth },
  });
  const secret = data.auth["type"] === "basic" ? BASIC_SECRET : SECRET;
  await setSecret(app, { id: agent.id, secret });
  return agent;
}
