// Settings of `mcp` tools, as tests of the servers behind them need them.

import type { ToolSettings } from "../../src/tools/tool";
import { httpTool } from "./http-tool";
import { createCaller } from "./tool-calls";

/** A call of `say`, to be made once. */
export const mcpTool = (more: Partial<ToolSettings> & { url: string }): ToolSettings =>
  httpTool({ toolName: "say", ...more });

/** Calls that tool of a server. */
export const callerOf = (server: { url: string }, tool: Partial<Omit<ToolSettings, "url">> = {}) =>
  createCaller(mcpTool({ url: server.url, ...tool }));
