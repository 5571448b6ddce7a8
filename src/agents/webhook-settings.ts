// Settings of a webhook: what the owner set, what follows from preset and instance, what is refused.

import { mergePatch } from "../lib/json";
import { isRecord } from "../lib/json-value";
import type { Config } from "../config";
import type { ErrorDetail } from "../errors";
import type { AuthType, BuiltOverflow, BuiltPreset, Preset } from "../vocabulary";
import { BUILT_OVERFLOWS, BUILT_PRESETS } from "../vocabulary";
import type { WebhookPatch } from "./agents.schema";

/** What the owner set, as stored; everything may be absent. */
export interface StoredWebhook {
  auth?: { type?: AuthType; preset?: Preset };
  limits?: Partial<WebhookLimits>;
  respond?: Respond;
  allow?: Partial<AllowedCalls>;
}

/** What of a webhook's deliveries is taken. */
export interface WebhookLimits {
  perMinute: number;
  /** Executions of its deliveries that may be in a slot at once; without a queue, unfinished. */
  maxConcurrent: number;
  maxBodyBytes: number;
  overflow: BuiltOverflow;
  /** Executions that may wait beyond `maxConcurrent` where the overflow is queued. */
  maxQueued: number;
}

/** When a delivery is answered: at once, or with the end of its execution where that comes in time. */
export type Respond = "async" | { waitSeconds: number };

/** What executions that go back to a delivery may call, by ids; null is whatever their pipeline names. */
export interface AllowedCalls {
  toolIds: string[] | null;
  agentIds: string[] | null;
}

/** The settings that deliveries meet. */
export interface WebhookSettings {
  auth: { type: AuthType; preset: BuiltPreset | null };
  limits: WebhookLimits;
  respond: Respond;
  allow: AllowedCalls;
}

/** What a preset proposes where the owner set nothing. */
export interface PresetProposal {
  authType: AuthType;
  maxBodyBytes: number | null;
  overflow: BuiltOverflow | null;
  /** How long the sender waits for an answer. */
  deadlineSeconds: number | null;
}

export interface WebhookSettingsDeps {
  config: Config;
  proposalOf(preset: BuiltPreset): PresetProposal;
}

const DEFAULT_MAX_QUEUED = 1_000;

const DEFAULT_PRESETS: Record<AuthType, BuiltPreset | null> = {
  none: null,
  bearer: "bearer",
  basic: "basic",
  hmac: "hmac",
};

const unavailable = (path: string, message: string): ErrorDetail => ({
  path,
  code: "VALUE_UNAVAILABLE",
  message,
});

const isBuilt = (list: readonly string[], value: unknown): boolean =>
  value === undefined || value === null || list.some((word) => word === value);

/** Everything in a patch that is part of the contract but not of this version. */
export function findUnavailable(patch: WebhookPatch): ErrorDetail[] {
  const found: ErrorDetail[] = [];
  const check = (path: string, data: { value: unknown; built: readonly string[] }): void => {
    if (!isBuilt(data.built, data.value)) {
      const choice = data.built.length === 0 ? "leave it out" : `use ${data.built.join(" or ")}`;
      found.push(unavailable(path, `${path.slice(1)} does not take this value yet; ${choice}.`));
    }
  };
  check("/webhook/auth/preset", { value: patch.auth?.preset, built: BUILT_PRESETS });
  check("/webhook/auth/custom", { value: patch.auth?.custom, built: [] });
  check("/webhook/limits/overflow", { value: patch.limits?.overflow, built: BUILT_OVERFLOWS });
  check("/webhook/limits/coalesceKey", { value: patch.limits?.coalesceKey, built: [] });
  check("/webhook/filter", { value: patch.filter, built: [] });
  check("/webhook/callback", { value: patch.callback, built: [] });
  return found;
}

/**
 * Merges a patch into what is stored; null drops everything. A new `type` without a `preset` drops
 * the old preset.
 */
export function applyWebhookPatch(
  stored: StoredWebhook,
  patch: WebhookPatch | null,
): StoredWebhook {
  const changesType = patch?.auth?.type !== undefined && patch.auth?.preset === undefined;
  const start = changesType ? { ...stored, auth: {} } : stored;
  const merged = mergePatch(start, patch);
  return isRecord(merged) ? merged : {};
}

const builtPreset = (preset: Preset | undefined): BuiltPreset | null =>
  BUILT_PRESETS.find((word) => word === preset) ?? null;

/** Faults between the settings themselves. */
export function findConflicts(deps: WebhookSettingsDeps, stored: StoredWebhook): ErrorDetail[] {
  const preset = builtPreset(stored.auth?.preset);
  if (preset === null) return [];
  const needed = deps.proposalOf(preset).authType;
  if (stored.auth?.type === needed) return [];
  return [
    {
      path: "/webhook/auth/preset",
      code: "PRESET_NEEDS_TYPE",
      message: `The preset ${preset} goes with auth type ${needed}; send both.`,
    },
  ];
}

/** Fills in what the owner left open: from the preset, then from the instance. */
export function resolveWebhook(deps: WebhookSettingsDeps, stored: StoredWebhook): WebhookSettings {
  const type = stored.auth?.type ?? "none";
  const preset = builtPreset(stored.auth?.preset) ?? DEFAULT_PRESETS[type];
  const proposal = preset === null ? null : deps.proposalOf(preset);
  const proposedBytes = proposal?.maxBodyBytes ?? 0;
  return {
    auth: { type, preset },
    limits: {
      perMinute: stored.limits?.perMinute ?? deps.config.webhookRatePerMinute,
      maxConcurrent: stored.limits?.maxConcurrent ?? deps.config.webhookMaxConcurrent,
      maxBodyBytes: stored.limits?.maxBodyBytes ?? Math.max(proposedBytes, deps.config.maxBody),
      overflow: stored.limits?.overflow ?? proposal?.overflow ?? "reject",
      maxQueued: stored.limits?.maxQueued ?? DEFAULT_MAX_QUEUED,
    },
    respond: stored.respond ?? "async",
    allow: { toolIds: stored.allow?.toolIds ?? null, agentIds: stored.allow?.agentIds ?? null },
  };
}

/** The settings of an agent's row. */
export const settingsOf = (
  deps: WebhookSettingsDeps,
  row: { webhookSettings: string },
): WebhookSettings => resolveWebhook(deps, readStoredWebhook(row.webhookSettings));

/** The settings column of an agent; it was written by `applyWebhookPatch`. */
export const readStoredWebhook = (text: string): StoredWebhook => JSON.parse(text);
