// Counts which secret verified a delivery, so that an owner sees when the old one can go. Written
// once a second at most: a row per delivery would cost more than the delivery.

import type { Writer } from "../db/writer";
import type { Log } from "../lib/log";
import { describeError } from "../lib/log";
import type { SecretsDeps } from "../secrets/secrets.store";
import { recordSecretUse } from "../secrets/secrets.store";

export interface SecretUses {
  note(id: string, at: number): void;
  flush(): Promise<void>;
}

const FLUSH_MS = 1_000;

/** No uses yet. */
export function createSecretUses(deps: SecretsDeps & { writer: Writer; log: Log }): SecretUses {
  const noted = new Map<string, { id: string; uses: number; lastUsedAt: number }>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  async function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const uses = [...noted.values()];
    noted.clear();
    if (uses.length === 0) return;
    try {
      await deps.writer.write(() => {
        for (const use of uses) recordSecretUse(deps, use);
      });
    } catch (error) {
      deps.log.error("ledger.write_failed", { secrets: uses.length, ...describeError(error) });
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
