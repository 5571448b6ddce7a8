// One good and one bad call of every operation of the OpenAPI document, by its `operationId`.
// `contract.test.ts` fails for an operation without a row: add one line here.

import { documentOf, pipelineOf } from "../../support/agents";

/** A call with the admin token. Names in its path are those of `World`. */
export interface Call {
  call: string;
  body?: unknown;
}

export interface OperationRow {
  /** Answered with a success. */
  good: Call;
  /** Answered with a failure of the caller's. */
  bad: Call;
}

/**
 * What a path may name: an agent with its webhook on, an execution that has ended and one that
 * waits, deliveries, a provider and a token.
 */
export type Name =
  | ":agent"
  | ":execution"
  | ":delivery"
  | ":refused"
  | ":waiting"
  | ":interrupted"
  | ":provider"
  | ":price"
  | ":tool"
  | ":token";

const row = (good: Call | string, bad: Call | string): OperationRow => ({
  good: typeof good === "string" ? { call: good } : good,
  bad: typeof bad === "string" ? { call: bad } : bad,
});

const TOOL = { type: "http", name: "Status", method: "GET", url: "https://tools.test/status" };
const PRICE = { provider: "openai", model: "new", input: 1, cachedInput: 0.5, output: 2 };
const PROVIDER = { type: "openai-compatible", name: "p", baseUrl: "https://x.test/v1" };

