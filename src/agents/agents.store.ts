// Rows of agents and their versions. A deleted agent keeps its row, so that its executions can be read.

import { and, desc, eq, getTableColumns, isNull, lt, sql } from "drizzle-orm";
import type { Db } from "../db/open";
import { agents, agentVersions } from "../db/schema";
import type { Clock } from "../lib/clock";
import { toIso } from "../lib/clock";
import type { Ids } from "../lib/ids";
import { formatId } from "../lib/ids";
import type { AgentStatus } from "../vocabulary";
import type { AgentSummary } from "./agents.schema";
import type { VersionSummary } from "./versions.schema";

export interface AgentStoreDeps {
  db: Db;
  clock: Clock;
  ids: Ids;
}

export type AgentRow = typeof agents.$inferSelect;
export type VersionRow = typeof agentVersions.$inferSelect;

/** Stores a new draft agent; runs inside a write. */
export function insertAgent(
  deps: AgentStoreDeps,
  data: Pick<AgentRow, "name" | "description" | "draft"> & { webhookSettings?: string },
): AgentRow {
  const now = deps.clock.now();
  return deps.db.orm
    .insert(agents)
    .values({
      ...data,
      id: formatId("agt", deps.ids.uid()),
      status: "draft",
      createdAt: now,
      updatedAt: now,
    })
    .returning()
    .get();
}

/** The agent of that id, or undefined where it never was or is deleted. */
export const findAgent = (deps: { db: Db }, id: string): AgentRow | undefined =>
  deps.db.orm
    .select()
    .from(agents)
    .where(and(eq(agents.id, id), isNull(agents.deletedAt)))
    .get();

/** Ids of the agents of that name, oldest first. */
export const listAgentsNamed = (deps: { db: Db }, name: string): string[] =>
  deps.db.orm
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.name, name), isNull(agents.deletedAt)))
    .orderBy(agents.seq)
    .all()
    .map(({ id }) => id);

/** What a delivery needs of an agent's row. */
export interface AgentFacts {
  seq: number;
  id: string;
  status: AgentStatus;
  liveVersion: number | null;
  webhookEnabled: number;
  webhookSettings: string;
}

/** As `findAgent`, prepared and without the draft; null where there is none. */
export const findAgentFacts = (deps: { db: Db }, id: string): AgentFacts | null =>
  deps.db.raw
    .query<AgentFacts, [string]>(
      "select seq, id, status, live_version as liveVersion, webhook_enabled as webhookEnabled, webhook_settings as webhookSettings from agents where id = ? and deleted_at is null",
    )
    .get(id);

/** What the owner of an agent set of its webhook, deleted agents included; null where there is none. */
export const findWebhookSettings = (deps: { db: Db }, seq: number): string | null =>
  deps.db.raw
    .query<{ settings: string }, [number]>(
      "select webhook_settings as settings from agents where seq = ?",
    )
    .get(seq)?.settings ?? null;

/** The number behind an agent id, deleted ones included. */
export function findAgentSeq(deps: { db: Db }, id: string): number | undefined {
  return deps.db.orm.select({ seq: agents.seq }).from(agents).where(eq(agents.id, id)).get()?.seq;
}

/** An agent's row without its draft, which may be 1 MiB. */
export type AgentOverview = Omit<AgentRow, "draft">;

const { draft: _draft, ...overview } = getTableColumns(agents);

/** Up to `limit` agents below the cursor, newest first. */
export function listAgents(
  deps: { db: Db },
  data: { before: number; limit: number },
): AgentOverview[] {
  return deps.db.orm
    .select(overview)
    .from(agents)
    .where(and(isNull(agents.deletedAt), lt(agents.seq, data.before)))
    .orderBy(desc(agents.seq))
    .limit(data.limit)
    .all();
}

export type AgentChange = Partial<
  Pick<
    AgentRow,
    | "name"
    | "description"
    | "draft"
    | "status"
    | "liveVersion"
    | "webhookEnabled"
    | "webhookSettings"
    | "deletedAt"
  >
>;

/** Changes an agent that is not deleted; runs inside a write. */
export function updateAgent(
  deps: AgentStoreDeps,
  data: { seq: number; change: AgentChange },
): AgentRow {
  return deps.db.orm
    .update(agents)
    .set({ ...data.change, updatedAt: deps.clock.now(), revision: sql`${agents.revision} + 1` })
    .where(and(eq(agents.seq, data.seq), isNull(agents.deletedAt)))
    .returning()
    .get();
}

/** One version, or undefined. */
export const findVersion = (
  deps: { db: Db },
  data: { agent: number; version: number },
): VersionRow | undefined =>
  deps.db.orm
    .select()
    .from(agentVersions)
    .where(and(eq(agentVersions.agent, data.agent), eq(agentVersions.version, data.version)))
    .get();

/** All versions of an agent, newest first, without their pipelines. */
export const listVersions = (deps: { db: Db }, agent: number) =>
  deps.db.orm
    .select({
      version: agentVersions.version,
      note: agentVersions.note,
      author: agentVersions.author,
      createdAt: agentVersions.createdAt,
    })
    .from(agentVersions)
    .where(eq(agentVersions.agent, agent))
    .orderBy(desc(agentVersions.version))
    .all();

/** What is said of a version when it is made. */
export interface VersionFacts {
  note: string;
  /** Id of an API token. */
  author: string | null;
}

/**
 * Makes a pipeline the live version and the agent active: a new numbered row where it differs from
 * the live one. Runs inside a write.
 */
export function activatePipeline(
  deps: AgentStoreDeps,
  data: VersionFacts & { row: AgentRow; pipeline: string },
): AgentRow {
  const { row, pipeline, note, author } = data;
  const { liveVersion } = row;
  const live =
    liveVersion === null ? undefined : findVersion(deps, { agent: row.seq, version: liveVersion });
  if (live !== undefined && live.pipeline === pipeline) {
    return updateAgent(deps, { seq: row.seq, change: { status: "active" } });
  }
  const version = (listVersions(deps, row.seq)[0]?.version ?? 0) + 1;
  deps.db.orm
    .insert(agentVersions)
    .values({ agent: row.seq, version, pipeline, note, author, createdAt: deps.clock.now() })
    .run();
  return updateAgent(deps, { seq: row.seq, change: { status: "active", liveVersion: version } });
}

/** Wire shape of an agent in a list. */
export const toAgentSummary = (row: AgentOverview, publicUrl: string): AgentSummary => ({
  id: row.id,
  name: row.name,
  description: row.description,
  status: row.status,
  liveVersion: row.liveVersion,
  webhookEnabled: row.webhookEnabled,
  webhookUrl: `${publicUrl}/agents/${row.id}/webhook`,
  createdAt: toIso(row.createdAt),
  updatedAt: toIso(row.updatedAt),
});

/** Wire shape of a version in a list. */
export const toVersionSummary = (
  agent: AgentRow,
  version: VersionFacts & { version: number; createdAt: number },
): VersionSummary => ({
  version: version.version,
  live: version.version === agent.liveVersion,
  note: version.note,
  author: version.author,
  createdAt: toIso(version.createdAt),
});
