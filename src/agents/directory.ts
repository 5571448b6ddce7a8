// What the webhook route needs of an agent, in memory: one process owns the database, so a change
// through the API is the only way in which an entry can grow old.

import type { Db } from "../db/open";
import { BoundedMap } from "../lib/bounded-map";
import { sha256 } from "../lib/crypto";
import type { SecretsDeps } from "../secrets/secrets.store";
import { listLiveSecrets, openSecret } from "../secrets/secrets.store";
import type { AgentStatus } from "../vocabulary";
import { findAgentFacts, findWebhookSettings } from "./agents.store";
import type { AllowedCalls, WebhookSettings, WebhookSettingsDeps } from "./webhook-settings";
import { settingsOf } from "./webhook-settings";

export interface LiveSecret {
  id: string;
  /** Null where the stored secret cannot be decrypted. */
  text: string | null;
  /** SHA-256 of the text, for comparisons whose time must not tell lengths. */
  digest: Buffer;
  expiresAt: number | null;
}

export interface LiveAgent {
  seq: number;
  id: string;
  status: AgentStatus;
  liveVersion: number | null;
  webhookEnabled: boolean;
  webhook: WebhookSettings;
  /** Read only while the webhook is live. */
  secrets: LiveSecret[];
}

export interface Directory {
  /** The agent of that id, deleted ones excepted. */
  find(id: string): LiveAgent | undefined;
  /**
   * How many executions of its deliveries the agent of that number may have in slots; also of one
   * that is switched off or deleted: what it accepted still runs.
   */
  maxConcurrentOf(seq: number): number;
  /** What its executions may call that go back to a delivery; as of now. */
  allowedCallsOf(seq: number): AllowedCalls;
  /** Drops an entry after its change has been committed. */
  forget(id: string): void;
}

export type DirectoryDeps = SecretsDeps & WebhookSettingsDeps & { db: Db };

/** Agents kept, and settings of as many. */
const MAX_KEPT = 10_000;

function load(deps: DirectoryDeps, id: string): LiveAgent | undefined {
  const row = findAgentFacts(deps, id);
  if (row === null) return undefined;
  return {
    seq: row.seq,
    id: row.id,
    status: row.status,
    liveVersion: row.liveVersion,
    webhookEnabled: row.webhookEnabled === 1,
    webhook: settingsOf(deps, row),
    secrets: [],
  };
}

const isLive = (agent: LiveAgent): boolean => agent.webhookEnabled && agent.status === "active";

function readSecrets(deps: DirectoryDeps, id: string): LiveSecret[] {
  return listLiveSecrets(deps, { purpose: "webhook", ownerId: id }).map((secret) => {
    const text = openSecret(deps, secret);
    return { id: secret.id, text, digest: sha256(text ?? ""), expiresAt: secret.expiresAt };
  });
}

/** An empty directory that fills itself; `changed` is called when an entry was dropped. */
export function createDirectory(deps: DirectoryDeps & { changed(): void }): Directory {
  const kept = new BoundedMap<string, LiveAgent>(MAX_KEPT);
  const settings = new BoundedMap<number, Pick<WebhookSettings, "allow" | "limits">>(MAX_KEPT);
  function settingsByNumber(seq: number): Pick<WebhookSettings, "allow" | "limits"> {
    const known = settings.get(seq);
    if (known !== undefined) return known;
    const webhookSettings = findWebhookSettings(deps, seq) ?? "{}";
    const { allow, limits } = settingsOf(deps, { webhookSettings });
    settings.set(seq, { allow, limits });
    return { allow, limits };
  }
  return {
    find(id) {
      const known = kept.get(id);
      if (known !== undefined) return known;
      const agent = load(deps, id);
      // Not kept: the time of an answer must not tell an unknown agent from one that is off.
      if (agent === undefined || !isLive(agent)) return agent;
      agent.secrets = readSecrets(deps, id);
      kept.set(id, agent);
      return agent;
    },
    maxConcurrentOf: (seq) => settingsByNumber(seq).limits.maxConcurrent,
    allowedCallsOf: (seq) => settingsByNumber(seq).allow,
    forget(id) {
      kept.delete(id);
      // By number, and read again at the next start.
      settings.clear();
      deps.changed();
    },
  };
}
