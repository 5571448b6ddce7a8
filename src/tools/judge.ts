// What a tool may not be: checked whole on every save, all faults told together.

import type { ErrorDetail } from "../errors";
import { isRecord } from "../lib/json-value";
import type { Json } from "../lib/json-value";
import { checkBaseUrl } from "../lib/network/outbound-url";
import type { ToolType } from "../vocabulary";
import { ORIGIN } from "./request";
import { parseSlots, secretsOf } from "./slots";
import type { ToolSettings } from "./tool";

export interface JudgeDeps {
  /** Faults of a JSON Schema; their paths lie within it. */
  judgeSchema(schema: Json): ErrorDetail[];
  hasSecret(name: string): boolean;
}

/** Headers that are the connection's, or ours. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "idempotency-key",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A field name of HTTP (RFC 9110, 5.1). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HOST = /^[a-z0-9.-]+(:\d{1,5})?$/;

/** Every template of a tool with the JSON pointer of its place. */
function* listTemplates(value: Json, path: string): Generator<{ path: string; text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* listTemplates(item, `${path}/${index}`);
  } else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield* listTemplates(item, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
    }
  }
}

const templatesOf = ({ url, urlFrom, headers, query, body }: ToolSettings) => [
  ...listTemplates({ url, urlFrom, headers, query, body }, ""),
];

/** The names of the secrets that a tool reads, each once. */
export const secretsRead = (tool: ToolSettings): string[] => [
  ...new Set(
    templatesOf(tool).flatMap(({ text }) => {
      const parsed = parseSlots(text);
      return parsed.ok ? secretsOf(parsed.text) : [];
    }),
  ),
];

function judgeTemplates(deps: JudgeDeps, tool: ToolSettings): ErrorDetail[] {
  return templatesOf(tool).flatMap(({ path, text }): ErrorDetail[] => {
    const parsed = parseSlots(text);
    if (!parsed.ok) return [{ path, code: "EXPRESSION_INVALID", message: parsed.message }];
    return secretsOf(parsed.text)
      .filter((name) => !deps.hasSecret(name))
      .map((name) => ({
        path,
        code: "SECRET_UNKNOWN",
        message: `There is no secret ${name}; set it first.`,
      }));
  });
}

function judgeUrl(url: string): ErrorDetail[] {
  const origin = ORIGIN.exec(url)?.[0];
  const path = "/url";
  if (origin === undefined) {
    const message =
      "The URL starts with http:// or https:// and a host, as text; values fill what follows.";
    return [{ path, code: "URL_INVALID", message }];
  }
  const checked = checkBaseUrl(origin);
  if (!checked.ok) return [{ path, ...checked.detail }];
  return /[#\s\\]/.test(url.replaceAll(/\{\{[^{}]*\}\}/g, ""))
    ? [{ path, code: "URL_INVALID", message: "The URL has a #, a backslash or white space." }]
    : [];
}

function judgeTarget({ url, urlFrom, allowedHosts }: ToolSettings): ErrorDetail[] {
  if ((url === null) === (urlFrom === null)) {
    const message = "A tool has either url, or urlFrom with allowedHosts.";
    return [{ path: "/url", code: "REQUIRED", message }];
  }
  if (url !== null) return judgeUrl(url);
  if (allowedHosts.length === 0) {
    const message = "List the hosts that an address may name, such as hooks.slack.com.";
    return [{ path: "/allowedHosts", code: "REQUIRED", message }];
  }
  return allowedHosts.flatMap((host, index): ErrorDetail[] => {
    const message = "A host is written in lower case, with :port where that is not the usual one.";
    return HOST.test(host) ? [] : [{ path: `/allowedHosts/${index}`, code: "INVALID", message }];
  });
}

function judgeHeaders(headers: Record<string, string>): ErrorDetail[] {
  return Object.keys(headers).flatMap((name): ErrorDetail[] => {
    const path = `/headers/${name}`;
    if (!HEADER_NAME.test(name)) {
      const message = "This is no name of a header; it takes letters, digits and a few signs.";
      return [{ path, code: "HEADER_MALFORMED", message }];
    }
    if (!OWN_HEADERS.has(name.toLowerCase())) return [];
    return [{ path, code: "HEADER_UNAVAILABLE", message: `${name} is set for you; remove it.` }];
  });
}

function judgeBody({ method, body, parameters }: ToolSettings, deps: JudgeDeps): ErrorDetail[] {
  const faults: ErrorDetail[] = [];
  if (body !== null && (method === "GET" || method === "HEAD")) {
    const message = `A ${method} request has no body; remove it, or choose another method.`;
    faults.push({ path: "/body", code: "INVALID", message });
  }
  if (parameters === null) return faults;
  const ofSchema = deps.judgeSchema(parameters);
  return [
    ...faults,
    ...ofSchema.map((fault) => ({ ...fault, path: `/parameters${fault.path ?? ""}` })),
  ];
}

/** What an MCP call takes from its protocol; it has none of its own. */
const HTTP_ONLY = ["urlFrom", "allowedHosts", "query", "body"] as const;

const isEmpty = (value: Json): boolean =>
  value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** An address that parameters fill would let a model choose the server. */
function judgeMcp(tool: ToolSettings): ErrorDetail[] {
  const faults = HTTP_ONLY.filter((field) => !isEmpty(tool[field])).map((field): ErrorDetail => {
    const message = `A tool of type mcp has no ${field}: its server is given the parameters as they are.`;
    return { path: `/${field}`, code: "VALUE_UNAVAILABLE", message };
  });
  if (tool.method !== "POST") {
    const message = "A tool of type mcp is called by POST; leave method out.";
    faults.push({ path: "/method", code: "VALUE_UNAVAILABLE", message });
  }
  if (tool.followRedirects) {
    const message = "A session with an MCP server follows no redirects; give the URL they lead to.";
    faults.push({ path: "/followRedirects", code: "VALUE_UNAVAILABLE", message });
  }
  if (judgeTarget(tool).length === 0 && tool.url?.includes("{{") === true) {
    const message = "The address of an MCP server is text; put secrets into headers.";
    faults.push({ path: "/url", code: "URL_INVALID", message });
  }
  return faults;
}

/** Whether the settings are those of the type. */
function judgeType(type: ToolType, { toolName }: ToolSettings): ErrorDetail[] {
  const path = "/toolName";
  if (type === "mcp" && toolName === null) {
    const message = "Name the tool of the server; POST /tools/discover lists them.";
    return [{ path, code: "REQUIRED", message }];
  }
  if (type === "mcp" || toolName === null) return [];
  const message = "Only tools of type mcp have a toolName; leave it out.";
  return [{ path, code: "VALUE_UNAVAILABLE", message }];
}

/** All faults of a tool's settings, with JSON pointers. */
export const judgeTool = (deps: JudgeDeps, tool: ToolSettings): ErrorDetail[] => [
  ...judgeTarget(tool),
  ...(tool.toolName === null ? [] : judgeMcp(tool)),
  ...judgeHeaders(tool.headers),
  ...judgeBody(tool, deps),
  ...judgeTemplates(deps, tool),
];

/** All faults of the settings of a tool of that type. */
export function judgeSettings(
  deps: JudgeDeps,
  { type, settings }: { type: ToolType; settings: ToolSettings },
): ErrorDetail[] {
  const ofType = judgeType(type, settings);
  return ofType.length > 0 ? ofType : judgeTool(deps, settings);
}
