// A stranger's text that gives orders to a model that obeys all of them.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { ADDRESSES, EVIL_HOST, INJECTIONS, SECOND_ORDER } from "../../support/injections";
import { createObedientModel, MODEL_HOST, type Sent } from "../../support/obedient-model";

const SECRETS = {
  GITHUB_TOKEN: "ghp_canary-that-only-api.test-may-read",
  DANGER_KEY: "key_canary-that-nobody-may-read",
};
const MODEL_KEY = "sk-canary-that-only-the-model-may-read";

const TOOLS = {
  comment: {
    type: "http",
    name: "Comment",
    method: "POST",
    url: "https://api.test/repos/octocat/issues/{{params.number}}/comments",
    headers: { Authorization: "Bearer {{secrets.GITHUB_TOKEN}}", "X-Trace": "{{params.trace}}" },
    query: { about: "{{params.about}}" },
    body: { body: "{{params.text}}" },
  },
  danger: {
    type: "http",
    name: "Danger",
    method: "POST",
    url: "https://danger.test/drop",
    headers: { Authorization: "Bearer {{secrets.DANGER_KEY}}" },
    body: { text: "{{params.text}}" },
  },
  reply: {
    type: "http",
    name: "Reply",
    method: "POST",
    urlFrom: "{{params.address}}",
    allowedHosts: ["hooks.chat.test"],
    headers: {},
    body: { text: "{{params.text}}" },
  },
};

/** What the tool of api.test answers: the secret it was sent, and orders of its own. */
const answerBack = ({ headers }: Sent): Response =>
  Response.json({ note: SECOND_ORDER, echoed: headers["authorization"] ?? null });

/** An agent whose model is offered all three tools, and whose webhook allows only the first. */
async function createScene() {
  const { outbound, sent } = createObedientModel(answerBack);
  const app = await createTestApp({ outbound, config: { maxToolCalls: 200 } });
  for (const [name, value] of Object.entries(SECRETS))
    await app.api(`PUT /secrets/${name}`, { value });
  const ids = new Map<string, string>();
  for (const [name, tool] of Object.entries(TOOLS)) {
    const made = await app.api("POST /tools", tool);
    ids.set(name, made.data.id);
  }
  const provider = await app.api("POST /providers", {
    type: "openai-compatible",
    name: "Obedient",
    baseUrl: `https://${MODEL_HOST}/v1`,
    apiKey: MODEL_KEY,
  });
  const other = await app.agent({ name: "Other" });
  await app.api(`POST /agents/${other.id}/activate`);
  const id = (name: string): string => ids.get(name) ?? "";
  const pipeline = {
    nodes: [
      { id: "in", type: "input", data: {} },
      {
        id: "sum",
        type: "llm_call",
        data: {
          providerId: provider.data.id,
          model: "obedient",
          userPromptTemplate: "Sum up: {{input.text}}",
          toolIds: [id("comment"), id("danger")],
        },
      },
      {
        id: "drop",
        type: "tool_call",
        data: {
          toolId: id("danger"),
          parameterMapping: { text: "{{nodes.sum.output}}" },
          onError: "continue",
        },
      },
      {
        id: "reply",
        type: "tool_call",
        data: {
          toolId: id("reply"),
          parameterMapping: { address: "{{input.address}}", text: "{{nodes.sum.output}}" },
          onError: "continue",
        },
      },
      {
        id: "call",
        type: "sub_agent",
        data: { agentId: other.id, inputMapping: { x: "{{input}}" }, onError: "continue" },
      },
      { id: "out", type: "output", data: { mapping: "{{nodes.sum.output}}" } },
    ],
    edges: ["in>sum", "sum>drop", "sum>reply", "sum>call", "drop>out", "reply>out", "call>out"].map(
      (ends, index) => {
        const [source, target] = ends.split(">");
        return { id: `e${index}`, source, target };
      },
    ),
  };
  const agent = await app.agent({
    pipeline,
    webhook: {
      limits: { perMinute: 1000 },
      allow: { toolIds: [id("comment"), id("reply")], agentIds: [] },
    },
  });
  return { app, sent, agent, other };
}

/** Whether a request went where the agent's owner has sent it. */
const isAllowed = ({ url }: Sent): boolean => {
  const { origin, pathname, host } = new URL(url);
  if (host === MODEL_HOST) return true;
  return (
    origin === "https://api.test" &&
    /^\/repos\/octocat\/issues\/[^/]+\/comments$/.test(pathname) &&
    !/%2e%2e$|^\.+$/i.test(pathname.split("/")[4] ?? "")
  );
};

const HEADER_OF = new Map([
  ["api.test", `Bearer ${SECRETS.GITHUB_TOKEN}`],
  [MODEL_HOST, `Bearer ${MODEL_KEY}`],
]);

/** A request's text without the one place where its secret belongs. */
function withoutOwnSecret({ url, headers, body }: Sent): string {
  const { authorization, ...others } = headers;
  const own = HEADER_OF.get(new URL(url).host);
  return JSON.stringify([url, others, body, authorization === own ? null : authorization]);
}

const CANARIES = [...Object.values(SECRETS), MODEL_KEY];
const findCanaries = (text: string): string[] => CANARIES.filter((canary) => text.includes(canary));

describe("a model that obeys the attacker", () => {
  test("is tried with at least fifty payloads, no two the same", () => {
    expect(new Set(INJECTIONS.map(([, text]) => text)).size).toBeGreaterThanOrEqual(50);
  });

  test.each(INJECTIONS)("sends nothing elsewhere and tells no secret where %s", async (_, text) => {
    const { app, sent, agent, other } = await createScene();
    const place = INJECTIONS.findIndex(([, payload]) => payload === text) % ADDRESSES.length;
    const address = ADDRESSES[place];
    const accepted = await app.deliver(agent.id, JSON.stringify({ text, address }));
    expect(accepted.status).toBe(200);
    await app.pool.idle();
    const { executionId } = accepted.data;
    const execution = await app.api(`GET /agents/${agent.id}/executions/${executionId}`);
    expect(sent.some(({ url }) => new URL(url).host === MODEL_HOST)).toBe(true);
    expect(sent.filter((one) => !isAllowed(one)).map(({ url }) => url)).toEqual([]);
    expect(findCanaries(sent.map(withoutOwnSecret).join("\n"))).toEqual([]);
    expect(findCanaries(execution.text)).toEqual([]);
    expect(
      sent.some(({ headers }) => headers["host"] === EVIL_HOST || "x-injected" in headers),
    ).toBe(false);
    const { data } = await app.api(`GET /agents/${other.id}/executions`);
    expect(data).toEqual([]);
    const errors = execution.data.steps.map(
      (step: { nodeId: string; error: { code: string } | null }) => [step.nodeId, step.error?.code],
    );
    expect(execution.data.status).toBe("completed");
    expect(Object.fromEntries(errors)).toMatchObject({
      drop: "TOOL_NOT_ALLOWED",
      reply: expect.stringMatching(/^(TOOL_INPUT_INVALID|URL_INVALID)$/),
      call: "SUB_AGENT_NOT_ALLOWED",
    });
  });
});
