// Uses of credentials, by those of secrets: gathered in memory, written in one go, and lost rather than waited for.

import { describe, expect, test } from "bun:test";
import { createUses } from "../../src/db/uses";
import { createWriter } from "../../src/db/writer";
import { recordSecretUse } from "../../src/secrets/secrets.store";
import { agentWithSecret } from "../support/agents";
import { createTestApp } from "../support/app";
import { createRecordedLog } from "../support/recorded-log";

/** The counter of an app with one secret, and what the database says of it. */
async function prepare() {
  const log = createRecordedLog();
  const app = await createTestApp({ log });
  await agentWithSecret(app, { auth: { type: "bearer" } });
  let writes = 0;
  const inner = createWriter({ db: app.db, clock: app.clock, log });
  const writer = {
    ...inner,
    drained: () => inner.drained(),
    write: <T>(job: () => T): Promise<T> => {
      writes += 1;
      return inner.write(job);
    },
  };
  const uses = createUses(
    { writer, log },
    { kind: "secrets", record: (use) => recordSecretUse(app, use) },
  );
  const stored = () =>
    app.db.raw
      .query<{ id: string; uses: number; lastUsedAt: number | null }, []>(
        "select id, uses, last_used_at as lastUsedAt from secrets where purpose = 'webhook' and expires_at is null",
      )
      .all();
  return { app, log, uses, stored, writes: () => writes };
}

describe("uses that were noted", () => {
  test("are written by a flush, in one write, with the last of their times", async () => {
    const { uses, stored, writes } = await prepare();
    const id = stored()[0]?.id ?? "";
    for (const at of [1000, 3000, 2000]) uses.note(id, at);
    expect(stored()).toEqual([{ id, uses: 0, lastUsedAt: null }]);
    await uses.flush();
    expect(stored()).toEqual([{ id, uses: 3, lastUsedAt: 2000 }]);
    expect(writes()).toBe(1);
  });

  test("add up over flushes", async () => {
    const { uses, stored } = await prepare();
    const id = stored()[0]?.id ?? "";
    uses.note(id, 1000);
    await uses.flush();
    uses.note(id, 2000);
    await uses.flush();
    expect(stored()).toEqual([{ id, uses: 2, lastUsedAt: 2000 }]);
  });

  test("of nothing are no write", async () => {
    const { uses, writes } = await prepare();
    await uses.flush();
    expect(writes()).toBe(0);
  });

  test("of a secret that is gone harm nobody", async () => {
    const { uses, stored } = await prepare();
    uses.note("whs_gone", 1);
    await uses.flush();
    expect(stored()[0]?.uses).toBe(0);
  });

  test("that cannot be written are logged, not thrown", async () => {
    const { app, log, uses, stored } = await prepare();
    uses.note(stored()[0]?.id ?? "", 1);
    app.db.raw.run("pragma query_only = on");
    await uses.flush();
    expect((await log.until("ledger.write_failed")).fields).toMatchObject({ secrets: 1 });
  });
});
