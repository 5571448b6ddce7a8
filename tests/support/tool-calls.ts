// Calls of one tool as pipelines make them, over the real way out, with a clock that waits for nobody.

import { AppError } from "../../src/errors";
import { createManualClock } from "../../src/lib/clock";
import type { Json } from "../../src/lib/json-value";
import { createToolCaller, type ToolCallerDeps } from "../../src/tools/call";
import { ToolError, type ToolSettings } from "../../src/tools/tool";
import { localOutbound } from "./provider-calls";

export const SECRET = "tool-secret-0123456789";

/** Calls `tool_1`; the only secret is TOKEN. */
export function createCaller(tool: ToolSettings, more: Partial<ToolCallerDeps> = {}) {
  const clock = createManualClock();
  const waits: number[] = [];
  const caller = createToolCaller({
    outbound: localOutbound,
    clock,
    random: () => 0.5,
    wait: async (ms) => {
      waits.push(ms);
      clock.advance(ms);
    },
    find: (id) => (id === "tool_1" ? tool : undefined),
    readSecret: (name) => (name === "TOKEN" ? SECRET : undefined),
    checkParameters: () => [],
    ...more,
  });
  const call = (params: Json = {}, signal = new AbortController().signal) =>
    caller.callTool({ toolId: "tool_1", agent: 1, params, idempotencyKey: "exec_1/t//0", signal });
  return { caller, call, waits };
}

/** What the call failed with: code, and status where there is one. */
export async function failure(pending: Promise<unknown>): Promise<string> {
  try {
    return `answered ${JSON.stringify(await pending)}`;
  } catch (error) {
    if (!(error instanceof AppError)) return `no AppError: ${String(error)}`;
    const status = error instanceof ToolError ? error.httpStatus : undefined;
    return [error.code, status].filter((part) => part !== undefined).join(" ");
  }
}
