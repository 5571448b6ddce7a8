// What is declared of a sender: how it signs, names and repeats its deliveries. Data, no code.

import type { HmacAlgorithm } from "../../lib/crypto";
import type { AuthType, BuiltOverflow, BuiltPreset } from "../../vocabulary";

/** HMAC of the raw body, in hex, in one header. */
export interface SignatureRow {
  header: string;
  /** Texts one of which stands before the digest; the empty text allows it bare. */
  prefixes: readonly string[];
  algorithm: HmacAlgorithm;
}

export interface PresetRow {
  name: BuiltPreset;
  authType: AuthType;
  /** Null where the secret itself is sent. */
  signature: SignatureRow | null;
  /** Header that names a delivery, the same on every repeat. */
  deliveryIdHeader: string | null;
  eventHeader: string | null;
  /** Field of the body that refines the event, as `action` in `issues.opened`. */
  eventField: string | null;
  /** Events that only ask whether the address answers. */
  pingEvents: readonly string[];
  /** Form field that holds the JSON where the sender posts a form. */
  formField: string | null;
  /** Body size the sender needs, where it is more than the instance's default. */
  maxBodyBytes: number | null;
  /** Proposed where a refused delivery would not come again. */
  overflow: BuiltOverflow | null;
  /** How long the sender waits for an answer; null where that is not known. */
  deadlineSeconds: number | null;
  /** How long a repeat is recognised. */
  dedupMs: number;
}

/** How long a repeat is recognised, where the sender does not repeat for longer. */
export const DEDUP_MS = 24 * 3_600_000;

/** A row for callers of which nothing is known but how they authenticate. */
export const plainRow = (row: Pick<PresetRow, "name" | "authType" | "signature">): PresetRow => ({
  deliveryIdHeader: null,
  eventHeader: null,
  eventField: null,
  pingEvents: [],
  formField: null,
  maxBodyBytes: null,
  overflow: null,
  deadlineSeconds: null,
  dedupMs: DEDUP_MS,
  ...row,
});
