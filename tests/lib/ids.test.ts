// Identifiers as bytes and as text.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { deriveUid, createCountingIds, formatId, parseId, systemIds } from "../../src/lib/ids";

const BYTES = Buffer.from("0192f0c17a2b7c3d8e4f5a6b7c8d9e0f", "hex");
const TEXT = "exec_0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

describe("public ids", () => {
  test("are the prefix and the UUID in lower case", () => {
    expect(formatId("exec", BYTES)).toBe(TEXT);
    expect(parseId("exec", TEXT)).toEqual(BYTES);
  });

  test("come back as the bytes they were made of", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(parseId("agt", formatId("agt", bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test("are made of the view's own bytes where it is part of a larger buffer", () => {
    const around = Buffer.concat([Buffer.alloc(5, 0xff), BYTES, Buffer.alloc(7, 0xff)]);
    expect(formatId("exec", around.subarray(5, 21))).toBe(TEXT);
  });

  test.each([
    ["another prefix", TEXT.replace("exec", "dlv")],
    ["no prefix", TEXT.slice(5)],
    ["a prefix that only starts the same", TEXT.replace("exec_", "execs_")],
    ["another letter between prefix and UUID", TEXT.replace("_", "-")],
    ["upper case", TEXT.toUpperCase().replace("EXEC", "exec")],
    ["no dashes", `exec_${BYTES.toString("hex")}`],
    ["a letter that is no hex digit", TEXT.replace("f0c1", "g0c1")],
    ["a digit too many", `${TEXT}0`],
    ["a line break at the end", `${TEXT}\n`],
    ["nothing behind the prefix", "exec_"],
    ["nothing", ""],
  ])("with %s are refused", (_name, text) => {
    expect(parseId("exec", text)).toBeNull();
  });
});

test("new ids are UUIDs of version 7 that ascend in the order in which they were made", () => {
  const made = Array.from({ length: 2_000 }, () => systemIds.uid());
  const texts = made.map((uid) => uid.toString("hex"));
  expect(texts).toEqual(texts.toSorted());
  expect(new Set(texts).size).toBe(2_000);
  for (const uid of made) {
    expect(uid).toHaveLength(16);
    expect(uid.readUInt8(6) >> 4).toBe(7);
    expect(uid.readUInt8(8) >> 6).toBe(0b10);
  }
});

test("new ids start with the time in milliseconds", () => {
  const before = Date.now();
  const at = systemIds.uid().readUIntBE(0, 6);
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now());
});

test("counting ids count from 1 for each source and sort in that order", () => {
  const ids = createCountingIds();
  const texts = Array.from({ length: 300 }, () => formatId("req", ids.uid()));
  expect(texts[0]).toBe("req_00000000-0000-7000-8000-000000000001");
  expect(texts[255]).toBe("req_00000000-0000-7000-8000-000000000100");
  expect(texts).toEqual(texts.toSorted());
  expect(createCountingIds().uid()).toEqual(createCountingIds().uid());
});

test("a derived id is a UUIDv7 with its parent's time, the same for the same name only", () => {
  const parent = systemIds.uid();
  const one = deriveUid(parent, "exec_1/sub//0");
  expect(deriveUid(parent, "exec_1/sub//0")).toEqual(one);
  expect(deriveUid(parent, "exec_1/sub//1")).not.toEqual(one);
  expect(one.subarray(0, 6)).toEqual(parent.subarray(0, 6));
  expect(formatId("exec", one)).toMatch(/^exec_.{8}-.{4}-7.{3}-[89ab].{3}-.{12}$/);
});
