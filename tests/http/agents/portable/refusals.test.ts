// Documents that are refused: told where and why, and nothing is stored of them.

import { afterEach, describe, expect, test } from "bun:test";
import { documentOf, pipelineOf } from "../../../support/agents";
import type { TestApp } from "../../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../../support/app";
import { expectAnswer } from "../../../support/expectations";
import { bearerHeaders } from "../../../support/signing";
import { addToken } from "../../../support/tokens";

const app = await createTestApp();

const TABLES = ["agents", "agent_versions", "tools", "providers", "secrets"];
const countRows = (): number[] =>
  TABLES.map(
    (table) =>
      app.db.raw.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()?.n ?? -1,
  );

const BEFORE = countRows();
afterEach(() => expect(countRows()).toEqual(BEFORE));

/** As text, as an object of a program would lose `__proto__`. */
async function takeText(body: string) {
  const headers = { ...bearerHeaders(ADMIN_TOKEN), "Content-Type": "application/json" };
  return readAnswer(await app.request("/agents/import", { method: "POST", headers, body }));
}

const { needs } = documentOf();
const TOOL = { ref: "tool:t", type: "http", name: "t", method: "GET", url: "https://t.test/" };
const needing = (more: object) => ({ ...needs, ...more });
const callsTool = (toolId: unknown) => ({
  ...pipelineOf(),
  nodes: [...pipelineOf().nodes, { id: "t", type: "tool_call", data: { toolId } }],
});
/** A document whose pipeline calls these tools. */
const withTools = (...tools: (typeof TOOL & { headers?: object })[]) =>
  documentOf({
    pipeline: {
      ...pipelineOf(),
      nodes: [
        ...pipelineOf().nodes,
        ...tools.map(({ ref }, at) => ({
          id: `t${at}`,
          type: "tool_call",
          data: { toolId: ref },
        })),
      ],
    },
    needs: needing({ tools }),
  });
const mapping = (map: unknown) => ({ ...withTools(TOOL), map });

const { format: _format, ...formatless } = documentOf();

const REFUSED: [name: string, body: unknown, places: [path: string, code: string][]][] = [
  ["no object", [], [["", "INVALID"]]],
  ["no format", formatless, [["/format", "INVALID"]]],
  ["another format", documentOf({ format: "n8n" }), [["/format", "INVALID"]]],
  ["a newer version", documentOf({ version: 2, more: 1 }), [["/version", "VALUE_UNAVAILABLE"]]],
  ["a version that is none", documentOf({ version: "1" }), [["/version", "INVALID"]]],
  ["version 0", documentOf({ version: 0 }), [["/version", "INVALID"]]],
  ["an unknown key", documentOf({ id: "agt_x" }), [["/id", "INVALID"]]],
  [
    "an unknown key of needs",
    documentOf({ needs: needing({ keys: 1 }) }),
    [["/needs/keys", "INVALID"]],
  ],
  [
    "a key beside a provider",
    documentOf({
      needs: needing({
        providers: [{ ref: "provider:p", type: "openai", name: "p", baseUrl: null, apiKey: "k" }],
      }),
    }),
    [["/needs/providers/0/apiKey", "INVALID"]],
  ],
  ["no name", documentOf({ name: "" }), [["/name", "INVALID"]]],
  ["no needs", documentOf({ needs: null }), [["/needs", "INVALID"]]],
  ["a switched-on webhook", documentOf({ webhookEnabled: true }), [["/webhookEnabled", "INVALID"]]],
  [
    "webhook settings of a later version",
    documentOf({ webhook: { filter: {}, limits: { overflow: "coalesce" } } }),
    [
      ["/webhook/limits/overflow", "VALUE_UNAVAILABLE"],
      ["/webhook/filter", "VALUE_UNAVAILABLE"],
    ],
  ],
  [
    "webhook settings that do not go together",
    documentOf({ webhook: { auth: { type: "bearer", preset: "github" } } }),
    [["/webhook/auth/preset", "PRESET_NEEDS_TYPE"]],
  ],
  [
    "the id of a provider",
    documentOf({ pipeline: pipelineOf({ providerId: "prv_0" }) }),
    [["/pipeline/nodes/1/data/providerId", "REFERENCE_UNKNOWN"]],
  ],
  [
    "a tool that is not listed",
    documentOf({ pipeline: callsTool("tool:t") }),
    [["/pipeline/nodes/3/data/toolId", "REFERENCE_UNKNOWN"]],
  ],
  [
    "a reference of another kind",
    documentOf({
      pipeline: callsTool("agent:a"),
      needs: needing({ agents: [{ ref: "agent:a", name: "a" }] }),
    }),
    [["/pipeline/nodes/3/data/toolId", "REFERENCE_UNKNOWN"]],
  ],
  [
    "allowed calls that are not listed",
    documentOf({ webhook: { allow: { toolIds: ["tool:a"], agentIds: ["agent:a", "agt_x"] } } }),
    [
      ["/webhook/allow/toolIds/0", "REFERENCE_UNKNOWN"],
      ["/webhook/allow/agentIds/0", "REFERENCE_UNKNOWN"],
      ["/webhook/allow/agentIds/1", "REFERENCE_UNKNOWN"],
    ],
  ],
  [
    "a reference listed twice",
    documentOf({ needs: needing({ tools: [TOOL], unknown: ["tool:t"] }) }),
    [["/needs/unknown/0", "REFERENCE_DUPLICATE"]],
  ],
  [
    "a reference that could be an id",
    withTools({ ...TOOL, ref: "tool_0" }),
    [["/needs/tools/0/ref", "INVALID"]],
  ],
  [
    "a tool that cannot be, after one that can",
    withTools(TOOL, { ...TOOL, ref: "tool:u", url: "ftp://x" }),
    [["/needs/tools/1/url", "URL_INVALID"]],
  ],
  [
    "a tool of an MCP server that is not named",
    withTools({ ...TOOL, type: "mcp" }),
    [["/needs/tools/0/toolName", "REQUIRED"]],
  ],
  [
    "a tool whose header is the connection's",
    withTools({ ...TOOL, headers: { Host: "x" } }),
    [["/needs/tools/0/headers/Host", "HEADER_UNAVAILABLE"]],
  ],
  [
    "a map to what is not there",
    mapping({ tools: { "tool:t": "tool_none" } }),
    [["/map/tools/tool:t", "TOOL_UNKNOWN"]],
  ],
  [
    "a map of what is not listed",
    mapping({ agents: { "agent:a": "agt_x" } }),
    [["/map/agents/agent:a", "REFERENCE_UNKNOWN"]],
  ],
  ["a map by another key", mapping({ tool: {} }), [["/map/tool", "INVALID"]]],
  ["a map of an id", mapping({ tools: { toString: "x" } }), [["/map/tools/toString", "INVALID"]]],
  ["a map to no text", mapping({ tools: { "tool:t": 1 } }), [["/map/tools/tool:t", "INVALID"]]],
  [
    "more than may be listed",
    documentOf({
      needs: needing({ unknown: Array.from({ length: 1001 }, (_, n) => `tool:t${n}`) }),
    }),
    [["/needs/unknown", "INVALID"]],
  ],
];

