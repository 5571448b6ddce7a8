// What documents are held against: read from the program's tables, its app and its usage.

import type { Setting } from "../../src/config";
import { SETTINGS } from "../../src/config";
import { DETAILS, WARNINGS } from "../../src/details";
import { ERRORS } from "../../src/errors";
import { EXECUTION_EVENTS, LOG_EVENTS, NODE_TYPES, REASONS } from "../../src/vocabulary";
import { createTestApp } from "../support/app";
import type { Inventory } from "./docs";
import { readSources } from "./source";

const variables = (): string[] =>
  Object.values<Setting<unknown>>(SETTINGS).flatMap((row) =>
    row.secret === true ? [row.variable, `${row.variable}_FILE`] : [row.variable],
  );

/** Commands of the usage that main.ts prints. */
function listCommands(): string[] {
  const main = readSources("src").find((file) => file.path === "src/main.ts");
  return [...(main?.text ?? "").matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? "");
}

/** The routes that are told of: `GET /agents/{id}`. */
export async function listRoutes(): Promise<string[]> {
  const { app } = await createTestApp();
  return app.routes
    .filter((route) => route.hooks?.detail?.hide !== true)
    .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}`);
}

/** Everything that documents name. */
export const takeInventory = async (): Promise<Inventory> => ({
  settings: variables(),
  codes: Object.keys(ERRORS),
  details: [...Object.keys(DETAILS), ...Object.keys(WARNINGS)],
  reasons: [...REASONS],
  events: Object.keys(LOG_EVENTS),
  streamed: [...EXECUTION_EVENTS],
  routes: await listRoutes(),
  commands: listCommands(),
  nodeTypes: [...NODE_TYPES],
});
