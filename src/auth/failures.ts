// Failed credentials of the current minute, by address and by webhook, in memory; those of the API
// and of webhooks add up. An address of IPv6 stands for its /64. They decide only how a failure is
// answered: a good credential is never counted or shut out.

import type { Clock } from "../lib/clock";
import { networkOf } from "../lib/network/forwarded";

const WINDOW_MS = 60_000;
const PER_ADDRESS = 60;
const PER_WEBHOOK = 600;
/** Addresses, and webhooks, remembered at once. */
const MAX_KEYS = 20_000;

/** Who failed: from where, and on whose webhook; null on the API. */
export interface Failure {
  address: string | null;
  agentId: string | null;
}

export interface Failures {
  /** Counts a failure; says whether there have been too many, and in how many seconds they lapse. */
  count(failure: Failure): { tooMany: boolean; retrySeconds: number };
}

/** The count of `key` with this one; a key that finds no room is counted as the first each time. */
function add<Key>(counts: Map<Key, number>, key: Key): number {
  const count = (counts.get(key) ?? 0) + 1;
  if (count > 1 || counts.size < MAX_KEYS) counts.set(key, count);
  return count;
}

/** An empty count. */
export function createFailures(deps: { clock: Clock }): Failures {
  let windowStart = deps.clock.monotonic();
  const byAddress = new Map<string | null, number>();
  const byWebhook = new Map<string, number>();
  return {
    count({ address, agentId }) {
      const now = deps.clock.monotonic();
      if (now - windowStart >= WINDOW_MS) {
        byAddress.clear();
        byWebhook.clear();
        windowStart = now;
      }
      const fromAddress = add(byAddress, address === null ? null : networkOf(address));
      const onWebhook = agentId === null ? 0 : add(byWebhook, agentId);
      return {
        tooMany: fromAddress > PER_ADDRESS || onWebhook > PER_WEBHOOK,
        retrySeconds: Math.ceil((windowStart + WINDOW_MS - now) / 1000),
      };
    },
  };
}
