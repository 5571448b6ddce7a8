// A file that has grown: deliveries and lists on a million executions, beside an empty one.

import { Database } from "bun:sqlite";
import { join } from "node:path";
import { Connection, toBytes } from "../tests/support/server-wire";
import { makeTempFolder } from "../tests/support/temp-folder";
import type { Scale } from "./figures";
import type { Sample } from "./measure";
import { measureInRounds } from "./measure";
import { median, percentile } from "./statistics";
import { openHookline } from "./targets";

const AGENTS = 100;

/** UUIDv7 of row `i`, a millisecond apart. */
const UID = "unhex(printf('%012x7%03x8%015x', $from + i, i % 4096, i))";
/** Half of the rows are the first agent's, the others those of all. */
const AGENT = "iif(i % 2 = 0, $agent, $agent + i % $agents)";

const NUMBERS =
  "with recursive n(i) as (select 1 union all select i + 1 from n where i < $executions)";

/** One row in a hundred has failed; beside each two hundred, one is a refusal of the first agent's. */
const ROWS = [
  `insert into executions (seq, uid, agent, version, trigger, state, delivery, created_at, started_at, finished_at, attempt, error_code)
   ${NUMBERS} select i, ${UID}, ${AGENT}, 1, iif(i % 50 = 0, 'manual', 'webhook'), iif(i % 100 = 1, 'failed', 'completed'),
     iif(i % 50 = 0, null, i), $from + i, $from + i, $from + i + 5, 1, iif(i % 100 = 1, 'PROVIDER_ERROR', null) from n`,
  `insert into payloads (seq, packed, body)
   ${NUMBERS} select i, 0, cast(json_object('action', 'opened', 'text', hex(randomblob(480))) as blob) from n`,
  `insert into deliveries (seq, uid, agent, received_at, verdict, verified, method, address, headers, preset, event, size, decoding, status, execution, micros)
   ${NUMBERS} select i, ${UID}, ${AGENT}, $from + i, 'accepted', 1, 'POST', '127.0.0.1', json_object('host', 'localhost', 'content-type', 'application/json'),
     'hmac', iif(i % 1000 = 1, 'issues.opened', 'push'), 1000, 'json', 200, i, 500 from n where i % 50 <> 0`,
  `insert into deliveries (seq, uid, agent, received_at, verdict, gate, reason, verified, method, address, headers, preset, size, status, code, micros)
   ${NUMBERS} select i, ${UID}, $agent, $from + i, 'refused', 'rate', 'RATE_LIMITED', 1, 'POST', '127.0.0.1', '{}', 'hmac', 1000, 429, 'RATE_LIMITED', 500
   from n where i % 200 = 50`,
  `insert into journal (id, execution, kind, packed, record)
   ${NUMBERS} select i << 20, i, 'steps', 0, cast('[]' as blob) from n`,
];

/** Puts that many executions with all that belongs to them into the file of a stopped server. */
function fill(dataDir: string, executions: number): void {
  using database = new Database(join(dataDir, "hookline.db"), { strict: true });
  database.run("pragma synchronous = off");
  const agent = database.query<{ first: number }, []>("select min(seq) as first from agents").get();
  const from = Date.now() - executions - 60_000;
  const values = { agent: agent?.first ?? 1, agents: AGENTS, from, executions };
  const names = Object.entries(values);
  for (const rows of ROWS) {
    const used = names.filter(([name]) => rows.includes(`$${name}`));
    database.query(rows).run(Object.fromEntries(used));
  }
  database.run("pragma wal_checkpoint(truncate)");
}

/** What a page of a list is asked for; `{id}` stands for the agent with half of all rows. */
const LISTS = [
  "/agents/{id}/executions?limit=50",
  "/agents/{id}/executions?limit=50&status=failed",
  "/agents/{id}/executions?limit=50&status=cancelled",
  "/agents/{id}/executions?limit=50&trigger=manual",
  "/agents/{id}/executions?limit=50&trigger=schedule",
  "/agents/{id}/deliveries?limit=50",
  "/agents/{id}/deliveries?limit=50&verdict=refused",
  "/agents/{id}/deliveries?limit=50&reason=RATE_LIMITED",
  "/agents/{id}/deliveries?limit=50&event=issues.opened",
  "/agents/{id}/deliveries?limit=50&to=2020-01-01T00:00:00Z",
  "/deliveries?limit=50",
  "/deliveries?limit=50&verdict=refused",
  "/deliveries?limit=50&event=none",
];

export interface ListFigures {
  path: string;
  p50: number;
  p99: number;
}

/** Milliseconds of each list, one request after the other. */
async function timeLists(dataDir: string, repeats: number): Promise<ListFigures[]> {
  await using target = await openHookline({ agents: 0, dataDir });
  using connection = await Connection.open(target.url);
  const headers = { Authorization: `Bearer ${target.server.token}` };
  const figures: ListFigures[] = [];
  for (const list of LISTS) {
    const path = list.replace("{id}", target.agentIds.at(-1) ?? "");
    const bytes = toBytes({ method: "GET", path, headers });
    const times: number[] = [];
    for (let left = repeats; left > 0; left -= 1) {
      const startedAt = performance.now();
      const answer = await connection.exchange(bytes);
      if (answer?.status !== 200) throw new Error(`${list} answered ${answer?.status}`);
      times.push(performance.now() - startedAt);
    }
    figures.push({ path: list, p50: median(times), p99: percentile(times, 0.99) });
  }
  return figures;
}

export interface Growth {
  executions: number;
  /** Deliveries run to their end on a new file, and on the one that has grown. */
  empty: Sample;
  grown: Sample;
  lists: ListFigures[];
}

/** Measures both files in the same rounds. */
export async function measureGrowth(scale: Scale): Promise<Growth> {
  using folder = makeTempFolder();
  const first = await openHookline({ agents: AGENTS, dataDir: folder.path });
  await first.server.stop();
  await first[Symbol.asyncDispose]();
  fill(folder.path, scale.grown);
  const lists = await timeLists(folder.path, scale.repeats * 10);
  const { empty, grown } = await measureInRounds(scale, {
    empty: { open: () => openHookline({ agents: AGENTS }), load: { drained: true } },
    grown: {
      open: () => openHookline({ agents: AGENTS, dataDir: folder.path }),
      load: { drained: true },
    },
  });
  return { executions: scale.grown, empty, grown, lists };
}
