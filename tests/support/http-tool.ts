// Settings of tools, as tests of them need them.

import type { ToolSettings } from "../../src/tools/tool";

/** A POST without anything. */
export const httpTool = (more: Partial<ToolSettings> = {}): ToolSettings => ({
  method: "POST",
  url: "https://api.test/items",
  urlFrom: null,
  allowedHosts: [],
  headers: {},
  query: {},
  body: null,
  parameters: null,
  timeoutMs: 5_000,
  retries: 2,
  idempotent: false,
  maxResponseBytes: 1_000_000,
  followRedirects: false,
  toolName: null,
  ...more,
});
