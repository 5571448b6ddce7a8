// Sweeping: what has expired goes in small writes, what has not stays.

import { expect, test } from "bun:test";
import { sweep } from "../../src/ops/sweep";
import type { TestApp } from "../support/app";
import { createTestApp } from "../support/app";
import { rejection } from "../support/rejection";
import { addDelivery } from "../support/rows";

const DAY_MS = 24 * 3_600_000;

const countIn = (app: TestApp, table: string): number =>
  app.db.raw.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()?.n ?? 0;

/** `count` claims of each kind that expire at `expiresAt`. */
function addClaims(app: TestApp, data: { count: number; expiresAt: number }): void {
  const { raw } = app.db;
  for (let number = 0; number < data.count; number += 1) {
    const name = `${data.expiresAt} ${number}`;
    raw
      .query(
        "insert into idempotency_keys (agent, source, key, execution, expires_at) values (1, 'caller', ?, 1, ?)",
      )
      .run(name, data.expiresAt);
    raw
      .query(
        "insert into kept_answers (scope, body_mac, key_id, expires_at) values (?, x'00', 'k', ?)",
      )
      .run(Buffer.from(name), data.expiresAt);
  }
}

test("keys of deliveries and kept answers go when they have expired, however many", async () => {
  const app = await createTestApp();
  const now = app.clock.now();
  addClaims(app, { count: 250, expiresAt: now });
  addClaims(app, { count: 3, expiresAt: now + 1 });
  let writes = 0;
  const write: typeof app.writer.write = (job, committed) => {
    writes += 1;
    return app.writer.write(job, committed);
  };
  await sweep({ ...app.deps, writer: { write, drained: () => app.writer.drained() } });
  expect([countIn(app, "idempotency_keys"), countIn(app, "kept_answers")]).toEqual([3, 3]);
  // Three of each kind: 100, 100 and 50 rows.
  expect(writes).toBe(6);
  app.clock.advance(1);
  await sweep(app.deps);
  expect([countIn(app, "idempotency_keys"), countIn(app, "kept_answers")]).toEqual([0, 0]);
});

test("unverified deliveries of the day before go as well", async () => {
  const app = await createTestApp();
  addDelivery(app.db, { seq: 1, agent: null, receivedAt: app.clock.now() });
  app.clock.advance(DAY_MS + 1);
  await sweep(app.deps);
  expect(countIn(app, "deliveries")).toBe(0);
});

test("a sweep that storage refused is made up for by the next", async () => {
  const app = await createTestApp();
  addClaims(app, { count: 1, expiresAt: app.clock.now() });
  app.db.raw.run("pragma query_only = on");
  expect(await rejection(sweep(app.deps))).toMatchObject({ code: "STORAGE_UNAVAILABLE" });
  app.db.raw.run("pragma query_only = off");
  await sweep(app.deps);
  expect(countIn(app, "kept_answers")).toBe(0);
});
