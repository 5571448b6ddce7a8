// A server full of texts that stand nowhere else, all that it wrote and answered, and what of those
// texts stands where it may not.

import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LEAK } from "../support/model-stub-answers";
import { openStopped } from "../support/process-database";
import { readFiles } from "../support/process-files";
import { Server } from "../support/server";
import { findCanaries, readValues, type Places } from "./canary-search";
import { Transcript } from "./canary-transcript";

/** With characters that are written down otherwise in URLs and by base64. */
const draw = (name: string): string => `canary/${name}+%-${randomBytes(12).toString("hex")}`;
/** Of letters and digits alone. */
const drawWord = (name: string): string => `canary-${name}-${randomBytes(12).toString("hex")}`;

/** Goes with its scope, as its server does. */
export class CanaryScene implements AsyncDisposable {
  readonly server: Server;
  /** May stand nowhere. */
  readonly secrets = new Map<string, Buffer>();
  /** Belong to the database and to successes; may stand in no log and in no failure. */
  readonly contents = new Map<string, Buffer>();
  readonly transcript: Transcript;
  readonly #logs: string[] = [];
  readonly #adminToken = `hk_live_${drawWord("admin-token")}`;
  /** The encryption key in its file, which is no place to be searched. */
  readonly #masterKey = randomBytes(32);

  constructor(env: Record<string, string>) {
    this.server = new Server({ env: { ...env, HOOKLINE_ADMIN_TOKEN: this.#adminToken } });
    this.secrets.set("the admin token", Buffer.from(this.#adminToken));
    this.secrets.set("the encryption key", this.#masterKey);
    this.secrets.set("the encryption key as text", Buffer.from(this.#keyText));
    this.secrets.set("a provider's text", Buffer.from(LEAK));
    writeFileSync(this.#keyFile, `${this.#keyText}\n`, { mode: 0o600 });
    this.transcript = new Transcript(() => ({ url: this.server.url, token: this.#adminToken }));
  }

  get #keyText(): string {
    return this.#masterKey.toString("base64");
  }

  get #keyFile(): string {
    return join(this.server.dataDir, "secret.key");
  }

  keepSecret(name: string, text = draw(name.replaceAll(" ", "-"))): string {
    this.secrets.set(name, Buffer.from(text));
    return text;
  }

  keepContent(name: string): string {
    const text = drawWord(name);
    this.contents.set(name, Buffer.from(text));
    return text;
  }

  keepLog(...texts: string[]): void {
    this.#logs.push(...texts);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.keepLog(this.server.stdout, this.server.stderr);
  }

  async kill(): Promise<void> {
    await this.server.kill();
    this.keepLog(this.server.stdout, this.server.stderr);
  }

  /** The same data without the key that its secrets were sealed with. */
  async startWithKey(key: string): Promise<void> {
    rmSync(this.#keyFile);
    await this.server.start({ env: { HOOKLINE_ENCRYPTION_KEY: key } });
  }

  get #logPlace(): Places {
    return new Map([["the log", Buffer.from(this.#logs.join("\n"))]]);
  }

  get #filePlaces(): Places {
    const files = readFiles(this.server.dataDir);
    files.delete("secret.key");
    return files;
  }

  /** What stands in the files now, such as the log that is written ahead. */
  findInFiles(): string[] {
    return findCanaries(this.secrets, this.#filePlaces);
  }

  /** What stands where it may not, once the server has stopped. */
  search(): { found: string[]; unseen: string[]; places: number } {
    using database = openStopped(this.server.dataDir);
    const values = readValues(database);
    const { failures, reads } = this.transcript;
    const told = [...this.#logPlace, ...failures];
    const all = [...told, ...reads, ...this.#filePlaces, ...values];
    const seen = findCanaries(this.contents, values);
    return {
      found: [
        ...findCanaries(this.secrets, new Map(all)),
        ...findCanaries(this.contents, new Map(told)),
      ],
      unseen: [...this.contents.keys()].filter(
        (name) => !seen.some((place) => place.startsWith(`${name} in `)),
      ),
      places: all.length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}