export const OPERATIONS: Record<string, OperationRow> = {
  getHealth: row("GET /healthz", "GET /healthz?x=1"),
  getReadiness: row("GET /readyz", "GET /readyz?x=1"),
  getSwagger: row("GET /swagger", "GET /swagger?x=1"),
  getOpenApi: row("GET /swagger/json", "GET /swagger/json?x=1"),

  listAgents: row("GET /agents?limit=1", "GET /agents?limit=0"),
  createAgent: row(
    { call: "POST /agents", body: { name: "a", pipeline: pipelineOf(), webhookEnabled: true } },
    { call: "POST /agents", body: {} },
  ),
  getAgent: row("GET /agents/:agent", "GET /agents/agt_none"),
  updateAgent: row(
    { call: "PATCH /agents/:agent", body: { webhook: { auth: { type: "hmac" } } } },
    { call: "PATCH /agents/:agent", body: { nme: "a" } },
  ),
  deleteAgent: row("DELETE /agents/:agent", "DELETE /agents/agt_none"),
  activateAgent: row("POST /agents/:agent/activate", "POST /agents/agt_none/activate"),
  deactivateAgent: row("POST /agents/:agent/deactivate", "POST /agents/agt_none/deactivate"),
  validateAgent: row(
    { call: "POST /agents/:agent/validate", body: { pipeline: pipelineOf() } },
    { call: "POST /agents/:agent/validate", body: { pipelin: 1 } },
  ),
  duplicateAgent: row("POST /agents/:agent/duplicate", "POST /agents/agt_none/duplicate"),
  exportAgent: row("GET /agents/:agent/export", "GET /agents/agt_none/export"),
  importAgent: row(
    { call: "POST /agents/import", body: documentOf() },
    { call: "POST /agents/import", body: documentOf({ version: 2 }) },
  ),
  listVersions: row("GET /agents/:agent/versions", "GET /agents/agt_none/versions"),
  getVersion: row("GET /agents/:agent/versions/1", "GET /agents/:agent/versions/2"),
  rotateWebhookSecret: row(
    { call: "POST /agents/:agent/webhook/secrets", body: {} },
    { call: "POST /agents/:agent/webhook/secrets", body: { graceSeconds: -1 } },
  ),

  listAgentTemplates: row("GET /agents/templates", "GET /agents/templates?limit=1"),
  diffVersions: row(
    "GET /agents/:agent/versions/1/diff?from=1",
    "GET /agents/:agent/versions/1/diff?from=9",
  ),
  rollBackVersion: row(
    { call: "POST /agents/:agent/versions/1/rollback", body: { note: "back" } },
    { call: "POST /agents/:agent/versions/9/rollback", body: {} },
  ),

  deliverWebhook: row(
    { call: "POST /agents/:agent/webhook", body: { message: "hello" } },
    "POST /agents/:agent/webhook",
  ),
  listDeliveries: row("GET /deliveries?verdict=refused", "GET /deliveries?verdict=lost"),
  getDelivery: row("GET /deliveries/:refused", "GET /deliveries/dlv_none"),
  getDeliveryBody: row("GET /deliveries/:delivery/raw", "GET /deliveries/dlv_none/raw"),
  listDeliveriesOfAgent: row("GET /agents/:agent/deliveries", "GET /agents/agt_none/deliveries"),
  getDeliveryOfAgent: row(
    "GET /agents/:agent/deliveries/:delivery",
    "GET /agents/:agent/deliveries/dlv_none",
  ),
  getDeliveryBodyOfAgent: row(
    "GET /agents/:agent/deliveries/:delivery/raw",
    "GET /agents/:agent/deliveries/dlv_none/raw",
  ),

  listExecutions: row(
    "GET /agents/:agent/executions?status=completed,failed&trigger=webhook",
    "GET /agents/:agent/executions?status=done",
  ),
  getExecution: row(
    "GET /agents/:agent/executions/:execution",
    "GET /agents/:agent/executions/exec_none",
  ),
  invokeAgent: row(
    { call: "POST /agents/:agent/invoke", body: { input: { message: "hello" } } },
    { call: "POST /agents/:agent/invoke", body: {} },
  ),

  cancelExecution: row(
    "POST /agents/:agent/executions/:waiting/cancel",
    "POST /agents/:agent/executions/:execution/cancel",
  ),

  streamExecutionEvents: row(
    "GET /agents/:agent/executions/:execution/events",
    "GET /agents/:agent/executions/exec_none/events",
  ),
  compareExecutions: row(
    "GET /agents/:agent/executions/:execution/compare?with=:execution",
    "GET /agents/:agent/executions/:execution/compare?with=exec_none",
  ),
  replayExecution: row(
    { call: "POST /agents/:agent/executions/:execution/replay", body: { version: "latest" } },
    { call: "POST /agents/:agent/executions/:execution/replay", body: { fromNode: "nobody" } },
  ),
  resumeExecution: row(
    { call: "POST /agents/:agent/executions/:interrupted/resume", body: { call: "discard" } },
    { call: "POST /agents/:agent/executions/:execution/resume", body: { call: "again" } },
  ),

  listProviders: row("GET /providers", "GET /providers?limit=x"),
  createProvider: row(
    { call: "POST /providers", body: PROVIDER },
    { call: "POST /providers", body: { ...PROVIDER, type: "none" } },
  ),
  getProvider: row("GET /providers/:provider", "GET /providers/prv_none"),
  updateProvider: row(
    { call: "PATCH /providers/:provider", body: { apiKey: "sk-0123456789abcdef" } },
    { call: "PATCH /providers/echo", body: { name: "mine" } },
  ),
  testProvider: row(
    { call: "POST /providers/echo/test", body: {} },
    { call: "POST /providers/:provider/test", body: {} },
  ),
  deleteProvider: row("DELETE /providers/:provider", "DELETE /providers/echo"),

  listPrices: row("GET /prices", "GET /prices?limit=x"),
  createPrice: row(
    { call: "POST /prices", body: PRICE },
    { call: "POST /prices", body: { ...PRICE, provider: "echo" } },
  ),
  getPrice: row("GET /prices/:price", "GET /prices/prc_none"),
  updatePrice: row(
    { call: "PATCH /prices/:price", body: { output: 1.5 } },
    { call: "PATCH /prices/prc_none", body: { output: 1.5 } },
  ),
  deletePrice: row("DELETE /prices/:price", "DELETE /prices/prc_none"),

  listTools: row("GET /tools", "GET /tools?limit=x"),
  createTool: row(
    { call: "POST /tools", body: TOOL },
    { call: "POST /tools", body: { ...TOOL, url: "x" } },
  ),
  getTool: row("GET /tools/:tool", "GET /tools/tool_none"),
  updateTool: row(
    { call: "PATCH /tools/:tool", body: { timeoutMs: 1_000 } },
    { call: "PATCH /tools/tool_none", body: { enabled: false } },
  ),
  discoverTools: row(
    { call: "POST /tools/discover", body: { url: "http://127.0.0.1:1/mcp" } },
    { call: "POST /tools/discover", body: { url: "ftp://mcp.test/" } },
  ),
  testTool: row(
    { call: "POST /tools/:tool/test", body: { params: {} } },
    { call: "POST /tools/tool_none/test", body: { params: {} } },
  ),
  deleteTool: row("DELETE /tools/:tool", "DELETE /tools/tool_none"),

  listSecrets: row("GET /secrets", "GET /secrets?cursor=lower"),
  putSecret: row(
    { call: "PUT /secrets/ANOTHER", body: { value: "kept" } },
    { call: "PUT /secrets/lower", body: { value: "kept" } },
  ),
  deleteSecret: row("DELETE /secrets/SPARE", "DELETE /secrets/NOBODYS"),

  listTokens: row("GET /tokens?limit=1", "GET /tokens?cursor=%20"),
  createToken: row(
    { call: "POST /tokens", body: { name: "dashboard", scope: "read" } },
    { call: "POST /tokens", body: { name: "dashboard", scope: "write" } },
  ),
  getToken: row("GET /tokens/:token", "GET /tokens/key_none"),
  deleteToken: row("DELETE /tokens/:token", "DELETE /tokens/key_none"),
};
