// Counts uses of credentials, so that an owner sees which can go. Noted in memory and written once a
// second at most: a write per use would cost more than the use. Where to is left to stores.

import type { Log } from "../lib/log";
import { describeError } from "../lib/log";
import type { Writer } from "./writer";

/** Uses of one credential since the last write. */
export interface Use {
  id: string;
  uses: number;
  lastUsedAt: number;
}

export interface Uses {
  note(id: string, at: number): void;
  flush(): Promise<void>;
}

const FLUSH_MS = 1_000;

/** No uses yet; `record` runs inside a write, `kind` names what is counted in the log. */
export function createUses(
  deps: { writer: Writer; log: Log },
  data: { kind: "secrets" | "tokens"; record(use: Use): void },
): Uses {
  const noted = new Map<string, Use>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  async function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const uses = [...noted.values()];
    noted.clear();
    if (uses.length === 0) return;
    try {
      await deps.writer.write(() => {
        for (const use of uses) data.record(use);
      });
    } catch (error) {
      deps.log.error("ledger.write_failed", { [data.kind]: uses.length, ...describeError(error) });
    }
  }
  return {
    note(id, at) {
      noted.set(id, { id, uses: (noted.get(id)?.uses ?? 0) + 1, lastUsedAt: at });
      timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    flush,
  };
}
