// The key that encrypts secrets at rest: from the configuration, or `secret.key` beside the database.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { randomKey, sha256 } from "../lib/crypto";

export interface MasterKey {
  bytes: Buffer;
  /** First 8 hex digits of its SHA-256; each row names the key it was sealed with. */
  id: string;
  created: boolean;
}

const KEY_BYTES = 32;

/** The encryption key cannot be used; the message says what to do. */
export class KeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KeyError";
  }
}

function toMasterKey(data: { text: string; source: string; created: boolean }): MasterKey {
  const bytes = Buffer.from(data.text.trim(), "base64");
  if (bytes.length !== KEY_BYTES) {
    throw new KeyError(
      `${data.source} does not hold ${KEY_BYTES} bytes as base64. Restore it from a backup.`,
    );
  }
  return { bytes, id: sha256(bytes).toString("hex").slice(0, 8), created: data.created };
}

/** Complete and on disk, or not there at all: secrets sealed with it will be on disk as well. */
function writeDurably(data: { path: string; folder: string; text: string }): void {
  const draft = `${data.path}.new`;
  const file = openSync(draft, "w", 0o600);
  writeSync(file, data.text);
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, data.path);
  const folder = openSync(data.folder, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** Takes the configured key, else reads the key file, else makes it with mode 0600. */
export function loadMasterKey(data: { configured: string | null; dataDir: string }): MasterKey {
  if (data.configured !== null) {
    return toMasterKey({
      text: data.configured,
      source: "HOOKLINE_ENCRYPTION_KEY",
      created: false,
    });
  }
  const path = join(data.dataDir, "secret.key");
  if (existsSync(path)) {
    chmodSync(path, 0o600);
    return toMasterKey({ text: readFileSync(path, "utf8"), source: path, created: false });
  }
  const text = randomKey().toString("base64");
  writeDurably({ path, folder: data.dataDir, text: `${text}\n` });
  return toMasterKey({ text, source: path, created: true });
}
