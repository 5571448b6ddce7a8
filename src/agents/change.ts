// Creating and changing agents: one write each, in which settings, secrets and versions move together.

import type { Writer } from "../db/writer";
import type { ErrorDetail } from "../errors";
import { AppError } from "../errors";
import type { Warning } from "../lib/wire";
import { defaultPipeline } from "../pipelines/defaults";
import type { Pipeline, PipelineLimits } from "../pipelines/pipelines.schema";
import { validatePipeline } from "../pipelines/validate";
import {
  insertSecret,
  listLiveSecrets,
  makeWebhookSecret,
  retireSecrets,
  toSecretFacts,
} from "../secrets/secrets.store";
import type { Agent, AgentCreate, AgentPatch, SecretCreate, SecretCreated } from "./agents.schema";
import type { AgentChange, AgentRow } from "./agents.store";
import { activateDraft, findAgent, insertAgent, toAgentSummary, updateAgent } from "./agents.store";
import type { Directory, DirectoryDeps } from "./directory";
import type { WebhookSettings } from "./webhook-settings";
import {
  applyWebhookPatch,
  findConflicts,
  findUnavailable,
  readStoredWebhook,
  settingsOf,
} from "./webhook-settings";

export type AgentsDeps = DirectoryDeps & {
  writer: Writer;
  directory: Directory;
  limits: PipelineLimits;
  providerExists(id: string): boolean;
  /** Where senders reach this server, without a trailing slash. */
  publicUrl(): string;
};

/** A change that was made, and what its answer says only once. */
interface Changed {
  row: AgentRow;
  webhookSecret?: string;
  /** The draft's faults where they are known: none after an activation. */
  faults?: ErrorDetail[];
}

const SHORT_SECRET_CHARS = 16;

/** The agent of that id; throws NOT_FOUND. */
export function getAgent(deps: AgentsDeps, id: string): AgentRow {
  const row = findAgent(deps, id);
  if (row === undefined) throw new AppError("NOT_FOUND");
  return row;
}

function refuseIfAny(details: ErrorDetail[]): void {
  if (details.length > 0) throw new AppError("VALIDATION_ERROR", { details });
}

/** Faults of a pipeline; throws where it holds what this version does not build. */
function checkDraft(deps: AgentsDeps, pipeline: Pipeline): void {
  refuseIfAny(validatePipeline(deps, pipeline).unavailable);
}

const draftFaults = (deps: AgentsDeps, row: AgentRow): ErrorDetail[] =>
  validatePipeline(deps, JSON.parse(row.draft)).faults;

function activate(deps: AgentsDeps, row: AgentRow): Changed {
  const faults = draftFaults(deps, row);
  refuseIfAny(faults);
  return { row: activateDraft(deps, row), faults };
}

function settingsAfter(deps: AgentsDeps, data: { row: AgentRow; patch: AgentPatch }): string {
  const before = readStoredWebhook(data.row.webhookSettings);
  const { webhook } = data.patch;
  const after = applyWebhookPatch(before, webhook === undefined ? {} : webhook);
  const isOn = data.patch.webhookEnabled ?? data.row.webhookEnabled;
  const isOpen = (after.auth?.type ?? "none") === "none";
  if (isOn && isOpen && deps.config.requireWebhookAuth) after.auth = { type: "bearer" };
  refuseIfAny(findConflicts(deps, after));
  return JSON.stringify(after);
}

/** Makes a secret where a method was chosen and there is none. */
function ensureSecret(deps: AgentsDeps, row: AgentRow): string | undefined {
  const { auth } = settingsOf(deps, row);
  const owner = { purpose: "webhook", ownerId: row.id } as const;
  if (auth.type === "none" || listLiveSecrets(deps, owner).length > 0) return undefined;
  const text = makeWebhookSecret();
  insertSecret(deps, { ...owner, text });
  return text;
}

function applyPatch(deps: AgentsDeps, data: { row: AgentRow; patch: AgentPatch }): Changed {
  const { patch } = data;
  const change: AgentChange = { webhookSettings: settingsAfter(deps, data) };
  if (patch.name !== undefined) change.name = patch.name;
  if (patch.description !== undefined) change.description = patch.description;
  if (patch.pipeline !== undefined) change.draft = JSON.stringify(patch.pipeline);
  if (patch.webhookEnabled !== undefined) change.webhookEnabled = patch.webhookEnabled;
  const row = updateAgent(deps, { seq: data.row.seq, change });
  const activates = row.webhookEnabled && row.status === "draft";
  const changed = activates ? activate(deps, row) : { row };
  const webhookSecret = ensureSecret(deps, row);
  return webhookSecret === undefined ? changed : { ...changed, webhookSecret };
}

function checkPatch(deps: AgentsDeps, patch: AgentPatch): void {
  if (patch.webhook != null) refuseIfAny(findUnavailable(patch.webhook));
  if (patch.pipeline !== undefined) checkDraft(deps, patch.pipeline);
}

/** Makes an agent; without a pipeline it gets the default one. */
export async function createAgent(deps: AgentsDeps, data: AgentCreate): Promise<Changed> {
  checkPatch(deps, data);
  return deps.writer.write(() => {
    const draft = JSON.stringify(data.pipeline ?? defaultPipeline());
    const description = data.description ?? "";
    const row = insertAgent(deps, { name: data.name, description, draft });
    return applyPatch(deps, { row, patch: data });
  });
}