describe("refused and stored in no part is a document with", () => {
  test.each(REFUSED)("%s", async (_name, body, places) => {
    const refused = await takeText(JSON.stringify(body));
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    const told = refused.error.details.map(({ path, code }: Record<string, string>) => [
      path,
      code,
    ]);
    expect(told).toEqual(places);
  });

  test.each([
    ["the document", '{"__proto__":{"name":"x"},', "/__proto__", (text: string) => text.slice(1)],
    [
      "needs",
      '"needs":{"__proto__":[],',
      "/needs/__proto__",
      (text: string) => text.replace('"needs":{', "\u0000"),
    ],
    [
      "the map",
      '{"map":{"tools":{"__proto__":"tool_x"}},',
      "/map/tools/__proto__",
      (text: string) => text.slice(1),
    ],
  ])("__proto__ in %s", async (_name, part, path, cut) => {
    const rest = cut(JSON.stringify(documentOf()));
    const text = rest.includes("\u0000") ? rest.replace("\u0000", part) : part + rest;
    const refused = await takeText(text);
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toContainEqual(expect.objectContaining({ path }));
  });

  test("a hundred faults, of which twenty are told", async () => {
    const toolIds = Array.from({ length: 100 }, (_, at) => `tool:t${at}`);
    const refused = await takeText(JSON.stringify(documentOf({ webhook: { allow: { toolIds } } })));
    expect(refused.error.details).toHaveLength(20);
  });
});

test("a document that nests too deep, or is too large, is not read", async () => {
  const deep = `${"[".repeat(100)}${"]".repeat(100)}`;
  const nested = JSON.stringify(documentOf()).replace('"webhook":{}', `"webhook":${deep}`);
  expectAnswer(await takeText(nested), { status: 400, code: "INVALID_JSON" });
  const large = JSON.stringify(documentOf({ description: "x".repeat(1024 * 1024) }));
  expectAnswer(await takeText(large), { status: 413, code: "PAYLOAD_TOO_LARGE" });
});

test("a token without the scope is refused before the document is looked at", async () => {
  const token = await addToken(app, { scope: "operate" });
  const call = "POST /agents/import";
  const refused = await app.api(call, documentOf({ version: 9 }), token);
  expectAnswer(refused, { status: 403, code: "FORBIDDEN" });
});

test("a token of one agent gives its document, no other's, and takes none", async () => {
  const own: TestApp = await createTestApp();
  const [mine, other] = [await own.agent(), await own.agent()];
  const token = await addToken(own, { scope: "admin", agentId: mine.id });
  expect((await own.api(`GET /agents/${mine.id}/export`, undefined, token)).status).toBe(200);
  for (const [call, body] of [
    [`GET /agents/${other.id}/export`, undefined],
    ["POST /agents/import", documentOf()],
  ] as const) {
    expectAnswer(await own.api(call, body, token), { status: 403, code: "FORBIDDEN" });
  }
  expect((await own.api("GET /agents")).data).toHaveLength(2);
});
