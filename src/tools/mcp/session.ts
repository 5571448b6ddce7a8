// One session with an MCP server (Model Context Protocol, Streamable HTTP): opened for one call or
// listing and closed after it. The protocol is the client library's; loaded when first needed.

import type { MCPClient } from "@ai-sdk/mcp";
import { AppError } from "../../errors";
import type { Outbound } from "../../lib/outbound";
import { createLimits, toToolFailure } from "../limits";
import { ToolError } from "../tool";
import { openMcpWire, type McpWire } from "./wire";

export interface McpSessionRequest {
  url: URL;
  headers: Record<string, string>;
  timeoutMs: number;
  maxResponseBytes: number;
  idempotencyKey: string | null;
  signal: AbortSignal;
}

/** JSON-RPC 2.0: the method's parameters are not what it takes. */
const INVALID_PARAMS = -32602;

/** The server's JSON-RPC error as ours; null where it is none. */
function readRpcError(error: unknown): ToolError | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number")
    return null;
  if (error instanceof AppError) return null;
  const message =
    error.code === INVALID_PARAMS
      ? "The server does not know the tool, or does not take these parameters."
      : `The server answered with the JSON-RPC error ${error.code}.`;
  return new ToolError("TOOL_ERROR", { message });
}

/** The door's own refusal, which the client may have wrapped. */
function findCause(error: unknown): unknown {
  let cause = error;
  for (let depth = 0; depth < 4 && cause instanceof Error; depth += 1) {
    if (cause instanceof AppError || cause.name === "OutboundError") return cause;
    cause = cause.cause;
  }
  return error;
}

const chooseFailure = (error: unknown, wire: McpWire): unknown =>
  readRpcError(error) ?? wire.failure() ?? findCause(error);

async function connect(data: McpSessionRequest & { wire: McpWire; signal: AbortSignal }) {
  const { createMCPClient } = await import("@ai-sdk/mcp");
  return createMCPClient({
    transport: {
      type: "http",
      url: data.url.href,
      headers: data.headers,
      redirect: "error",
      fetch: data.wire.fetch,
    },
    clientName: "hookline",
    initializationOptions: { signal: data.signal },
    onUncaughtError: () => undefined,
  });
}

/**
 * Opens a session, has `use` speak in it, and closes it. Rejects with the reason of `data.signal` when
 * that aborts, else with `ToolError` or the `AppError` of the address.
 */
export async function inMcpSession<T>(
  deps: { outbound: Outbound },
  data: McpSessionRequest & { use(client: MCPClient, signal: AbortSignal): Promise<T> },
): Promise<T> {
  using limits = createLimits(data);
  const wire = openMcpWire(deps, { ...data, limits });
  const { signal } = limits;
  let client: MCPClient | null = null;
  try {
    const opening = connect({ ...data, wire, signal });
    client = await Promise.race([opening, wire.brokenOff]);
    return await Promise.race([data.use(client, signal), wire.brokenOff]);
  } catch (error) {
    throw toToolFailure(chooseFailure(error, wire), { signal: data.signal, limits });
  } finally {
    // Told to the server in the background: nothing that follows depends on it.
    void client?.close().catch(() => undefined);
    wire.close();
  }
}
