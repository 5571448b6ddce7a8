// Which agents call something that a pipeline's nodes name by id.

import { and, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "./open";
import { agents, agentVersions } from "./schema";

/** How the `data` of a node names what it calls: alone, or in a list. */
const NAMED = {
  provider: (id: string) => sql`node.value ->> '$.data.providerId' = ${id}`,
  tool: (id: string) =>
    sql`node.value ->> '$.data.toolId' = ${id} or exists (select 1 from json_each(node.value, '$.data.toolIds') as listed where listed.value = ${id})`,
};

/** Ids of active agents with a node in their live version whose `data` names `id`; at most 20. */
export function listCallers(
  deps: { db: Db },
  { kind, id }: { kind: keyof typeof NAMED; id: string },
): string[] {
  return deps.db.orm
    .select({ id: agents.id })
    .from(agents)
    .innerJoin(
      agentVersions,
      and(eq(agentVersions.agent, agents.seq), eq(agentVersions.version, agents.liveVersion)),
    )
    .where(
      and(
        eq(agents.status, "active"),
        isNull(agents.deletedAt),
        sql`exists (select 1 from json_each(${agentVersions.pipeline}, '$.nodes') as node where ${NAMED[kind](id)})`,
      ),
    )
    .limit(20)
    .all()
    .map((row) => row.id);
}
