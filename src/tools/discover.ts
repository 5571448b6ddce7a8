// What an MCP server offers, asked with the headers that its tools would be called with.

import { AppError } from "../errors";
import { listMcpTools } from "./mcp/list";
import { openSecrets } from "./open-secrets";
import { buildRequest } from "./request";
import type { TestToolDeps } from "./test-tool";
import type { McpTools } from "./tools.schema";
import { requireMcpServer } from "./tools.store";

const TIMEOUT_MS = 30_000;
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/** Lists a server's tools; throws VALIDATION_ERROR, and what fails on the way is in the result. */
export async function discoverTools(
  deps: TestToolDeps,
  data: { server: { url: string; headers?: Record<string, string> }; signal: AbortSignal },
): Promise<McpTools> {
  const { url, headers = {} } = data.server;
  const tool = requireMcpServer(deps, { url, headers });
  const secrets = openSecrets(deps.toolCalling);
  try {
    const request = buildRequest({ params: null, secret: (name) => secrets.read(name) }, tool);
    const tools = await listMcpTools(deps.toolCalling, {
      url: request.url,
      headers: request.headers,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      idempotencyKey: null,
      signal: data.signal,
    });
    return { tools: JSON.parse(secrets.redact(JSON.stringify(tools))), failure: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { tools: [], failure: { code: error.code, message: error.message } };
  }
}
