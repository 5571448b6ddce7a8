// How long a server that was started anew takes until every execution has ended.

import { openStopped } from "../support/process-database";
import { eventually } from "../support/process-waiting";

/** An execution that has not ended so long after the start counts as one that nobody owns. */
const RECOVERY_MS = 10_000;

export interface Recovery {
  ms: number;
  /** Executions that had not ended after ten seconds. */
  unowned: number;
}

/** To be called once the server has started; looks into the file, and asks the server nothing. */
export async function awaitRecovery(dataDir: string): Promise<Recovery> {
  using database = openStopped(dataDir);
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  const unowned = await eventually("the end of all executions", () => {
    const [row] = database.rows<{ open: number }>(
      "select count(*) as open from executions where finished_at is null",
    );
    const open = row?.open ?? 0;
    return open === 0 || elapsed() > RECOVERY_MS ? open : null;
  });
  return { ms: elapsed(), unowned };
}
