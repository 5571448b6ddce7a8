// Effects on disk: each start before its call, each end before what depends on it. Looked at through
// a second connection, which sees only what is committed.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { migrate } from "../../../src/db/migrate";
import { MIGRATIONS } from "../../../src/db/migrations";
import type { Db } from "../../../src/db/open";
import { openDatabase } from "../../../src/db/open";
import { createManualClock } from "../../../src/lib/clock";
import { createHeldModels } from "../../support/held-models";
import { addAgent } from "../../support/rows";
import { createSlots, heldPipeline, twoCallPipeline } from "../../support/slots";
import { makeTempFolder } from "../../support/temp-folder";
import { countCommits } from "../../support/wal";

/** A database on disk, and what of its journal is committed. */
function createOnDisk() {
  const folder = makeTempFolder();
  const path = folder.file("a.db");
  const db: Db = openDatabase(path);
  migrate({ db, clock: createManualClock(), migrations: MIGRATIONS, backupPath: () => null });
  const other = new Database(path, { readonly: true });
  return {
    db,
    /** `kind effect` of each entry, oldest first. */
    committed: (): string[] =>
      other
        .query<{ kind: string; effect: string | null }, []>(
          "select kind, effect from journal order by id",
        )
        .all()
        .map(({ kind, effect }) => (effect === null ? kind : `${kind} ${effect}`)),
    commits: () => countCommits(path),
    state: (): unknown => other.query("select state from executions").values()[0]?.[0],
    [Symbol.dispose]() {
      other.close();
      db.raw.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("at the moment of a model call", () => {
  test("its own start, the steps before it and the execution's start are on disk", async () => {
    using disk = createOnDisk();
    const models = createHeldModels();
    const seen: unknown[] = [];
    const callModel: typeof models.callModel = (call) => {
      seen.push([disk.state(), ...disk.committed()]);
      return models.callModel(call);
    };
    const slots = createSlots({ db: disk.db, models, callModel });
    slots.add(addAgent(disk.db, heldPipeline()));
    await models.echo(0);
    await slots.pool.idle();
    expect(seen).toEqual([["running", "steps", "effect_started llm//0"]]);
  });

  test("the end of the call before it is on disk", async () => {
    using disk = createOnDisk();
    const models = createHeldModels();
    const seen: string[][] = [];
    const callModel: typeof models.callModel = (call) => {
      seen.push(disk.committed());
      return models.callModel(call);
    };
    const slots = createSlots({ db: disk.db, models, callModel });
    slots.add(addAgent(disk.db, twoCallPipeline()));
    await models.echo(0);
    await models.echo(1);
    await slots.pool.idle();
    expect(seen[1]).toEqual([
      "steps",
      "effect_started one//0",
      "effect_ended one//0",
      "steps",
      "effect_started two//0",
    ]);
    expect(disk.committed()).toEqual([...(seen[1] ?? []), "effect_ended two//0", "steps"]);
  });
});

describe("an answer", () => {
  test("is not in the execution's result before it is on disk", async () => {
    using disk = createOnDisk();
    const slots = createSlots({ db: disk.db });
    const seq = slots.add(addAgent(disk.db, heldPipeline()));
    await slots.models.untilCalls(1);
    expect(disk.committed()).not.toContain("effect_ended llm//0");
    await slots.models.echo(0);
    await slots.pool.finished(seq);
    expect(disk.committed()).toEqual([
      "steps",
      "effect_started llm//0",
      "effect_ended llm//0",
      "steps",
    ]);
    expect(disk.state()).toBe("completed");
  });

  test("of a provider without effects is recorded as its step alone, with the end", async () => {
    using disk = createOnDisk();
    const slots = createSlots({ db: disk.db });
    const seq = slots.add(addAgent(disk.db));
    await slots.pool.finished(seq);
    expect(disk.committed()).toEqual(["steps"]);
  });

  test("of a model that failed is recorded as an end as well", async () => {
    using disk = createOnDisk();
    const slots = createSlots({ db: disk.db });
    const seq = slots.add(addAgent(disk.db, heldPipeline()));
    (await slots.models.untilCalls(1))[0]?.fail(new Error("no"));
    await slots.pool.finished(seq);
    expect(disk.committed()).toContain("effect_ended llm//0");
    expect(disk.state()).toBe("failed");
  });
});

test("the starts and ends of pure executions that run together share their commits", async () => {
  using disk = createOnDisk();
  const slots = createSlots({ db: disk.db, slots: 10 });
  const agent = addAgent(disk.db);
  const seqs = Array.from({ length: 100 }, () => slots.add(agent));
  const before = disk.commits();
  await Promise.all(seqs.map((seq) => slots.pool.finished(seq)));
  expect(disk.commits() - before).toBeLessThan(10);
  expect(disk.committed()).toEqual(seqs.map(() => "steps"));
});
