// What is told of a commit at once: in the order of the writes, and only of what is on disk.

import { describe, expect, test } from "bun:test";
import { rejection } from "../support/rejection";
import { countTo, createWriting } from "../support/writing";

/** A job that throws when it is run. */
function fail(): void {
  throw new Error("no");
}

describe("the call after a commit", () => {
  test("comes once with the job's result, when that is on disk and before the answer", async () => {
    using writing = createWriting();
    const order: unknown[] = [];
    await writing.writer
      .write(
        () => {
          writing.insert(7);
          return "result";
        },
        (value) => order.push([value, writing.committed()]),
      )
      .then(() => order.push("answer"));
    expect(order).toEqual([["result", [7]], "answer"]);
  });

  test("comes in the order of the writes, whatever waits for the answers", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const told: number[] = [];
    const count = 600;
    const writes = countTo(count).map((value) => {
      const written = writer.write(
        () => insert(value),
        () => told.push(value),
      );
      return value % 2 === 0 ? written : written.catch(() => undefined).then(() => undefined);
    });
    await Promise.all(writes);
    expect(told).toEqual(countTo(count));
  });

  test("does not come for a job that threw, and comes for those beside it", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const told: number[] = [];
    const write = (value: number, job: () => void): Promise<void> =>
      writer.write(job, () => void told.push(value));
    const failing = rejection(write(2, fail));
    await Promise.all([write(1, () => insert(1)), failing, write(3, () => insert(3))]);
    expect(told).toEqual([1, 3]);
  });

  test("does not come where the group could not be stored", async () => {
    using writing = createWriting();
    const told: number[] = [];
    writing.db.raw.run("pragma query_only = on");
    const write = writing.writer.write(
      () => writing.insert(1),
      () => told.push(1),
    );
    expect(await rejection(write)).toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    expect(told).toEqual([]);
  });
});

describe("the call after a commit", () => {
  test("that throws fails its own answer, and neither the commit nor those beside it", async () => {
    using writing = createWriting();
    const { writer, insert } = writing;
    const failing = rejection(writer.write(() => insert(1), fail));
    await writer.write(() => insert(2));
    expect(String(await failing)).toBe("Error: no");
    expect(writing.committed()).toEqual([1, 2]);
  });
});
