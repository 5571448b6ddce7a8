// Creating and changing agents: one write each, in which settings, secrets and versions move together.

import type { Writer } from "../db/writer";
import type { ErrorDetail } from "../errors";
import { AppError, invalid } from "../errors";
import type { Warning } from "../lib/wire";
import { defaultPipeline } from "../pipelines/defaults";
import type { Pipeline, PipelineLimits } from "../pipelines/pipelines.schema";
import type { Validation } from "../pipelines/validate";
import { validatePipeline } from "../pipelines/validate";
import { makeWebhookSecret, toSecretFacts } from "../secrets/secrets.store";
import type { Agent, AgentCreate, AgentPatch, SecretCreate, SecretCreated } from "./agents.schema";
import type { AgentChange, AgentRow, VersionFacts } from "./agents.store";
import {
  activatePipeline,
  findAgent,
  findVersion,
  insertAgent,
  toAgentSummary,
  updateAgent,
} from "./agents.store";
import type { Directory, DirectoryDeps } from "./directory";
import type { AgentTarget } from "./revision";
import { requireRevision } from "./revision";
import { findAgentFault } from "./sub-agents";
import type { SecretNews } from "./webhook-secrets";
import {
  ensureSecret,
  findSecretFault,
  GRACE_MS,
  listWebhookSecrets,
  replaceSecret,
} from "./webhook-secrets";
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
  toolExists(id: string): boolean;
  /** Where senders reach this server, without a trailing slash. */
  publicUrl(): string;
};

