// API tokens of every kind, put into the database as a later version's route will do.

import { tokens } from "../../src/db/schema";
import { sha256 } from "../../src/lib/crypto";
import type { Scope } from "../../src/vocabulary";
import type { TestApp } from "./app";

interface TokenOptions {
  scope: Scope;
  /** The one agent it is for. */
  agentId?: string;
  expiresAt?: number;
}

/** Stores a token and returns its text. */
export async function addToken(app: TestApp, options: TokenOptions): Promise<string> {
  const uid = app.deps.ids.uid().toString("hex");
  const text = `hk_live_of-the-tests-${uid}`;
  await app.writer.write(() =>
    app.db.orm
      .insert(tokens)
      .values({
        id: `key_${uid}`,
        name: `token ${uid}`,
        hash: sha256(text),
        scope: options.scope,
        agentId: options.agentId ?? null,
        createdAt: app.clock.now(),
        expiresAt: options.expiresAt ?? null,
      })
      .run(),
  );
  return text;
}
