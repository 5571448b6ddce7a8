// What is told of a value that does not fit: where, and what would fit, never the value.

import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import type { ErrorDetail } from "../../src/errors";
import { describeMismatches } from "../../src/lib/mismatches";
import { closed, orNull, words } from "../../src/lib/wire";

const describeFor = (schema: TSchema, value: unknown): ErrorDetail[] =>
  describeMismatches(Value.Errors(schema, value));

/** `path message`, one for each detail. */
const linesFor = (schema: TSchema, value: unknown): string[] =>
  describeFor(schema, value).map(({ path, message }) => `${path} ${message}`);

const limits = closed({
  perMinute: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: 1_000 }))),
  overflow: Type.Optional(orNull(words(["reject", "queue"]))),
});
const webhook = closed({
  name: Type.String({ minLength: 1, maxLength: 5 }),
  method: words(["none", "bearer"]),
  limits: Type.Optional(orNull(limits)),
  tags: Type.Optional(Type.Array(Type.String())),
});
const good = { name: "a", method: "none" };

describe("a mismatch", () => {
  test("is told by its place, the code INVALID and a sentence", () => {
    expect(describeFor(webhook, { ...good, name: 7 })).toEqual([
      { path: "/name", code: "INVALID", message: "Expected string." },
    ]);
    expect(describeFor(webhook, good)).toEqual([]);
  });

  test.each<[string, unknown, string[]]>([
    [
      "an unknown field",
      { ...good, foo: 1 },
      ["/foo There is no field of this name; leave it out."],
    ],
    ["a word of no list", { ...good, method: "basic" }, ["/method Use one of none, bearer."]],
    ["a missing word", { name: "a" }, ["/method Use one of none, bearer."]],
    [
      "a word of no list that may be null",
      { ...good, limits: { overflow: "drop" } },
      ["/limits/overflow Use one of reject, queue, or null."],
    ],
    [
      "a place within an object that may be null",
      { ...good, limits: { rate: 1 } },
      ["/limits/rate There is no field of this name; leave it out."],
    ],
    [
      "an entry of an array",
      { ...good, tags: ["a", 1, "b", null] },
      ["/tags/1 Expected string.", "/tags/3 Expected string."],
    ],
    [
      "several places at once",
      { name: "", method: 1, more: 1 },
      [
        "/more There is no field of this name; leave it out.",
        "/name Expected string length greater or equal to 1.",
        "/method Use one of none, bearer.",
      ],
    ],
    ["no object at all", [], [" Expected object."]],
  ])("of %s says what would fit", (_name, value, lines) => {
    expect(linesFor(webhook, value)).toEqual(lines);
  });

  test.each([
    ["a text", "100"],
    ["a number out of range", 0],
    ["a fraction", 1.5],
  ])("of %s where an integer or null would fit says so", (_name, perMinute) => {
    const [line = "", ...others] = linesFor(webhook, { ...good, limits: { perMinute } });
    expect(others).toEqual([]);
    expect(line).toMatch(/^\/limits\/perMinute .*(integer|or equal to 1\b).*null/i);
  });
});

describe("a mismatch", () => {
  test("of something else where an object or null would fit says so", () => {
    expect(linesFor(webhook, { ...good, limits: "all" }).join()).toMatch(
      /^\/limits .*object.*null/i,
    );
  });

  test("of a union of objects is told of the one that the value comes nearest to", () => {
    const shape = Type.Union([
      closed({ type: Type.Literal("a"), x: Type.Number(), z: Type.Number() }),
      closed({ type: Type.Literal("b"), y: Type.Number() }),
    ]);
    expect(linesFor(shape, { type: "b", y: "no" })).toEqual(["/y Expected number."]);
  });
});

describe("the details", () => {
  test("are at most 20", () => {
    const tags = Array.from({ length: 10_000 }, () => 1);
    expect(describeFor(webhook, { ...good, tags })).toHaveLength(20);
    const odd = Object.fromEntries(tags.slice(0, 50).map((value, at) => [`odd${at}`, value]));
    expect(describeFor(webhook, { ...good, limits: odd })).toHaveLength(20);
  });

  test("are not looked for any further once there are 20", () => {
    const tags = Array.from({ length: 10_000 }, () => 1);
    const errors = Value.Errors(webhook, { ...good, tags });
    let looked = 0;
    const counting = (function* () {
      for (const error of errors) {
        looked += 1;
        yield error;
      }
    })();
    describeMismatches(counting);
    expect(looked).toBe(20);
  });

  test("are one for each place", () => {
    const narrow = closed({ id: Type.String({ minLength: 3, pattern: "^a+$", maxLength: 9 }) });
    expect(linesFor(narrow, { id: "b" })).toEqual([
      "/id Expected string length greater or equal to 3.",
    ]);
  });

  test("cut the path of a long name at 100 characters", () => {
    const [detail] = describeFor(webhook, { ...good, ["x".repeat(5_000)]: 1 });
    expect(detail?.path).toHaveLength(100);
  });

  test("never hold the value, whatever was sent where", () => {
    const secret = "hunter2";
    const planted = fc.oneof(
      fc.constantFrom(secret, { name: secret }, [secret], { limits: { overflow: secret } }),
      fc.object({
        values: [fc.constant(secret)],
        key: fc.constantFrom("name", "method", "limits"),
      }),
    );
    fc.assert(
      fc.property(planted, planted, (method, part) => {
        const value = { name: part, method, limits: part, tags: [part] };
        const details = describeFor(webhook, value);
        expect(details.length).toBeGreaterThan(0);
        expect(JSON.stringify(details)).not.toContain(secret);
      }),
    );
  });
});
