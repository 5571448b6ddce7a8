// Secrets of a webhook: made or taken, in the form that its method can use. Runs inside writes.

import type { ErrorDetail } from "../errors";
import type { Warning } from "../lib/wire";
import type { SecretRow, SecretsDeps } from "../secrets/secrets.store";
import {
  insertSecret,
  listLiveSecrets,
  makeWebhookSecret,
  openSecret,
  retireSecrets,
} from "../secrets/secrets.store";
import type { AuthType } from "../vocabulary";
import type { AgentRow } from "./agents.store";

/** How long a secret stays valid behind its successor, where nothing else is said. */
export const GRACE_MS = 24 * 3_600_000;

const ownerOf = (row: AgentRow) => ({ purpose: "webhook", ownerId: row.id }) as const;

/** The webhook's secrets that have not expired, oldest first. */
export const listWebhookSecrets = (deps: SecretsDeps, row: AgentRow): SecretRow[] =>
  listLiveSecrets(deps, ownerOf(row));

/** Whether a method can use this text: Basic's secret is `user:password` (RFC 7617). */
const fits = (text: string, type: AuthType): boolean => type !== "basic" || text.includes(":");

/** What is wrong with a secret that the owner gives, or null. */
export function findSecretFault(text: string, type: AuthType): ErrorDetail | null {
  if (/^\s|\s$|[\u0000-\u001f\u007f]/.test(text)) {
    const message = "The secret starts or ends with white space, or holds a control character.";
    return { path: "/secret", code: "SECRET_MALFORMED", message };
  }
  if (fits(text, type)) return null;
  const message = "The webhook's method is basic; give user:password, with the colon.";
  return { path: "/secret", code: "SECRET_NEEDS_COLON", message };
}

/** Puts a secret in the place of the current one, which stays valid for `graceMs`. */
export function replaceSecret(
  deps: SecretsDeps,
  data: { row: AgentRow; text: string; graceMs: number },
): SecretRow {
  const owner = ownerOf(data.row);
  retireSecrets(deps, { ...owner, at: deps.clock.now() + data.graceMs });
  return insertSecret(deps, { ...owner, text: data.text });
}

/** What only the answer to a change tells of the webhook's secrets. */
export interface SecretNews {
  /** In clear, this once. */
  webhookSecret?: string;
  warnings?: Warning[];
}

const REPLACED: Warning = {
  code: "SECRET_REPLACED",
  message:
    "The secret before had no colon, which basic needs: a new one was made, and the old one ends in 24 hours.",
};

/**
 * Makes a secret where a method is set and has none that it can use. One that cannot be decrypted
 * stays: it is its key that has to come back.
 */
export function ensureSecret(
  deps: SecretsDeps,
  data: { row: AgentRow; type: AuthType },
): SecretNews {
  const { row, type } = data;
  if (type === "none") return {};
  const current = listWebhookSecrets(deps, row).find((secret) => secret.expiresAt === null);
  const text = current === undefined ? undefined : openSecret(deps, current);
  if (text === null || (text !== undefined && fits(text, type))) return {};
  const webhookSecret = makeWebhookSecret(type);
  replaceSecret(deps, { row, text: webhookSecret, graceMs: GRACE_MS });
  return text === undefined ? { webhookSecret } : { webhookSecret, warnings: [REPLACED] };
}
