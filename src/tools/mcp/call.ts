// One attempt of a call of an MCP server's tool, and what its result is as a step's output.

import type { MCPClient } from "@ai-sdk/mcp";
import { parseJson } from "../../lib/json";
import { isRecord, type Json } from "../../lib/json-value";
import type { Outbound } from "../../lib/outbound";
import { ToolError, type ToolAnswer } from "../tool";
import { inMcpSession, type McpSessionRequest } from "./session";

type CallToolResult = Awaited<ReturnType<MCPClient["callTool"]>>;

/** The parts of a result as plain JSON. */
const toParts = (content: unknown): Json[] => JSON.parse(JSON.stringify(content ?? []));

const isText = (part: Json): part is { type: "text"; text: string } =>
  isRecord(part) && part["type"] === "text" && typeof part["text"] === "string";

/** Text that is an object or a list, as that. */
function readText(text: string): Json {
  if (!/^\s*[{[]/.test(text)) return text;
  const parsed = parseJson(Buffer.from(text));
  return parsed.ok ? parsed.value : text;
}

/**
 * The structured content where the tool gives it, else its text, parsed where that is JSON; a result
 * with anything else is the list of its parts as they came.
 */
export function toOutput(result: CallToolResult): Json {
  if ("structuredContent" in result && result.structuredContent != null) {
    return JSON.parse(JSON.stringify(result.structuredContent));
  }
  const parts = toParts("content" in result ? result.content : []);
  if (parts.length === 0) return null;
  return parts.every(isText) ? readText(parts.map(({ text }) => text).join("\n")) : parts;
}

export interface McpCall extends McpSessionRequest {
  toolName: string;
  params: Record<string, Json>;
  /** Takes secrets out of what the peer sent back. */
  redact(text: string): string;
}

/** Calls the tool once; rejects as `inMcpSession` does. */
export function attemptMcpCall(deps: { outbound: Outbound }, data: McpCall): Promise<ToolAnswer> {
  return inMcpSession(deps, {
    ...data,
    async use(client, signal) {
      const { toolName: name, params } = data;
      const result = await client.callTool({ name, arguments: params, options: { signal } });
      if ("isError" in result && result.isError === true) {
        throw new ToolError("TOOL_ERROR", { message: "The tool says that its call failed." });
      }
      return { output: JSON.parse(data.redact(JSON.stringify(toOutput(result)))), status: 200 };
    },
  });
}
