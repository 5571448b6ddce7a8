// Group commit: who shares a transaction, when each is answered, and who fails alone.

import { describe, expect, test } from "bun:test";
import { rejection } from "../support/rejection";
import { isSettled, nextTurn } from "../support/turns";
import { countTo, createWriting } from "../support/writing";

/** Jobs that one transaction takes. */
const MAX_GROUP = 512;

describe("a write", () => {
  test("is answered with the job's result, once that is committed and not before", async () => {
    using writing = createWriting();
    const { writer } = writing;
    let seenWithin: number[] | null = null;
    let seenAtAnswer: number[] | null = null;
    const answer = await writer
      .write(() => {
        writing.insert(7);
        seenWithin = writing.committed();
        return "stored";
      })
      .then((value) => {
        seenAtAnswer = writing.committed();
        return value;
      });
    expect(answer).toBe("stored");
    expect<number[] | null>(seenWithin).toEqual([]);
    expect<number[] | null>(seenAtAnswer).toEqual([7]);
  });

  test("does not run within the call that asks for it, nor in the turn's microtasks", async () => {
    using writing = createWriting();
    let ran = 0;
    const written = writing.writer.write(() => (ran += 1));
    await Promise.resolve();
    await Promise.resolve();
    expect(ran).toBe(0);
    await written;
    expect(ran).toBe(1);
  });

  test("is committed in the next turn of the loop", async () => {
    using writing = createWriting();
    const written = writing.writer.write(() => writing.insert(1));
    await nextTurn();
    expect(await isSettled(written)).toBe(true);
    expect(writing.committed()).toEqual([1]);
  });

  test("each of a group is answered after the commit of all", async () => {
    using writing = createWriting();
    const seen: number[][] = [];
    const answers = countTo(5).map((value) =>
      writing.writer.write(() => writing.insert(value)).then(() => seen.push(writing.committed())),
    );
    await Promise.all(answers);
    expect(seen).toEqual(Array.from({ length: 5 }, () => [0, 1, 2, 3, 4]));
  });
});

describe("a transaction", () => {
  test("is shared by all that arrives in one turn, microtasks included", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const first = countTo(60).map((value) => writer.write(() => insert(value)));
    await Promise.resolve();
    const second = countTo(40).map((value) => writer.write(() => insert(60 + value)));
    await Promise.all([...first, ...second]);
    expect(writing.commits()).toBe(1);
    expect(writing.committed()).toEqual(countTo(100));
  });

  test("gathers while each turn of the loop brings more, over four of them", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const writes: Promise<void>[] = [];
    for (const value of countTo(6)) {
      // Two in the turn in which it begins: with one alone it would not wait.
      writes.push(
        writer.write(() => insert(2 * value)),
        writer.write(() => insert(2 * value + 1)),
      );
      await nextTurn();
    }
    await Promise.all(writes);
    expect(writing.committed()).toEqual(countTo(12));
    expect(writing.commits()).toBe(2);
  });

  test("is another one in the next turn", async () => {
    using writing = createWriting();
    for (const value of [1, 2, 3]) {
      await writing.writer.write(() => writing.insert(value));
      await nextTurn();
    }
    expect(writing.commits()).toBe(3);
  });

  test("takes what is asked for on an answer into the next group", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const follow = (value: number) => async () => {
      await writer.write(() => insert(value + 10));
    };
    await Promise.all(
      [1, 2, 3].map((value) => writer.write(() => insert(value)).then(follow(value))),
    );
    expect(writing.commits()).toBe(2);
    expect(writing.committed()).toEqual([1, 2, 3, 11, 12, 13]);
  });

  test("takes at most 512 jobs, and the rest follow in their order", async () => {
    using writing = createWriting();
    const count = 2 * MAX_GROUP + 1;
    const seen = new Set<number>();
    const answers = countTo(count).map((value) =>
      writing.writer
        .write(() => writing.insert(value))
        .then(() => seen.add(writing.committed().length)),
    );
    await Promise.all(answers);
    expect([...seen]).toEqual([MAX_GROUP, 2 * MAX_GROUP, count]);
    expect(writing.commits()).toBe(3);
    expect(writing.committed()).toEqual(countTo(count));
  });
});

describe("a job that throws", () => {
  test("fails alone with its own error and leaves nothing of what it wrote", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const own = new Error("not this one");
    const outcomes = await Promise.allSettled([
      writer.write(() => insert(1)),
      writer.write(() => {
        insert(2);
        throw own;
      }),
      writer.write(() => insert(3)),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(outcomes[1]).toMatchObject({ reason: own });
    expect(writing.committed()).toEqual([1, 3]);
    expect(writing.log.lines).toEqual([]);
  });

  test("is not the only one that may: each gets its own error", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const outcomes = await Promise.allSettled(
      countTo(20).map((value) =>
        writer.write(() => {
          insert(value);
          if (value % 3 === 0) throw new Error(`no ${value}`);
          return value;
        }),
      ),
    );
    const told = outcomes.map((outcome) =>
      outcome.status === "fulfilled" ? outcome.value : String(outcome.reason),
    );
    expect(told).toEqual(countTo(20).map((at) => (at % 3 === 0 ? `Error: no ${at}` : at)));
    expect(writing.committed()).toEqual(countTo(20).filter((value) => value % 3 !== 0));
    expect(writing.commits()).toBe(1);
  });

  test("by a constraint of the table is refused with SQLite's error, beside others", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    await writer.write(() => insert(1));
    const [refused] = await Promise.all([
      rejection(writer.write(() => insert(1))),
      writer.write(() => insert(2)),
    ]);
    expect(refused).toMatchObject({ name: "SQLiteError", code: "SQLITE_CONSTRAINT_UNIQUE" });
    expect(writing.committed()).toEqual([1, 2]);
  });
});

describe("a job that throws", () => {
  test("sees what jobs before it wrote, and those after it see nothing of it", async () => {
    using writing = createWriting();
    const { writer, insert, db } = writing;
    const count = () => db.raw.query("select count(*) from t").values()[0]?.[0];
    const fail = (): void => {
      insert(2);
      throw new Error(`seen ${String(count())}`);
    };
    const [, error, after] = await Promise.all([
      writer.write(() => insert(1)),
      rejection(writer.write(fail)),
      writer.write(count),
    ]);
    expect(String(error)).toBe("Error: seen 2");
    expect(after).toBe(1);
  });

  test("is run a second time at most, and so are those beside it", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const runs = [0, 0];
    const good = writer.write(() => {
      runs[0] = (runs[0] ?? 0) + 1;
      insert(1);
    });
    const bad = writer.write(() => {
      runs[1] = (runs[1] ?? 0) + 1;
      throw new Error("no");
    });
    await Promise.all([good, rejection(bad)]);
    expect(runs).toEqual([2, 2]);
    expect(writing.committed()).toEqual([1]);
  });
});

describe("drained", () => {
  test("comes at once where nothing waits", async () => {
    using writing = createWriting();
    expect(await isSettled(writing.writer.drained())).toBe(true);
  });

  test("comes when the last group is committed or refused", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const writes = countTo(MAX_GROUP + 1).map((value) => writer.write(() => insert(value)));
    const failing = rejection(
      writer.write(() => {
        throw new Error("no");
      }),
    );
    const drained = writer.drained().then(() => writing.committed().length);
    expect(await drained).toBe(MAX_GROUP + 1);
    await Promise.all([...writes, failing]);
  });
});
