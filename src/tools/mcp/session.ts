// One session with an MCP server: from its handshake to its end, within the bounds of one attempt.
// The SDK speaks the protocol; it is loaded with the first call, as it takes 0.1 s and 20 MB.

import type { MCPClient } from "@ai-sdk/mcp";
import { AppError } from "../../errors";
import { isRecord } from "../../lib/json-value";
import {
  type AttemptBounds,
  type AttemptDeps,
  createLimits,
  type Limits,
  toAttemptFailure,
  unreadable,
} from "../limits";
import { ToolError } from "../tool";
import type { McpTarget } from "./connection";
import { createSessionTransport } from "./transport";

export interface McpSession<T> extends Omit<AttemptBounds, "redact"> {
  target: McpTarget;
  /** Of the one call that is made; null where none is. */
  idempotencyKey: string | null;
  /** Whether a call may be made again where the session was over when it came. */
  isRepeatable: boolean;
  /** What the session is for. */
  use(client: MCPClient, signal: AbortSignal): Promise<T>;
}

/** JSON-RPC 2.0: the parameters are none that the method takes. */
const INVALID_PARAMS = -32_602;

/** What the SDK rejects with carries what the server wrote: only the number of an error is kept. */
function toSessionFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const code = error.name === "MCPClientError" && "code" in error ? error.code : undefined;
  if (code === INVALID_PARAMS) {
    const message = `The MCP server has no such tool, or its parameters do not fit (JSON-RPC ${code}).`;
    return new ToolError("TOOL_INPUT_INVALID", { message });
  }
  if (typeof code === "number") {
    const message = `The MCP server answered with the JSON-RPC error ${code}.`;
    return new ToolError("TOOL_ERROR", { message });
  }
  return error.name === "MCPClientError" || error.name === "ZodError"
    ? unreadable("The MCP server's answer is not what its protocol says.")
    : error;
}

async function openOnce<T>(
  deps: AttemptDeps,
  data: McpSession<T> & { limits: Limits },
): Promise<{ ok: true; value: T } | { ok: false; error: unknown; mayReopen: boolean }> {
  const { createMCPClient, validateJSONRPCMessage } = await import("@ai-sdk/mcp");
  const { signal } = data.limits;
  const transport = createSessionTransport(deps, { ...data, toMessage: validateJSONRPCMessage });
  try {
    const client = await createMCPClient({
      transport,
      clientName: "hookline",
      // The probe of a server without sessions would be one request more for all others.
      protocolVersionDiscovery: false,
      initializationOptions: { signal },
      maxRetries: 0,
    });
    // What it cannot do it says on listing or calling, which are all that is asked.
    if (!isRecord(client.initializeResult.capabilities.tools)) {
      throw unreadable("The MCP server offers no tools.");
    }
    return { ok: true, value: await data.use(client, signal) };
  } catch (error) {
    const mayReopen = transport.isExpired() && (data.isRepeatable || !transport.hasCalled());
    return { ok: false, error, mayReopen };
  } finally {
    await transport.close();
  }
}

/**
 * Opens a session, uses it and ends it; once more where the server has lost it and nothing is done
 * twice. Rejects with the reason of `signal` when that aborts, else with `AppError`.
 */
export async function useMcpSession<T>(deps: AttemptDeps, data: McpSession<T>): Promise<T> {
  using limits = createLimits(data);
  let opened = await openOnce(deps, { ...data, limits });
  if (!opened.ok && opened.mayReopen && !limits.signal.aborted) {
    opened = await openOnce(deps, { ...data, limits });
  }
  if (opened.ok) return opened.value;
  throw toAttemptFailure(toSessionFailure(opened.error), { signal: data.signal, limits });
}
