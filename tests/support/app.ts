// A fresh app on a database in memory: no port, a clock moved by hand, ids that count.

import { createApp } from "../../src/app";
import { insertToken } from "../../src/auth/tokens.store";
import { assemble } from "../../src/commands/assemble";
import type { Config } from "../../src/config";
import { createConfig } from "../../src/config";
import { migrate } from "../../src/db/migrate";
import { MIGRATIONS } from "../../src/db/migrations";
import type { Db } from "../../src/db/open";
import { openDatabase } from "../../src/db/open";
import { createManualClock } from "../../src/lib/clock";
import { sha256 } from "../../src/lib/crypto";
import { createCountingIds } from "../../src/lib/ids";
import type { Ids } from "../../src/lib/ids";
import type { Log } from "../../src/lib/log";
import { silentLog } from "../../src/lib/log";
import type { Outbound } from "../../src/lib/outbound";
import type { Sandbox } from "../../src/sandbox/sandbox";
import { holdToContract } from "./contract";

export const ADMIN_TOKEN = "hk_live_test-admin-token-0000000000000000000000";

export interface TestOptions {
  config?: Partial<Config>;
  /** Another app's database, to start again on what it left. */
  db?: Db;
  clock?: ReturnType<typeof createManualClock>;
  ids?: Ids;
  log?: Log;
  outbound?: Outbound;
  sandbox?: Sandbox;
  masterKey?: Buffer;
}

/** An API call: its method and path, and what it sends. */
export interface Call {
  call: string;
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

/** A migrated database in memory. */
export function createTestDb(): Db {
  const db = openDatabase(":memory:");
  const clock = createManualClock();
  migrate({ db, clock, migrations: MIGRATIONS, backupPath: () => null });
  return db;
}

/** The app, its dependencies, and requests to it. */
export async function createTestApp(options: TestOptions = {}) {
  const clock = options.clock ?? createManualClock();
  const db = options.db ?? createTestDb();
  const ids = options.ids ?? createCountingIds();
  const bytes = options.masterKey ?? Buffer.alloc(32, 7);
  const assembly = await assemble({
    config: createConfig(options.config),
    db,
    clock,
    ids,
    log: options.log ?? silentLog,
    masterKey: { bytes, id: sha256(bytes).toString("hex").slice(0, 8), created: false },
    publicUrl: () => "http://hooks.test",
    ...(options.outbound === undefined ? {} : { outbound: options.outbound }),
    ...(options.sandbox === undefined ? {} : { sandbox: options.sandbox }),
  });
  const { deps, writer, pool } = assembly;
  if (options.db === undefined) {
    await writer.write(() =>
      insertToken(deps, { text: ADMIN_TOKEN, name: "test", scope: "admin" }),
    );
  }
  const app = createApp(deps);
  pool.wake();

  /** A raw request; `path` starts with a slash. The answer must be one that the document tells of. */
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await app.handle(new Request(`http://localhost${path}`, init));
    const exchange = { method: init.method ?? "GET", path, response };
    await holdToContract({ app, docs: deps.config.docs }, exchange);
    return response;
  }

  /** An API call with headers of its own; a body is sent as JSON. */
  async function send({ call, body, token = ADMIN_TOKEN, headers = {} }: Call): Promise<ApiAnswer> {
    const [method = "GET", path = "/"] = call.split(" ");
    const all = new Headers({ Authorization: `Bearer ${token}`, ...headers });
    if (body !== undefined) all.set("Content-Type", "application/json");
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    return readAnswer(await request(path, { method, headers: all, ...init }));
  }

  /** An API call with the admin token. */
  const api = (call: string, body?: unknown, token = ADMIN_TOKEN): Promise<ApiAnswer> =>
    send({ call, body, token });

  /** A delivery to an agent's webhook, as JSON unless `init` says otherwise. */
  async function deliver(agentId: string, body: string | Uint8Array, init: RequestInit = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return readAnswer(
      await request(`/agents/${agentId}/webhook`, { method: "POST", body, ...init, headers }),
    );
  }

  /** A new agent; `patch` as of PATCH /agents/{id}, with the webhook on. */
  async function agent(patch: Record<string, unknown> = {}) {
    const created = await api("POST /agents", { name: "agent", webhookEnabled: true, ...patch });
    if (created.status !== 201) throw new Error(JSON.stringify(created.body));
    return created.data;
  }

  return { ...assembly, app, clock, db, request, send, api, deliver, agent };
}

export type TestApp = Awaited<ReturnType<typeof createTestApp>>;

/** Another start on the database that `app` leaves, with its clock and its ids. */
export const restart = (app: TestApp, options: TestOptions = {}): Promise<TestApp> =>
  createTestApp({ db: app.db, clock: app.clock, ids: app.deps.ids, ...options });

/** A JSON answer taken apart. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** The body as it came. */
  text: string;
  // Answers differ by route; tests name the fields they expect.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
  // oxlint-disable-next-line typescript/no-explicit-any
  error: any;
}

export async function readAnswer(response: Response): Promise<ApiAnswer> {
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    text,
    body,
    data: body?.data,
    error: body?.error,
  };
}