/** Changes an agent; the first enabling of its webhook activates its draft. */
export async function changeAgent(
  deps: AgentsDeps,
  data: { id: string; patch: AgentPatch },
): Promise<Changed> {
  checkPatch(deps, data.patch);
  const changed = await deps.writer.write(() =>
    applyPatch(deps, { row: getAgent(deps, data.id), patch: data.patch }),
  );
  deps.directory.forget(data.id);
  return changed;
}

/** Makes the draft live; throws VALIDATION_ERROR with all faults. */
export async function activateAgent(deps: AgentsDeps, id: string): Promise<Changed> {
  const changed = await deps.writer.write(() => activate(deps, getAgent(deps, id)));
  deps.directory.forget(id);
  return changed;
}

/** Stops new executions; an agent that was never active stays a draft. */
export async function deactivateAgent(deps: AgentsDeps, id: string): Promise<Changed> {
  const row = await deps.writer.write(() => {
    const before = getAgent(deps, id);
    if (before.status !== "active") return before;
    return updateAgent(deps, { seq: before.seq, change: { status: "inactive" } });
  });
  deps.directory.forget(id);
  return { row };
}

/** Takes the agent away; what it accepted still runs and stays readable. */
export async function deleteAgent(deps: AgentsDeps, id: string): Promise<void> {
  await deps.writer.write(() => {
    const { seq } = getAgent(deps, id);
    updateAgent(deps, { seq, change: { webhookEnabled: false, deletedAt: deps.clock.now() } });
  });
  deps.directory.forget(id);
}

/** Makes or takes a new secret; the current one stays valid for `graceSeconds` (24 hours). */
export async function rotateSecret(
  deps: AgentsDeps,
  data: { id: string; body: SecretCreate },
): Promise<SecretCreated> {
  const given = data.body.secret;
  if (given !== undefined && /^\s|\s$|[\u0000-\u001f\u007f]/.test(given)) {
    const message = "The secret starts or ends with white space, or holds a control character.";
    throw new AppError("VALIDATION_ERROR", {
      details: [{ path: "/secret", code: "SECRET_MALFORMED", message }],
    });
  }
  const text = given ?? makeWebhookSecret();
  const row = await deps.writer.write(() => {
    const owner = { purpose: "webhook", ownerId: getAgent(deps, data.id).id } as const;
    const at = deps.clock.now() + (data.body.graceSeconds ?? 24 * 3600) * 1000;
    retireSecrets(deps, { ...owner, at });
    return insertSecret(deps, { ...owner, text });
  });
  deps.directory.forget(data.id);
  const facts = toSecretFacts(row);
  if (given === undefined) return { ...facts, secret: text };
  return given.length < SHORT_SECRET_CHARS ? { ...facts, warnings: [SHORT_SECRET] } : facts;
}

const SHORT_SECRET: Warning = {
  code: "SECRET_SHORT",
  message: "A secret of fewer than 16 characters can be guessed; use a longer one.",
};

/** Where the answer would wait for longer than the sender does. */
function lateAnswer(deps: AgentsDeps, { auth, respond }: WebhookSettings): Warning[] {
  if (auth.preset === null || respond === "async") return [];
  const { deadlineSeconds } = deps.proposalOf(auth.preset);
  if (deadlineSeconds === null || respond.waitSeconds <= deadlineSeconds) return [];
  const message = `Senders of the preset ${auth.preset} wait ${deadlineSeconds} seconds for an answer; set webhook.respond.waitSeconds below that.`;
  return [{ code: "WAIT_BEYOND_DEADLINE", message }];
}

function warningsOf(
  deps: AgentsDeps,
  data: { row: AgentRow; settings: WebhookSettings },
): Warning[] {
  const { row, settings } = data;
  const warnings: Warning[] = [];
  if (row.webhookEnabled && settings.auth.type === "none") {
    const message = "The webhook takes deliveries from anyone; set webhook.auth.type.";
    warnings.push({ code: "WEBHOOK_OPEN", message });
  }
  if (row.webhookEnabled && row.status === "inactive") {
    const message = "The agent is inactive, so its webhook answers 404; activate it.";
    warnings.push({ code: "AGENT_INACTIVE", message });
  }
  return [...warnings, ...lateAnswer(deps, settings)];
}

/** Wire shape of an agent; `changed` adds what only the answer to a change carries. */
export function toAgent(deps: AgentsDeps, changed: Changed): Agent {
  const { row } = changed;
  const settings = settingsOf(deps, row);
  const { type, preset } = settings.auth;
  const secrets = listLiveSecrets(deps, { purpose: "webhook", ownerId: row.id });
  const warnings = warningsOf(deps, { row, settings });
  return {
    ...toAgentSummary(row, deps.publicUrl()),
    pipeline: JSON.parse(row.draft),
    faults: changed.faults ?? draftFaults(deps, row),
    webhook: {
      auth: preset === null ? { type } : { type, preset },
      limits: settings.limits,
      respond: settings.respond,
      secrets: secrets.map(toSecretFacts),
    },
    ...(changed.webhookSecret === undefined ? {} : { webhookSecret: changed.webhookSecret }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
