// Every POST with an Idempotency-Key that makes or changes something by its path alone, and what tests ask of it.

import { documentOf } from "../../support/agents";
import type { ApiAnswer, Call, TestApp } from "../../support/app";

export interface Write {
  /** `ID` stands for an agent's id. */
  call: string;
  body?: unknown;
  /** Another body that would be taken as well; absent where the route reads none. */
  other?: unknown;
  status: number;
}

const provider = (name: string) => ({
  type: "openai-compatible",
  name,
  baseUrl: "https://x.test/v1",
  apiKey: `key of ${name}`,
});

export const WRITES: readonly Write[] = [
  {
    call: "POST /agents",
    body: { name: "a", webhook: { auth: { type: "bearer" } } },
    other: { name: "b" },
    status: 201,
  },
  { call: "POST /agents/ID/duplicate", body: {}, other: { name: "b" }, status: 201 },
  {
    call: "POST /agents/import",
    body: documentOf(),
    other: documentOf({ name: "b" }),
    status: 201,
  },
  { call: "POST /agents/ID/activate", status: 200 },
  { call: "POST /agents/ID/deactivate", status: 200 },
  { call: "POST /agents/ID/webhook/secrets", body: {}, other: { graceSeconds: 1 }, status: 201 },
  { call: "POST /providers", body: provider("p"), other: provider("q"), status: 201 },
  {
    call: "POST /tokens",
    body: { name: "a", scope: "read" },
    other: { name: "a", scope: "admin" },
    status: 201,
  },
  { call: "POST /agents/ID/invoke", body: { input: 1 }, other: { input: 2 }, status: 200 },
];

export const CREATE: Write = { call: "POST /agents", body: { name: "made" }, status: 201 };

/** Sends a write with a key; `more` as of `TestApp.send`. */
export const sendKeyed = (
  app: TestApp,
  data: { write: Write; id: string; key?: string } & Partial<Call>,
): Promise<ApiAnswer> => {
  const { write, id, key = "a-key", headers, ...more } = data;
  return app.send({
    call: write.call.replace("ID", id),
    ...("body" in write ? { body: write.body } : {}),
    ...more,
    headers: { "Idempotency-Key": key, ...headers },
  });
};

/** Whether an answer is one that was given before. */
export const isReplayed = (answer: ApiAnswer): boolean =>
  answer.headers.get("idempotent-replayed") === "true";

/** What a caller may compare of two answers. */
export const shownBy = ({ status, text, headers }: ApiAnswer) => ({
  status,
  text,
  location: headers.get("location"),
  etag: headers.get("etag"),
  type: headers.get("content-type"),
  cache: headers.get("cache-control"),
});

/** Rows of everything that a write makes, by table. */
export const countRows = (app: TestApp): Record<string, number> =>
  Object.fromEntries(
    ["agents", "agent_versions", "secrets", "providers", "tokens", "executions"].map((table) => [
      table,
      app.db.raw.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()?.n ?? 0,
    ]),
  );
