// What a case has left behind: rows in the ledger of its agent, their bodies, and executions.

import { eventually } from "../../support/process-waiting";
import type { Server } from "../../support/server";
import { askData, listExecutions } from "../../support/server-calls";
import type { AbuseCase, CaseAgent } from "./abuse-case";

interface LedgerRow {
  id: string;
  verdict: string;
  gate: string | null;
  reason: string | null;
}

/** The deliveries of an agent, oldest first. */
async function readLedger(server: Server, agent: CaseAgent): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = await askData(server, `GET /agents/${agent.id}/deliveries?limit=200`);
  return rows.toReversed();
}

const toText = (rows: LedgerRow[]): string =>
  rows
    .map(({ verdict, reason }) => (reason === null ? verdict : `${verdict} ${reason}`))
    .join(", ");

const countOf = (ledger: string): number => (ledger === "" ? 0 : ledger.split(", ").length);

/** How many bytes of a body are kept: nothing is read where the first gate refuses. */
function keptOf(row: LedgerRow): number {
  if (row.gate === "request") return 0;
  return row.verdict === "refused" ? 64 * 1024 : Infinity;
}

/** How the stored body of a row differs from the one that was sent; null where it does not. */
async function describeBody(
  server: Server,
  data: { one: AbuseCase; agent: CaseAgent; row: LedgerRow },
): Promise<string | null> {
  const { one, agent, row } = data;
  const url = `${server.url}/agents/${agent.id}/deliveries/${row.id}/raw`;
  const response = await fetch(url, { headers: { Authorization: `Bearer ${server.token}` } });
  // Where nothing is kept there is nothing at that address.
  const stored = response.ok ? Buffer.from(await response.arrayBuffer()) : Buffer.alloc(0);
  const sent = one.body.subarray(0, keptOf(row));
  if (stored.equals(sent)) return null;
  return `${toText([row])}: ${stored.length} of ${sent.length} bytes: ${stored.toString("utf8", 0, 40)}`;
}

export interface Left {
  /** As in `ledgers` of the case. */
  ledger: string;
  /** Bodies that are not kept as they were sent. */
  bodies: string[];
}

/** What there is once every row that must come has come, and each accepted one has its execution. */
export async function readLeft(
  server: Server,
  data: { one: AbuseCase; agent: CaseAgent },
): Promise<Left> {
  const { one, agent } = data;
  const fewest = Math.min(...one.ledgers.map(countOf));
  const what = `${fewest} deliveries of ${one.name}, and the executions of those accepted`;
  const rows = await eventually(what, async () => {
    const found = await readLedger(server, agent);
    const executions = await listExecutions(server, agent.id);
    const accepted = found.filter(({ verdict }) => verdict === "accepted");
    return found.length >= fewest && executions.length === accepted.length ? found : null;
  });
  const bodies = await Promise.all(rows.map((row) => describeBody(server, { one, agent, row })));
  return {
    ledger: toText(rows),
    bodies: bodies.filter((difference) => difference !== null),
  };
}
