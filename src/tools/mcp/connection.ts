// The requests of one session with an MCP server: its headers, its session id, its end.
// What an answer means is `transport.ts`'s.

import type { JSONRPCMessage } from "@ai-sdk/mcp";
import { type AttemptDeps, CONNECT_MS, type Limits, requireSuccess } from "../limits";

/** Milliseconds for saying that a session is over, which nobody waits for. */
const END_MS = 5_000;

/** Where a server is, and what it is sent with each request. */
export interface McpTarget {
  url: URL;
  headers: Record<string, string>;
}

export interface ConnectionData {
  target: McpTarget;
  /** Sent with `tools/call`; null where none is made. */
  idempotencyKey: string | null;
  maxResponseBytes: number;
  limits: Limits;
}

/** A message of ours, and where it is a request its method. */
interface Sent {
  message: JSONRPCMessage;
  method: string | null;
  /** As negotiated; not sent with what negotiates it. */
  version: string;
}

export interface McpConnection {
  /** Sends a message; rejects for a status other than 2xx. */
  post(sent: Sent): Promise<Response>;
  /** Closes what is open and ends the session; may be called twice. */
  end(version: string): void;
  /** Whether the server no longer knew the session. */
  isExpired(): boolean;
  /** Whether a call of a tool has been sent. */
  hasCalled(): boolean;
}

function headersOf(
  data: ConnectionData,
  { method, version, sessionId }: Omit<Sent, "message"> & { sessionId: string | null },
): Record<string, string> {
  const headers: Record<string, string> = {
    ...data.target.headers,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
  };
  if (method === "initialize") return headers;
  headers["mcp-protocol-version"] = version;
  if (sessionId !== null) headers["mcp-session-id"] = sessionId;
  if (method === "tools/call" && data.idempotencyKey !== null) {
    headers["idempotency-key"] = data.idempotencyKey;
  }
  return headers;
}

/** Ends a session without waiting: a server that takes no notice lets it expire. */
function sendEnd(deps: AttemptDeps, data: { url: URL; headers: Record<string, string> }): void {
  const { url, headers } = data;
  const signal = AbortSignal.timeout(END_MS);
  void deps.outbound.fetch(url, { method: "DELETE", headers, signal }).then(
    (response) => response.body?.cancel(),
    () => undefined,
  );
}

/** Makes the connection of one session. */
export function createConnection(deps: AttemptDeps, data: ConnectionData): McpConnection {
  const { target, limits } = data;
  const closing = new AbortController();
  const signal = AbortSignal.any([limits.signal, closing.signal]);
  let sessionId: string | null = null;
  let isExpired = false;
  let hasCalled = false;
  return {
    async post({ message, method, version }) {
      hasCalled ||= method === "tools/call";
      const isFirst = method === "initialize";
      const response = await deps.outbound.fetch(target.url, {
        method: "POST",
        headers: headersOf(data, { method, version, sessionId }),
        body: JSON.stringify(message),
        signal,
        maxResponseBytes: data.maxResponseBytes,
        connectTimeoutMs: CONNECT_MS,
      });
      limits.heard();
      // The one status that says so (MCP 2025-11-25, Streamable HTTP, session management).
      isExpired ||= response.status === 404 && sessionId !== null;
      await requireSuccess(response);
      if (isFirst) sessionId = response.headers.get("mcp-session-id");
      return response;
    },
    end(version) {
      closing.abort();
      if (sessionId === null || isExpired) return;
      const headers = headersOf(data, { method: null, version, sessionId });
      sessionId = null;
      sendEnd(deps, { url: target.url, headers });
    },
    isExpired: () => isExpired,
    hasCalled: () => hasCalled,
  };
}
