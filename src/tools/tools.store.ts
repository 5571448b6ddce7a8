// Rows of tools; their secrets are named ones.

import { isDeepStrictEqual } from "node:util";
import { and, asc, desc, eq, gt } from "drizzle-orm";
import { listCallers } from "../db/callers";
import type { Db } from "../db/open";
import { tools } from "../db/schema";
import type { Writer } from "../db/writer";
import type { ErrorDetail } from "../errors";
import { AppError, invalid } from "../errors";
import { toIso } from "../lib/clock";
import { formatId } from "../lib/ids";
import type { Json } from "../lib/json-value";
import type { ModelTool } from "../providers/model";
import { deleteNamedSecret, findNamedSecret } from "../secrets/named.store";
import type { SecretsDeps } from "../secrets/secrets.store";
import type { ToolType } from "../vocabulary";
import type { JudgeDeps } from "./judge";
import { judgeSettings, judgeTool, secretsRead } from "./judge";
import type { ToolSettings } from "./tool";
import type { Tool, ToolCreate, ToolPatch } from "./tools.schema";

export type ToolsDeps = SecretsDeps & Pick<JudgeDeps, "judgeSchema"> & { writer: Writer };

type ToolRow = typeof tools.$inferSelect;

const DEFAULTS: ToolSettings = {
  method: "POST",
  url: null,
  urlFrom: null,
  allowedHosts: [],
  headers: {},
  query: {},
  body: null,
  parameters: null,
  timeoutMs: 30_000,
  retries: 2,
  idempotent: false,
  maxResponseBytes: 1024 * 1024,
  followRedirects: false,
  toolName: null,
};

/** A setting that is younger than the row has its default. */
const settingsOf = (row: ToolRow): ToolSettings => ({ ...DEFAULTS, ...JSON.parse(row.settings) });

const toTool = (row: ToolRow): Tool => ({
  id: row.id,
  type: row.type,
  name: row.name,
  description: row.description,
  enabled: row.enabled,
  ...settingsOf(row),
  createdAt: toIso(row.createdAt),
  updatedAt: toIso(row.updatedAt),
});

function getRow(deps: { db: Db }, id: string): ToolRow {
  const row = deps.db.orm.select().from(tools).where(eq(tools.id, id)).get();
  if (row === undefined) throw new AppError("NOT_FOUND");
  return row;
}

const judging = (deps: ToolsDeps) => ({
  judgeSchema: deps.judgeSchema,
  hasSecret: (name: string): boolean => findNamedSecret(deps, name) !== undefined,
});

/** Throws VALIDATION_ERROR where an MCP server cannot be asked at that URL with those headers. */
export function requireMcpServer(deps: ToolsDeps, server: Pick<ToolSettings, "url" | "headers">) {
  const settings = { ...DEFAULTS, ...server, toolName: "any" };
  const faults = judgeTool(judging(deps), settings);
  if (faults.length > 0) throw invalid(...faults);
  return settings;
}

/** The settings as JSON, once nothing is wrong with them; runs inside the write that stores them. */
function requireSettings(
  deps: ToolsDeps,
  { type, settings }: { type: ToolType; settings: ToolSettings },
): string {
  const faults = judgeSettings(judging(deps), { type, settings });
  if (faults.length > 0) throw invalid(...faults);
  return JSON.stringify(settings);
}

/** One tool; throws NOT_FOUND. */
export const getTool = (deps: { db: Db }, id: string): Tool => toTool(getRow(deps, id));

/** What a tool is, on whatever server. */
export interface ToolFacts {
  type: ToolType;
  name: string;
  description: string;
  settings: ToolSettings;
}

const toFacts = (row: ToolRow): ToolFacts => ({
  type: row.type,
  name: row.name,
  description: row.description,
  settings: settingsOf(row),
});

/** What the tool of that id is; undefined where there is none. */
export function findToolFacts(deps: { db: Db }, id: string): ToolFacts | undefined {
  const row = deps.db.orm.select().from(tools).where(eq(tools.id, id)).get();
  return row === undefined ? undefined : toFacts(row);
}

/** Ids of the tools that are just so; those that are switched on before others, oldest first. */
export const listToolsLike = (deps: { db: Db }, facts: ToolFacts): string[] =>
  deps.db.orm
    .select()
    .from(tools)
    .where(and(eq(tools.type, facts.type), eq(tools.name, facts.name)))
    .orderBy(desc(tools.enabled), asc(tools.id))
    .all()
    .filter((row) => isDeepStrictEqual(toFacts(row), facts))
    .map(({ id }) => id);

/** Up to `limit` tools after the cursor, an id; oldest first. */
export const listTools = (
  deps: { db: Db },
  data: { after: string | null; limit: number },
): Tool[] =>
  deps.db.orm
    .select()
    .from(tools)
    .where(data.after === null ? undefined : gt(tools.id, data.after))
    .orderBy(asc(tools.id))
    .limit(data.limit)
    .all()
    .map(toTool);

