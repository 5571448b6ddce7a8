// The secrets of one call: read when it needs them, and taken out of what comes back.

import { AppError } from "../errors";
import { isRecord, type Json } from "../lib/json-value";

export interface SecretReader {
  /** The text of a named secret; undefined where there is none. Throws CREDENTIAL_UNREADABLE. */
  readSecret(name: string): string | undefined;
}

/** Shorter texts stand in too much that is no secret. */
const MIN_REDACTED_CHARS = 8;

/** The secrets of one call, and how to take them out of an answer that repeats them. */
export function openSecrets(deps: SecretReader) {
  const opened = new Map<string, string>();
  return {
    read(name: string): string {
      const text = opened.get(name) ?? deps.readSecret(name);
      if (text === undefined) {
        throw new AppError("SECRET_MISSING", { message: `There is no secret ${name}; set it.` });
      }
      opened.set(name, text);
      return text;
    },
    redact(answer: string): string {
      let text = answer;
      for (const [name, secret] of opened) {
        if (secret.length < MIN_REDACTED_CHARS) continue;
        const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
        for (const form of forms) text = text.replaceAll(form, `[secret ${name}]`);
      }
      return text;
    },
  };
}

/** Redacts every string of a value, names of properties included. */
export function redactJson(redact: (text: string) => string, value: Json): Json {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactJson(redact, item));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    redact(key),
    redactJson(redact, item),
  ]);
  return Object.fromEntries(entries);
}
