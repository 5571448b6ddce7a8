// The ledger under a flood that is faster than the disk: bounded in memory, counted beyond that.

import { describe, expect, test } from "bun:test";
import type { Delivery, Refusal } from "../../../src/webhooks/delivery";
import { openDelivery } from "../../../src/webhooks/delivery";
import { createLedger } from "../../../src/webhooks/ledger/ledger";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { liveAgent } from "../../support/deliveries";
import { createRecordedLog } from "../../support/recorded-log";

const REFUSAL: Refusal = {
  verdict: "refused",
  gate: "body",
  reason: "INVALID_JSON",
  code: "INVALID_JSON",
};

function deliveryTo(
  app: TestApp,
  data: { seq: number; body: Uint8Array; verified: boolean },
): Delivery {
  const request = new Request("http://localhost/agents/x/webhook", { method: "POST" });
  const agent = liveAgent(data.seq);
  const incoming = { request, agentId: agent.id, address: null, server: null, agent, preset: null };
  const delivery = openDelivery(app.deps, incoming);
  delivery.body = data.body;
  delivery.verified = data.verified;
  return delivery;
}

async function prepare() {
  const log = createRecordedLog();
  const app = await createTestApp({ log });
  const ledger = createLedger({ ...app.deps, writer: app.writer, log });
  const count = (sql: string): number =>
    app.db.raw.query<{ count: number }, []>(`select ${sql} as count`).get()?.count ?? -1;
  const rows = () => count("(select count(*) from deliveries)");
  const counted = () => count("(select coalesce(sum(count), 0) from delivery_counts)");
  return { app, log, ledger, rows, counted };
}

describe("what is noted and not yet written", () => {
  test("is at most 5,000 rows; the rest is counted", async () => {
    const { app, ledger, rows, counted } = await prepare();
    const body = Buffer.from("{");
    for (let seq = 1; seq <= 11; seq += 1) {
      for (let sent = 0; sent < 500; sent += 1) {
        ledger.record(deliveryTo(app, { seq, body, verified: false }), REFUSAL);
      }
    }
    await ledger.flush();
    expect([rows(), counted()]).toEqual([5000, 500]);
  });

  test("is at most 64 MiB of bodies, by one more at the most", async () => {
    const { app, ledger, rows, counted } = await prepare();
    const body = crypto.getRandomValues(new Uint8Array(64 * 1024));
    const whole = Buffer.concat(
      Array.from({ length: 128 }, () => crypto.getRandomValues(body.slice())),
    );
    for (let seq = 1; seq <= 10; seq += 1) {
      ledger.record(deliveryTo(app, { seq, body: whole, verified: true }), REFUSAL);
    }
    await ledger.flush();
    expect([rows(), counted()]).toEqual([8, 2]);
  });

  test("gives its room back once it is written", async () => {
    const { app, ledger, rows, counted } = await prepare();
    const body = Buffer.from("{");
    for (let seq = 1; seq <= 20; seq += 1) {
      for (let sent = 0; sent < 400; sent += 1) {
        ledger.record(deliveryTo(app, { seq, body, verified: false }), REFUSAL);
      }
      await ledger.flush();
    }
    expect([rows(), counted()]).toEqual([8000, 0]);
  });
});

describe("a flush that cannot write", () => {
  test("logs it, gives the memory back, and the next one writes", async () => {
    const { app, log, ledger, rows } = await prepare();
    const body = Buffer.from("{");
    app.db.raw.run("pragma query_only = on");
    ledger.record(deliveryTo(app, { seq: 1, body, verified: false }), REFUSAL);
    await ledger.flush();
    expect(log.events()).toContain("ledger.write_failed");
    app.db.raw.run("pragma query_only = off");
    ledger.record(deliveryTo(app, { seq: 1, body, verified: false }), REFUSAL);
    await ledger.flush();
    expect(rows()).toBe(1);
  });

  test("loses no row silently: what could not be written is counted", async () => {
    const { app, ledger, rows, counted } = await prepare();
    app.db.raw.run("pragma query_only = on");
    ledger.record(deliveryTo(app, { seq: 1, body: Buffer.from("{"), verified: true }), REFUSAL);
    await ledger.flush();
    app.db.raw.run("pragma query_only = off");
    await ledger.flush();
    expect(rows() + counted()).toBe(1);
  });
});
