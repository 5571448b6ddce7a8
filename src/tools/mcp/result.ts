// What a step gets of an MCP server's answer.

import { parseJson } from "../../lib/json";
import { isRecord, type Json } from "../../lib/json-value";
import { redactJson } from "../open-secrets";
import { ToolError } from "../tool";

/** A result of `tools/call`, of which nothing is taken for granted. */
export type McpResult = Record<string, unknown>;

/**
 * A text's value where it is JSON. A single number, word or text counts as JSON only where it is
 * written as we would write it: an id of 20 digits stays what it is.
 */
function readTextContent(text: string): Json {
  const parsed = parseJson(Buffer.from(text));
  if (!parsed.ok) return text;
  const { value } = parsed;
  const isWhole = typeof value === "object" && value !== null;
  return isWhole || JSON.stringify(value) === text.trim() ? value : text;
}

/** One item of the content: texts by what they say, images, sounds and resources as they came. */
function readItem(item: Json, redact: (text: string) => string): Json {
  if (!isRecord(item) || item["type"] !== "text" || typeof item["text"] !== "string") {
    return redactJson(redact, item);
  }
  return redactJson(redact, readTextContent(redact(item["text"])));
}

/**
 * The output of a call: `structuredContent` where there is some, else what its content says: one item
 * by itself, several as an array, none as null. Throws TOOL_ERROR where the tool says that it failed.
 */
export function readMcpResult(result: McpResult, redact: (text: string) => string): Json {
  if (result["isError"] === true) {
    throw new ToolError("TOOL_ERROR", { message: "The tool says that the call failed." });
  }
  // Parsed from JSON, whatever the SDK's types say of it.
  const { structuredContent, content = [] } = result as {
    structuredContent?: Json;
    content?: Json;
  };
  if (structuredContent !== undefined) return redactJson(redact, structuredContent);
  const items = (Array.isArray(content) ? content : [content]).map((item) =>
    readItem(item, redact),
  );
  return items.length > 1 ? items : (items[0] ?? null);
}
