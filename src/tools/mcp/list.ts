// What tools an MCP server offers, for its owner to choose from.

import type { MCPClient } from "@ai-sdk/mcp";
import type { Json } from "../../lib/json-value";
import type { AttemptDeps } from "../limits";
import type { McpTarget } from "./connection";
import { useMcpSession } from "./session";

/** A tool as its server describes it. */
export interface OfferedMcpTool {
  name: string;
  description: string;
  /** JSON Schema of its parameters. */
  parameters: Json;
}

/** Tools of one server that are listed, characters of all of them as JSON, pages that are asked for. */
const MAX_LISTED = 500;
const MAX_CHARS = 1024 * 1024;
const MAX_PAGES = 20;
/** Bytes of one page, the envelope around it included. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;
const LISTING_MS = 30_000;

type Listed = Awaited<ReturnType<MCPClient["listTools"]>>["tools"][number];

const toOffered = ({ name, description = "", inputSchema }: Listed): OfferedMcpTool => ({
  name,
  description,
  parameters: inputSchema as Json,
});

async function readPages(client: MCPClient, signal: AbortSignal): Promise<OfferedMcpTool[]> {
  const offered: OfferedMcpTool[] = [];
  let chars = 0;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await client.listTools({ params, options: { signal } });
    for (const tool of listed.tools.map(toOffered)) {
      chars += JSON.stringify(tool).length;
      if (offered.length === MAX_LISTED || chars > MAX_CHARS) return offered;
      offered.push(tool);
    }
    cursor = listed.nextCursor;
    if (cursor === undefined) return offered;
  }
  return offered;
}

/** Lists the tools, page by page; rejects as `useMcpSession` does. */
export const listMcpTools = (
  deps: AttemptDeps,
  data: { target: McpTarget; signal: AbortSignal },
): Promise<OfferedMcpTool[]> =>
  useMcpSession(deps, {
    ...data,
    idempotencyKey: null,
    isRepeatable: true,
    timeoutMs: LISTING_MS,
    maxResponseBytes: MAX_PAGE_BYTES,
    use: readPages,
  });
