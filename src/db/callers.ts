// Which agents call something that a pipeline's nodes name by id.

import { and, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "./open";
import { agents, agentVersions } from "./schema";

/** Ids of active agents with a node in their live version whose `data` names `id`; at most 20. */
export function listCallers(
  deps: { db: Db },
  { field, id }: { field: "providerId" | "toolId"; id: string },
): string[] {
  const isNamed = sql`value ->> ${`$.data.${field}`} = ${id}`;
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
        sql`exists (select 1 from json_each(${agentVersions.pipeline}, '$.nodes') where ${isNamed})`,
      ),
    )
    .limit(20)
    .all()
    .map((row) => row.id);
}
