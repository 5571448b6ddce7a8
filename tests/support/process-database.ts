// The database file of a server, read and never written: what no answer tells.

import { Database } from "bun:sqlite";
import { join } from "node:path";

export interface StoppedDatabase extends Disposable {
  rows<T>(sql: string): T[];
  /** The value of a pragma. */
  pragma(name: string): unknown;
}

/** Opens the file of a data directory; of a server that runs it shows the last commit. */
export function openStopped(dataDir: string): StoppedDatabase {
  const database = new Database(join(dataDir, "hookline.db"), { readonly: true, strict: true });
  return {
    rows: <T>(sql: string) => database.query<T, []>(sql).all(),
    pragma: (name) => Object.values(database.query(`pragma ${name}`).get() ?? {})[0],
    [Symbol.dispose]: () => database.close(),
  };
}

/** What is wrong with the file and the references in it. */
export const findDamage = (database: StoppedDatabase): unknown[] => [
  ...database
    .rows<{ integrity_check: string }>("pragma integrity_check")
    .filter((row) => row.integrity_check !== "ok"),
  ...database.rows("pragma foreign_key_check"),
];

interface Entry {
  execution: number;
  kind: "steps" | "effect_started" | "effect_ended";
  effect: string | null;
  packed: number;
  record: Uint8Array<ArrayBuffer>;
}

interface RecordedStep {
  nodeId: string;
  iteration: string;
  status: string;
}

function namesOf(entry: Entry): string[] {
  if (entry.kind === "effect_ended") return [`${entry.execution} effect ${entry.effect}`];
  if (entry.kind === "effect_started") return [];
  const bytes = entry.packed === 1 ? Bun.zstdDecompressSync(entry.record) : entry.record;
  const steps: RecordedStep[] = JSON.parse(Buffer.from(bytes).toString());
  return steps
    .filter((step) => step.status !== "running")
    .map((step) => `${entry.execution} step ${step.nodeId}/${step.iteration}`);
}

/** Steps and effects whose result was recorded more than once; `results` counts all. */
export function countResults(database: StoppedDatabase): { results: number; twice: string[] } {
  const names = database
    .rows<Entry>("select execution, kind, effect, packed, record from journal order by id")
    .flatMap(namesOf);
  const seen = new Set<string>();
  const twice = names.filter((name) => seen.size === seen.add(name).size);
  return { results: names.length, twice };
}
