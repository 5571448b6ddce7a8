// What an MCP server offers, asked with the headers that its tools would be called with.

import { AppError } from "../errors";
import { listMcpTools } from "./mcp/list";
import { openSecrets, redactJson } from "./open-secrets";
import { buildRequest } from "./request";
import type { TestToolDeps } from "./test-tool";
import type { McpTools } from "./tools.schema";
import { requireMcpServer } from "./tools.store";

/** Lists a server's tools; throws VALIDATION_ERROR, and what fails on the way is in the result. */
export async function discoverTools(
  deps: TestToolDeps,
  data: { server: { url: string; headers?: Record<string, string> }; signal: AbortSignal },
): Promise<McpTools> {
  const { url, headers = {} } = data.server;
  const tool = requireMcpServer(deps, { url, headers });
  const secrets = openSecrets(deps.toolCalling);
  try {
    const target = buildRequest({ params: null, secret: (name) => secrets.read(name) }, tool);
    const tools = await listMcpTools(deps.toolCalling, { target, signal: data.signal });
    const redact = (text: string): string => secrets.redact(text);
    const shown = tools.map(({ name, description, parameters }) => ({
      name: redact(name),
      description: redact(description),
      parameters: redactJson(redact, parameters),
    }));
    return { tools: shown, failure: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { tools: [], failure: { code: error.code, message: error.message } };
  }
}
