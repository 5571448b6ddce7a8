// What tools an MCP server offers, for its owner to choose from.

import type { Json } from "../../lib/json-value";
import type { Outbound } from "../../lib/outbound";
import { inMcpSession, type McpSessionRequest } from "./session";

/** A tool as its server describes it. */
export interface OfferedMcpTool {
  name: string;
  description: string;
  /** JSON Schema of its parameters. */
  parameters: Json;
}

/** Tools of one server that are listed, and pages that are asked for. */
const MAX_LISTED = 500;
const MAX_PAGES = 20;

/** Lists the tools, page by page; rejects as `inMcpSession` does. */
export function listMcpTools(
  deps: { outbound: Outbound },
  data: McpSessionRequest,
): Promise<OfferedMcpTool[]> {
  return inMcpSession(deps, {
    ...data,
    async use(client, signal) {
      const offered: OfferedMcpTool[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES && offered.length < MAX_LISTED; page += 1) {
        const params = cursor === undefined ? {} : { params: { cursor } };
        const { tools, nextCursor } = await client.listTools({ ...params, options: { signal } });
        for (const { name, description = "", inputSchema } of tools) {
          const parameters: Json = JSON.parse(JSON.stringify(inputSchema));
          offered.push({ name, description, parameters });
        }
        if (nextCursor === undefined) break;
        cursor = nextCursor;
      }
      return offered.slice(0, MAX_LISTED);
    },
  });
}
