// The servers that Hookline is compared with: `bun bench/baseline-server.ts KIND FOLDER`. Prints its
// URL once it listens.

import { timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { Elysia } from "elysia";
import { migrate } from "../src/db/migrate";
import { MIGRATIONS } from "../src/db/migrations";
import { openDatabase } from "../src/db/open";
import { insertExecution, insertPayload } from "../src/executions/executions.store";
import { systemClock } from "../src/lib/clock";
import { systemIds } from "../src/lib/ids";
import { insertDelivery } from "../src/webhooks/deliveries.store";
import { take } from "../src/webhooks/limiter";

export const BASELINES = {
  bare: "bare `Bun.serve` that reads the body",
  verified: "Elysia + HMAC, nothing stored",
  commitEach: "(b) and Hookline's own rows, one commit a request, `synchronous=FULL`",
  unsynced: "the same with `synchronous=OFF`: what a lost power supply takes away",
} as const;

export type Baseline = keyof typeof BASELINES;

/** Signs the deliveries of all servers of the bench. */
export const SECRET = "the-secret-of-the-bench-0123456789";

const ACCEPTED = '{"success":true,"data":{"executionId":null,"status":"running"}}';
const OPTIONS = { port: 0, hostname: "127.0.0.1", reusePort: false };

function serveBare(): number {
  const server = Bun.serve({
    ...OPTIONS,
    async fetch(request) {
      await request.arrayBuffer();
      return new Response(ACCEPTED);
    },
  });
  return server.port ?? 0;
}

function isSigned(request: Request, body: Uint8Array): boolean {
  const given = request.headers.get("x-webhook-signature") ?? "";
  const digest = new Bun.CryptoHasher("sha256", SECRET).update(body).digest();
  const sent = Buffer.from(given.replace("sha256=", ""), "hex");
  return sent.length === digest.length && timingSafeEqual(sent, digest);
}

/** Elysia, the signature, and what is done with the body of a good one. */
function serveVerified(store: (agent: string, body: Uint8Array) => void): number {
  const app = new Elysia()
    .post(
      "/agents/:id/webhook",
      async ({ request, params, status }) => {
        const body = new Uint8Array(await request.arrayBuffer());
        if (!isSigned(request, body)) return status(401, "");
        store(params.id, body);
        return new Response(ACCEPTED, { headers: { "Content-Type": "application/json" } });
      },
      { parse: "none" },
    )
    .listen(OPTIONS);
  return app.server?.port ?? 0;
}

/** Hookline's own rows of an accepted delivery, in its own tables, in a transaction of their own. */
function createStore(data: { folder: string; synchronous: "full" | "off" }) {
  const db = openDatabase(join(data.folder, "baseline.db"));
  migrate({ db, clock: systemClock, migrations: MIGRATIONS, backupPath: () => null });
  db.raw.run(`pragma synchronous = ${data.synchronous}`);
  db.raw.run("pragma wal_autocheckpoint = 1000");
  db.raw.run("pragma foreign_keys = off");
  let seq = 0;
  return db.raw.transaction((agentId: string, body: Uint8Array) => {
    seq += 1;
    const agent = Number(agentId.split("_")[1]);
    const facts = { seq, uid: systemIds.uid(), agent };
    const now = systemClock.now();
    take({ db }, { agent, kind: "live", perMinute: 1_000_000, places: 1_000_000, now });
    insertExecution(
      { db },
      { ...facts, version: 1, trigger: "webhook", delivery: seq, createdAt: now },
    );
    insertPayload({ db }, { seq, payload: { packed: false, bytes: body } });
    insertDelivery({ db }, { ...ACCEPTED_ROW, ...facts, receivedAt: now, execution: seq });
  });
}

const ACCEPTED_ROW = {
  verdict: "accepted",
  gate: null,
  reason: null,
  verified: true,
  method: "POST",
  query: "",
  address: "127.0.0.1",
  headers: JSON.stringify({ host: "localhost", "content-type": "application/json" }),
  preset: "hmac",
  event: null,
  deliveryKey: null,
  size: 1024,
  decoding: "json",
  status: 200,
  code: null,
  micros: 100,
  detail: null,
} as const;

const STARTS: Record<Baseline, (folder: string) => number> = {
  bare: serveBare,
  verified: () => serveVerified(() => undefined),
  commitEach: (folder) => serveVerified(createStore({ folder, synchronous: "full" })),
  unsynced: (folder) => serveVerified(createStore({ folder, synchronous: "off" })),
};

const isBaseline = (word: string | undefined): word is Baseline =>
  word !== undefined && word in STARTS;

if (import.meta.main) {
  const [kind, folder] = process.argv.slice(2);
  if (!isBaseline(kind) || folder === undefined) throw new Error("KIND FOLDER");
  process.stdout.write(`http://127.0.0.1:${STARTS[kind](folder)}\n`);
}
