// Takes a tool call to the tool that its id names: checks the parameters, fills in the secrets at the
// last moment, tries again where that is safe.

import { AppError, type ErrorDetail } from "../errors";
import type { Json } from "../lib/json-value";
import {
  callWithRetries,
  isPassingStatus,
  type PassingFailure,
  type RetryDeps,
} from "../lib/network/retry";
import { attemptTool } from "./attempt";
import type { AttemptDeps } from "./limits";
import { attemptMcpTool } from "./mcp/call";
import { openSecrets, type SecretReader } from "./open-secrets";
import { buildRequest } from "./request";
import { type ToolSettings, isRepeatable, type ToolAnswer, type ToolCall, ToolError } from "./tool";

/** Checks parameters against a JSON Schema; a promise where the sandbox has to tell. */
export type CheckParameters = (data: {
  schema: Json;
  value: Json;
  agent: number;
}) => ErrorDetail[] | Promise<ErrorDetail[]>;

export interface ToolCallerDeps extends AttemptDeps, RetryDeps, SecretReader {
  /** The settings of a tool; undefined where it is gone or switched off. */
  find(toolId: string): ToolSettings | undefined;
  checkParameters: CheckParameters;
}

export interface ToolCaller {
  /**
   * Makes one tool call. Rejects with the reason of `call.signal` when that aborts, else with
   * `AppError`: `TOOL_*`, `SECRET_MISSING`, `CREDENTIAL_UNREADABLE`, `ADDRESS_*`,
   * `RESPONSE_TOO_LARGE`; as `ToolError` it may carry `httpStatus`.
   */
  callTool(call: ToolCall): Promise<ToolAnswer>;
  /** Whether a call of which it is not known whether it arrived may be made again. */
  isRepeatable(toolId: string): boolean;
}

/** The network failed before a byte of the answer. */
const NETWORK_CODES = new Set(["TOOL_UNREACHABLE", "ADDRESS_UNRESOLVED"]);

function judgeFailure(error: unknown): PassingFailure | null {
  if (!(error instanceof AppError)) return null;
  const { httpStatus, retryAfter } =
    error instanceof ToolError ? error : { httpStatus: undefined, retryAfter: null };
  const mayPass = NETWORK_CODES.has(error.code) || isPassingStatus(httpStatus ?? 0);
  return mayPass ? { code: error.code, httpStatus, retryAfter } : null;
}

async function requireParameters(
  deps: ToolCallerDeps,
  data: { tool: ToolSettings; call: ToolCall },
): Promise<void> {
  const { tool, call } = data;
  if (tool.parameters === null) return;
  const { agent, params } = call;
  const found = await deps.checkParameters({ schema: tool.parameters, value: params, agent });
  if (found.length === 0) return;
  const places = found.map(({ path = "" }) => path || "the parameters as a whole").slice(0, 5);
  const message = `The parameters do not fit the tool's schema at: ${places.join(", ")}.`;
  throw new AppError("TOOL_INPUT_INVALID", { message });
}

async function callOver(
  deps: ToolCallerDeps,
  data: { tool: ToolSettings; call: ToolCall },
): Promise<ToolAnswer> {
  const { tool, call } = data;
  await requireParameters(deps, data);
  call.signal.throwIfAborted();
  const secrets = openSecrets(deps);
  const request = buildRequest({ params: call.params, secret: (name) => secrets.read(name) }, tool);
  if (tool.toolName === null) request.headers["idempotency-key"] = call.idempotencyKey;
  const retries = isRepeatable(tool) ? tool.retries : 0;
  return callWithRetries(deps, {
    call: { ...call, retries, timeoutMs: tool.timeoutMs },
    judge: judgeFailure,
    attempt({ signal, timeoutMs }) {
      const { maxResponseBytes, followRedirects, toolName } = tool;
      const redact = (text: string): string => secrets.redact(text);
      const shared = { signal, timeoutMs, maxResponseBytes, redact };
      if (toolName === null) return attemptTool(deps, { ...shared, request, followRedirects });
      const { params, idempotencyKey } = call;
      const attempt = { target: request, toolName, params, idempotencyKey };
      return attemptMcpTool(deps, { ...shared, ...attempt, isRepeatable: isRepeatable(tool) });
    },
  });
}

/** Makes the function that pipelines call tools by. */
export const createToolCaller = (deps: ToolCallerDeps): ToolCaller => ({
  async callTool(call) {
    call.signal.throwIfAborted();
    const tool = deps.find(call.toolId);
    if (tool === undefined) throw new AppError("TOOL_MISSING");
    return callOver(deps, { tool, call });
  },
  isRepeatable(toolId) {
    const tool = deps.find(toolId);
    return tool !== undefined && isRepeatable(tool);
  },
});
