// The request of an `http` tool: a value fills its slot, encoded for its place, and can change neither
// scheme, host, port nor the path around it.

import { AppError } from "../errors";
import type { Json } from "../lib/json-value";
import { parseTarget } from "../lib/network/outbound-url";
import { fill, fillJson, parseSlots, type SlotText, type SlotValues } from "./slots";
import type { ToolSettings } from "./tool";

/** What is sent. */
export interface ToolRequest {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}

const refuse = (message: string): AppError => new AppError("TOOL_INPUT_INVALID", { message });

function parse(text: string): SlotText {
  const parsed = parseSlots(text);
  // Checked on save; a row that holds it all the same calls nothing.
  if (!parsed.ok) throw refuse("The tool's templates cannot be read; save it again.");
  return parsed.text;
}

/** Scheme, host and port of a URL template: what stands before its path. */
export const ORIGIN = /^https?:\/\/[^/?#{}\\\s@]+(?=[/?]|$)/i;

/** The template's URL, every value percent-encoded within its own segment or argument. */
function fillUrl(values: SlotValues, template: string): URL {
  const origin = ORIGIN.exec(template)?.[0] ?? "";
  const rest = template.slice(origin.length);
  const write = (text: string): string => encodeURIComponent(text);
  const filled = fill(values, { text: parse(rest), write });
  if (filled === undefined) throw refuse("A parameter that the tool's URL needs is missing.");
  const url = parseTarget(origin + filled);
  const [path = ""] = filled.split(/[?#]/);
  // "." and ".." are not encoded, and a whole segment of them would leave the path.
  const segments = path.split("/").length;
  if (
    url.origin !== new URL(origin).origin ||
    (path !== "" && url.pathname.split("/").length !== segments)
  ) {
    throw refuse("A parameter would change the path that the tool calls.");
  }
  return url;
}

/** An address that came as a parameter; only hosts that the tool lists are called. */
function readGivenUrl(values: SlotValues, tool: ToolSettings): URL {
  const filled = fill(values, { text: parse(tool.urlFrom ?? ""), write: (text) => text });
  if (filled === undefined) throw refuse("The parameter with the address is missing.");
  const url = parseTarget(filled);
  const host = url.host.toLowerCase();
  if (tool.allowedHosts.includes(host)) return url;
  throw refuse("The address that was given is on none of the tool's allowedHosts.");
}

function addQuery(values: SlotValues, data: { url: URL; query: Record<string, string> }): void {
  for (const [name, template] of Object.entries(data.query)) {
    const value = fill(values, { text: parse(template), write: (text) => text });
    if (value !== undefined) data.url.searchParams.append(name, value);
  }
}

/** Visible characters, space and tab (RFC 9110, 5.5): nothing that ends a header. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function fillHeaders(values: SlotValues, templates: Record<string, string>) {
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const value = fill(values, { text: parse(template), write: (text) => text });
    if (value === undefined) continue;
    if (!HEADER_VALUE.test(value))
      throw refuse(`A value has characters that the header ${name} cannot carry.`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function fillBody(values: SlotValues, body: Json): { type: string; text: string } | null {
  if (body === null) return null;
  if (typeof body !== "string") {
    return { type: "application/json", text: JSON.stringify(fillJson(values, body)) };
  }
  const filled = fillJson(values, body);
  return typeof filled === "string"
    ? { type: "text/plain; charset=utf-8", text: filled }
    : { type: "application/json", text: JSON.stringify(filled) };
}

/** Builds the request; throws TOOL_INPUT_INVALID, or what `values.secret` does. */
export function buildRequest(values: SlotValues, tool: ToolSettings): ToolRequest {
  const url = tool.url === null ? readGivenUrl(values, tool) : fillUrl(values, tool.url);
  addQuery(values, { url, query: tool.query });
  const body = fillBody(values, tool.body);
  const headers = fillHeaders(values, tool.headers);
  if (body !== null) headers["content-type"] ??= body.type;
  return { url, method: tool.method, headers, body: body?.text ?? null };
}
