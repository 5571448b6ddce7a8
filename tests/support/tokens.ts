// API tokens of every kind, put into the database as the route does.

import type { NewToken } from "../../src/auth/tokens.store";
import { insertToken, makeToken } from "../../src/auth/tokens.store";
import type { TestApp } from "./app";

/** Stores a token and returns its text. */
export async function addToken(
  app: TestApp,
  options: Pick<NewToken, "scope" | "agentId" | "expiresAt">,
): Promise<string> {
  const token = { name: "a token of the tests", ...options, text: makeToken() };
  await app.writer.write(() => insertToken(app.deps, token));
  return token.text;
}