/** A change that was made, and what its answer says only once. */
export interface Changed extends SecretNews {
  row: AgentRow;
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

/** The agent that a caller wants to change; throws NOT_FOUND or PRECONDITION_FAILED. */
function getTarget(deps: AgentsDeps, { id, ifMatch }: AgentTarget): AgentRow {
  const row = getAgent(deps, id);
  requireRevision(row, ifMatch);
  return row;
}

function refuseIfAny(details: ErrorDetail[]): void {
  if (details.length > 0) throw invalid(...details);
}

/** Judges a pipeline as that of the agent: what it calls must not lead back to it. */
export const judgePipeline = (
  deps: AgentsDeps,
  data: { agentId: string; pipeline: Pipeline },
): Validation =>
  validatePipeline(
    { ...deps, findAgentFault: (called) => findAgentFault(deps, { caller: data.agentId, called }) },
    data.pipeline,
  );

const draftFaults = (deps: AgentsDeps, row: AgentRow): ErrorDetail[] =>
  judgePipeline(deps, { agentId: row.id, pipeline: JSON.parse(row.draft) }).faults;

function activate(deps: AgentsDeps, data: VersionFacts & { row: AgentRow }): Changed {
  const faults = draftFaults(deps, data.row);
  refuseIfAny(faults);
  return { row: activatePipeline(deps, { ...data, pipeline: data.row.draft }), faults };
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

function applyPatch(
  deps: AgentsDeps,
  data: { row: AgentRow; patch: AgentPatch; author: string | null },
): Changed {
  const { patch } = data;
  const change: AgentChange = { webhookSettings: settingsAfter(deps, data) };
  if (patch.name !== undefined) change.name = patch.name;
  if (patch.description !== undefined) change.description = patch.description;
  if (patch.pipeline !== undefined) change.draft = JSON.stringify(patch.pipeline);
  if (patch.webhookEnabled !== undefined) change.webhookEnabled = patch.webhookEnabled;
  const row = updateAgent(deps, { seq: data.row.seq, change });
  const activates = row.webhookEnabled && row.status === "draft";
  const { author } = data;
  const changed = activates ? activate(deps, { row, author, note: "" }) : { row };
  return { ...changed, ...ensureSecret(deps, { row, type: settingsOf(deps, row).auth.type }) };
}

function checkPatch(deps: AgentsDeps, patch: AgentPatch): void {
  if (patch.webhook != null) refuseIfAny(findUnavailable(patch.webhook));
}

/** Makes an agent; without a pipeline it gets the default one. */
export async function createAgent(
  deps: AgentsDeps,
  { author, ...data }: AgentCreate & { author: string | null },
): Promise<Changed> {
  checkPatch(deps, data);
  return deps.writer.write(() => {
    const draft = JSON.stringify(data.pipeline ?? defaultPipeline());
    const description = data.description ?? "";
    const row = insertAgent(deps, { name: data.name, description, draft });
    return applyPatch(deps, { row, patch: data, author });
  });
}

/** Changes an agent; the first enabling of its webhook activates its draft. */
export async function changeAgent(
  deps: AgentsDeps,
  data: AgentTarget & { patch: AgentPatch; author: string | null },
): Promise<Changed> {
  const { patch, author } = data;
  checkPatch(deps, patch);
  const changed = await deps.writer.write(() =>
    applyPatch(deps, { row: getTarget(deps, data), patch, author }),
  );
  deps.directory.forget(data.id);
  return changed;
}

/** Makes the draft live; throws VALIDATION_ERROR with all faults. */
export async function activateAgent(
  deps: AgentsDeps,
  target: AgentTarget & VersionFacts,
): Promise<Changed> {
  const { note, author } = target;
  const changed = await deps.writer.write(() =>
    activate(deps, { row: getTarget(deps, target), note, author }),
  );
  deps.directory.forget(target.id);
  return changed;
}

/**
 * Makes the pipeline of an earlier version live again, as a new version; the draft stays as it is.
 * Throws NOT_FOUND, PRECONDITION_FAILED, or VALIDATION_ERROR with what is wrong with it by now.
 */
export async function rollBack(
  deps: AgentsDeps,
  target: AgentTarget & VersionFacts & { version: number },
): Promise<Changed> {
  const changed = await deps.writer.write(() => {
    const row = getTarget(deps, target);
    const earlier = findVersion(deps, { agent: row.seq, version: target.version });
    if (earlier === undefined) throw new AppError("NOT_FOUND");
    const pipeline: Pipeline = JSON.parse(earlier.pipeline);
    refuseIfAny(judgePipeline(deps, { agentId: row.id, pipeline }).faults);
    return { row: activatePipeline(deps, { ...target, row, pipeline: earlier.pipeline }) };
  });
  deps.directory.forget(target.id);
  return changed;
}

/** Stops new executions; an agent that was never active stays a draft. */
export async function deactivateAgent(deps: AgentsDeps, target: AgentTarget): Promise<Changed> {
  const row = await deps.writer.write(() => {
    const before = getTarget(deps, target);
    if (before.status !== "active") return before;
    return updateAgent(deps, { seq: before.seq, change: { status: "inactive" } });
  });
  deps.directory.forget(target.id);
  return { row };
}

/** Takes the agent away; what it accepted still runs and stays readable. */
export async function deleteAgent(deps: AgentsDeps, target: AgentTarget): Promise<void> {
  await deps.writer.write(() => {
    const { seq } = getTarget(deps, target);
    updateAgent(deps, { seq, change: { webhookEnabled: false, deletedAt: deps.clock.now() } });
  });
  deps.directory.forget(target.id);
}

/** Makes or takes a new secret; the current one stays valid for `graceSeconds` (24 hours). */
export async function rotateSecret(
  deps: AgentsDeps,
  data: AgentTarget & { body: SecretCreate },
): Promise<SecretCreated> {
  const { secret: given, graceSeconds } = data.body;
  const graceMs = graceSeconds === undefined ? GRACE_MS : graceSeconds * 1000;
  const { facts, text } = await deps.writer.write(() => {
    // Without a change of its columns: the agent has a new revision all the same.
    const row = updateAgent(deps, { seq: getTarget(deps, data).seq, change: {} });
    const { type } = settingsOf(deps, row).auth;
    const fault = given === undefined ? null : findSecretFault(given, type);
    refuseIfAny(fault === null ? [] : [fault]);
    const secret = given ?? makeWebhookSecret(type);
    return {
      facts: toSecretFacts(replaceSecret(deps, { row, text: secret, graceMs })),
      text: secret,
    };
  });
  deps.directory.forget(data.id);
  if (given === undefined) return { ...facts, secret: text };
  return given.length < SHORT_SECRET_CHARS ? { ...facts, warnings: [SHORT_SECRET] } : facts;
}

const SHORT_SECRET: Warning = {
  code: "SECRET_SHORT",
  message: "A secret of fewer than 16 characters can be guessed; use a longer one.",
};

const SECRET_MISSING: Warning = {
  code: "SECRET_MISSING",
  message:
    "The webhook's method has no secret yet: the next change of the agent makes one and shows it, or give one to POST /agents/{id}/webhook/secrets.",
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
  data: { row: AgentRow; settings: WebhookSettings; secrets: number },
): Warning[] {
  const { row, settings, secrets } = data;
  const warnings: Warning[] = [];
  if (settings.auth.type !== "none" && secrets === 0) warnings.push(SECRET_MISSING);
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
  const secrets = listWebhookSecrets(deps, row);
  const warnings = [
    ...(changed.warnings ?? []),
    ...warningsOf(deps, { row, settings, secrets: secrets.length }),
  ];
  return {
    ...toAgentSummary(row, deps.publicUrl()),
    pipeline: JSON.parse(row.draft),
    faults: changed.faults ?? draftFaults(deps, row),
    webhook: {
      auth: preset === null ? { type } : { type, preset },
      limits: settings.limits,
      respond: settings.respond,
      allow: settings.allow,
      secrets: secrets.map(toSecretFacts),
    },
    ...(changed.webhookSecret === undefined ? {} : { webhookSecret: changed.webhookSecret }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
