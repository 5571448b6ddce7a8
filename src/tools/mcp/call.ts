// One attempt of a call of an `mcp` tool. Trying again is `../call.ts`'s.

import { AppError } from "../../errors";
import { isRecord, type Json } from "../../lib/json-value";
import type { AttemptBounds, AttemptDeps } from "../limits";
import type { ToolAnswer } from "../tool";
import type { McpTarget } from "./connection";
import { readMcpResult } from "./result";
import { useMcpSession } from "./session";

export interface McpAttempt extends AttemptBounds {
  target: McpTarget;
  toolName: string;
  params: Json;
  idempotencyKey: string;
  isRepeatable: boolean;
}

/**
 * Calls the tool once, in a session of its own. Rejects with the reason of `signal` when that aborts,
 * else with `AppError`.
 */
export async function attemptMcpTool(deps: AttemptDeps, data: McpAttempt): Promise<ToolAnswer> {
  const { toolName: name, params } = data;
  if (!isRecord(params)) {
    const message = "The parameters of an MCP tool are an object.";
    throw new AppError("TOOL_INPUT_INVALID", { message });
  }
  const result = await useMcpSession(deps, {
    ...data,
    use: (client, signal) => client.callTool({ name, arguments: params, options: { signal } }),
  });
  return { output: readMcpResult(result, (text) => data.redact(text)), status: 200 };
}
