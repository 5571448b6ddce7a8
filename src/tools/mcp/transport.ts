// Streamable HTTP to one MCP server for the length of one session: sends the SDK's messages, reads
// the answers within their bounds, and takes nothing for an answer that is none.

import type { JSONRPCMessage, MCPTransport } from "@ai-sdk/mcp";
import { parseJson } from "../../lib/json";
import { isRecord, type Json } from "../../lib/json-value";
import { createEventSplitter } from "../../lib/network/event-stream";
import { type AttemptDeps, readText, unreadable } from "../limits";
import { ToolError } from "../tool";
import { type ConnectionData, createConnection, type McpConnection } from "./connection";

/** The versions of the protocol whose messages are read here. */
const VERSIONS: ReadonlySet<unknown> = new Set([
  "2025-11-25",
  "2025-06-18",
  "2025-03-26",
  "2024-11-05",
]);

/** Requests of the server that are answered; each answer is a request of ours. */
const MAX_SERVER_REQUESTS = 16;

export interface TransportData extends ConnectionData {
  /** Makes a message of what was read; throws for what is none. */
  toMessage(value: unknown): JSONRPCMessage;
}

export type SessionTransport = MCPTransport & Pick<McpConnection, "isExpired" | "hasCalled">;

type Awaited = { id: number | string; method: string };

/** What a message waits for an answer to; null for notifications and answers. */
const awaitedBy = (message: JSONRPCMessage): Awaited | null =>
  "method" in message && "id" in message ? { id: message.id, method: message.method } : null;

/** Whether a message answers this request. */
const answers = (value: Json, { id }: Awaited): boolean =>
  isRecord(value) && value["id"] === id && ("result" in value || "error" in value);

const isRequest = (value: Json): boolean => isRecord(value) && "id" in value && "method" in value;

function requireVersion(value: Json): void {
  const result = isRecord(value) ? value["result"] : null;
  if (!isRecord(result) || VERSIONS.has(result["protocolVersion"])) return;
  throw new ToolError("TOOL_PROTOCOL_UNSUPPORTED");
}

function parseMessages(text: string): Json[] {
  const parsed = parseJson(Buffer.from(text));
  if (!parsed.ok) throw unreadable("The MCP server's answer is no JSON that can be read.");
  return Array.isArray(parsed.value) ? parsed.value : [parsed.value];
}

/** The messages of an answer as they come. */
async function* readMessages(
  response: Response,
  data: Pick<TransportData, "limits" | "maxResponseBytes">,
): AsyncGenerator<Json, void> {
  const [type = ""] = (response.headers.get("content-type") ?? "").toLowerCase().split(";");
  if (type.trim() === "application/json") {
    yield* parseMessages(await readText(response, data.limits));
    return;
  }
  if (type.trim() !== "text/event-stream") {
    await response.body?.cancel();
    throw unreadable("What answers is no MCP server: it sent neither JSON nor an event stream.");
  }
  const split = createEventSplitter({ maxChars: data.maxResponseBytes });
  for await (const bytes of response.body ?? []) {
    data.limits.heard();
    const events = split(bytes);
    if (events === null) throw unreadable("The MCP server's answer is not text in UTF-8.");
    for (const event of events) {
      // An event without data only names a place in the stream.
      if (event.type === "message" && event.data !== "") yield* parseMessages(event.data);
    }
  }
}

/** Makes the transport of one session. */
export function createSessionTransport(deps: AttemptDeps, data: TransportData): SessionTransport {
  const connection = createConnection(deps, data);
  let serverRequests = 0;

  /** Hands on what concerns the request, until it is answered. */
  async function takeAnswer(response: Response, awaited: Awaited): Promise<void> {
    for await (const value of readMessages(response, data)) {
      const isAnswer = answers(value, awaited);
      if (isAnswer && awaited.method === "initialize") requireVersion(value);
      if (isAnswer || (isRequest(value) && serverRequests < MAX_SERVER_REQUESTS)) {
        if (!isAnswer) serverRequests += 1;
        transport.onmessage?.(data.toMessage(value));
      }
      if (isAnswer) return;
    }
    throw unreadable("The MCP server's answer broke off before its end.");
  }

  const transport: SessionTransport = {
    protocolVersion: "",
    start: async () => undefined,
    async send(message) {
      const awaited = awaitedBy(message);
      const method = awaited?.method ?? null;
      const version = transport.protocolVersion ?? "";
      const response = await connection.post({ message, method, version });
      if (awaited === null) await response.body?.cancel();
      else await takeAnswer(response, awaited);
    },
    async close() {
      connection.end(transport.protocolVersion ?? "");
      transport.onclose?.();
    },
    isExpired: () => connection.isExpired(),
    hasCalled: () => connection.hasCalled(),
  };
  return transport;
}
