// One call of a tool by hand: what a step would get, or why it would fail.

import { AppError } from "../errors";
import { formatId } from "../lib/ids";
import type { Json } from "../lib/json-value";
import { createToolCaller, type ToolCallerDeps } from "./call";
import { ToolError } from "./tool";
import type { ToolTestResult } from "./tools.schema";
import { getToolSettings, type ToolsDeps } from "./tools.store";

export type TestToolDeps = ToolsDeps & { toolCalling: Omit<ToolCallerDeps, "find"> };

/** Calls a tool once, also one that is switched off; throws NOT_FOUND. */
export async function testTool(
  deps: TestToolDeps,
  data: { id: string; params: Json; signal: AbortSignal },
): Promise<ToolTestResult> {
  const tool = getToolSettings(deps, data.id);
  const caller = createToolCaller({ ...deps.toolCalling, find: () => ({ ...tool, retries: 0 }) });
  const startedAt = deps.clock.monotonic();
  const latencyMs = (): number => Math.round(deps.clock.monotonic() - startedAt);
  try {
    const { output, status } = await caller.callTool({
      toolId: data.id,
      agent: 0,
      params: data.params,
      idempotencyKey: `${formatId("req", deps.ids.uid())}/test`,
      signal: data.signal,
    });
    return { ok: true, latencyMs: latencyMs(), status, output, failure: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const status = error instanceof ToolError ? (error.httpStatus ?? null) : null;
    const failure = { code: error.code, message: error.message };
    return { ok: false, latencyMs: latencyMs(), status, output: null, failure };
  }
}
