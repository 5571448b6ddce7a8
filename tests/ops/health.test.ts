// Whether work can be taken: while it stops, while errors reach nobody, and while nothing can be stored.

import { describe, expect, test } from "bun:test";
import type { Writer } from "../../src/db/writer";
import { AppError } from "../../src/errors";
import { createManualClock } from "../../src/lib/clock";
import type { Health } from "../../src/ops/health";
import { createHealth } from "../../src/ops/health";
import { createTestApp, createTestDb } from "../support/app";

/** Storage that can be made to fail, and how often it was asked. */
function createHealthOn() {
  const clock = createManualClock();
  const storage = { fails: false, writes: 0 };
  const writer: Writer = {
    async write(job) {
      storage.writes += 1;
      if (storage.fails) throw new AppError("STORAGE_UNAVAILABLE");
      return job();
    },
    drained: async () => undefined,
  };
  return { clock, storage, health: createHealth({ db: createTestDb(), clock, writer }) };
}

function noteErrors(health: Health, count: number): void {
  for (let made = 0; made < count; made += 1) health.noteUnhandled();
}

describe("a server", () => {
  test("takes work at first", async () => {
    expect(await createHealthOn().health.problem()).toBeNull();
  });

  test("that stops takes none, and asks no disk", async () => {
    const { health, storage } = createHealthOn();
    health.noteStopping();
    expect(await health.problem()).toBe("SHUTTING_DOWN");
    expect(storage.writes).toBe(0);
  });

  test("that cannot store takes none until it can", async () => {
    const { health, storage } = createHealthOn();
    storage.fails = true;
    expect(await health.problem()).toBe("STORAGE_UNAVAILABLE");
    storage.fails = false;
    expect(await health.problem()).toBeNull();
  });
});

describe("errors that nobody handled", () => {
  test("are borne up to 10 in a minute, and with one more no work is taken", async () => {
    const { health } = createHealthOn();
    noteErrors(health, 10);
    expect(await health.problem()).toBeNull();
    noteErrors(health, 1);
    expect(await health.problem()).toBe("FAILING");
  });

  test("count for a minute each", async () => {
    const { health, clock } = createHealthOn();
    noteErrors(health, 6);
    clock.advance(30_000);
    noteErrors(health, 5);
    expect(await health.problem()).toBe("FAILING");
    clock.advance(29_999);
    expect(await health.problem()).toBe("FAILING");
    clock.advance(1);
    expect(await health.problem()).toBeNull();
  });

  test("in any number are over a minute after the last of them", async () => {
    const { health, clock } = createHealthOn();
    noteErrors(health, 100_000);
    expect(await health.problem()).toBe("FAILING");
    clock.advance(60_000);
    expect(await health.problem()).toBeNull();
    noteErrors(health, 10);
    expect(await health.problem()).toBeNull();
  });

  test("are counted by a clock that the machine's time does not move", async () => {
    const { health, clock } = createHealthOn();
    noteErrors(health, 11);
    clock.jumpWall(3_600_000);
    expect(await health.problem()).toBe("FAILING");
  });
});

describe("the probes", () => {
  test("answer 200 without a credential, and are not to be stored", async () => {
    const app = await createTestApp();
    for (const [path, status] of [["/healthz", "ok"] as const, ["/readyz", "ready"] as const]) {
      const response = await app.request(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.json()).toEqual({ success: true, data: { status } });
    }
  });

  test("tell a live server that takes no work from a dead one", async () => {
    const app = await createTestApp();
    app.deps.health.noteStopping();
    const ready = await app.request("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      error: { code: "SHUTTING_DOWN" },
    });
    expect((await app.request("/healthz")).status).toBe(200);
  });

  test("say that nothing can be stored, and that it can again", async () => {
    const app = await createTestApp();
    app.db.raw.run("pragma query_only = on");
    const full = await app.request("/readyz");
    app.db.raw.run("pragma query_only = off");
    expect([full.status, (await app.request("/readyz")).status]).toEqual([503, 200]);
  });
});