/** The settings of a tool that is to be made, with the defaults of what it leaves out. */
export function toSettings(data: ToolCreate): ToolSettings {
  const { type: _type, name: _name, description: _text, enabled: _enabled, ...own } = data;
  return { ...DEFAULTS, ...own };
}

/** All faults of a tool that is to be made, with JSON pointers. */
export function judgeCreate(deps: JudgeDeps, data: ToolCreate): ErrorDetail[] {
  if (data.type === "http" && data.method === undefined) {
    return [{ path: "/method", code: "REQUIRED", message: "Name the request's method." }];
  }
  return judgeSettings(deps, { type: data.type, settings: toSettings(data) });
}

/** As `createTool`, inside a write. */
export function insertTool(deps: ToolsDeps, data: ToolCreate): Tool {
  const { type, name, description = "", enabled = true } = data;
  const faults = judgeCreate(judging(deps), data);
  if (faults.length > 0) throw invalid(...faults);
  const now = deps.clock.now();
  const row = deps.db.orm
    .insert(tools)
    .values({
      id: formatId("tool", deps.ids.uid()),
      type,
      name,
      description,
      enabled,
      settings: JSON.stringify(toSettings(data)),
      createdAt: now,
      updatedAt: now,
    })
    .returning()
    .get();
  return toTool(row);
}

/** Stores a tool; throws VALIDATION_ERROR with all faults. */
export const createTool = (deps: ToolsDeps, data: ToolCreate): Promise<Tool> =>
  deps.writer.write(() => insertTool(deps, data));

/** Changes a tool; what the patch leaves out stays. Throws NOT_FOUND and VALIDATION_ERROR. */
export async function changeTool(
  deps: ToolsDeps,
  data: { id: string; patch: ToolPatch },
): Promise<Tool> {
  const { name, description, enabled, ...own } = data.patch;
  return deps.writer.write(() => {
    const before = getRow(deps, data.id);
    const { type } = before;
    const settings = requireSettings(deps, { type, settings: { ...settingsOf(before), ...own } });
    const row = deps.db.orm
      .update(tools)
      .set({ name, description, enabled, settings, updatedAt: deps.clock.now() })
      .where(eq(tools.id, data.id))
      .returning()
      .get();
    return toTool(row);
  });
}

/** Removes a tool; throws TOOL_IN_USE while a live version calls it. */
export async function deleteTool(deps: ToolsDeps, id: string): Promise<void> {
  await deps.writer.write(() => {
    getRow(deps, id);
    const details = listCallers(deps, { kind: "tool", id }).map((agent): ErrorDetail => ({
      path: `/agents/${agent}`,
      code: "TOOL_IN_USE",
      message: `The agent ${agent} calls this tool.`,
    }));
    if (details.length > 0) throw new AppError("TOOL_IN_USE", { details });
    deps.db.orm.delete(tools).where(eq(tools.id, id)).run();
  });
}

/** Removes a named secret; throws NOT_FOUND, or SECRET_IN_USE while a tool reads it. */
export async function deleteSecret(deps: ToolsDeps, name: string): Promise<void> {
  await deps.writer.write(() => {
    const rows = deps.db.orm.select().from(tools).all();
    const details = rows
      .filter((row) => secretsRead(settingsOf(row)).includes(name))
      .slice(0, 20)
      .map(({ id }): ErrorDetail => ({
        path: `/tools/${id}`,
        code: "SECRET_IN_USE",
        message: `The tool ${id} reads this secret.`,
      }));
    if (details.length > 0) throw new AppError("SECRET_IN_USE", { details });
    deleteNamedSecret(deps, name);
  });
}

/** Whether a node may name this tool. */
export function isToolUsable(deps: { db: Db }, id: string): boolean {
  const row = deps.db.orm
    .select({ enabled: tools.enabled })
    .from(tools)
    .where(eq(tools.id, id))
    .get();
  return row?.enabled === true;
}

/** What a call needs of a tool; undefined where it is gone or switched off. */
export function findTool(deps: { db: Db }, id: string): ToolSettings | undefined {
  const row = deps.db.orm.select().from(tools).where(eq(tools.id, id)).get();
  return row?.enabled === true ? settingsOf(row) : undefined;
}

/** What stands for parameters that a tool does not describe. */
const ANY_OBJECT: Json = { type: "object" };

/** A name as models take it: letters, digits, `_` and `-`, at most 64. */
const toModelName = (name: string): string =>
  name
    .normalize("NFKD")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 64) || "tool";

/** A tool as a model may use it; null where it is gone, switched off, or called by given addresses. */
export function describeTool(deps: { db: Db }, id: string): ModelTool | null {
  const row = deps.db.orm.select().from(tools).where(eq(tools.id, id)).get();
  if (row?.enabled !== true) return null;
  const { url, parameters } = settingsOf(row);
  // Which host is called is never a model's to say.
  if (url === null) return null;
  const { name, description } = row;
  return { name: toModelName(name), description, parameters: parameters ?? ANY_OBJECT };
}

/** What a call needs of a tool, also of one that is switched off; throws NOT_FOUND. */
export const getToolSettings = (deps: { db: Db }, id: string): ToolSettings =>
  settingsOf(getRow(deps, id));
