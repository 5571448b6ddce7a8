// The table of presets: complete, and consistent with what reads it.

import { describe, expect, test } from "bun:test";
import { AUTH_TYPES, BUILT_PRESETS } from "../../src/vocabulary";
import { PRESET_ROWS } from "../../src/webhooks/presets/table";

const ROWS = Object.entries(PRESET_ROWS);

test("every built preset has a row, and every row is a built preset", () => {
  expect(Object.keys(PRESET_ROWS).toSorted()).toEqual([...BUILT_PRESETS].toSorted());
});

test("every method but none has a preset", () => {
  const methods = new Set(ROWS.map(([, row]) => row.authType));
  const wanted = AUTH_TYPES.filter((type) => type !== "none");
  expect([...methods].toSorted()).toEqual(wanted.toSorted());
});

describe.each(ROWS)("the row %s", (name, row) => {
  test("goes by its own name and a known method", () => {
    expect(row.name as string).toBe(name);
    expect(AUTH_TYPES).toContain(row.authType);
  });

  test("names headers in lower case, as they are looked up and stored", () => {
    const headers = [row.signature?.header, row.deliveryIdHeader, row.eventHeader];
    for (const header of headers.filter((text) => typeof text === "string")) {
      expect(header).toMatch(/^[a-z0-9-]+$/);
    }
  });

  test("signs exactly where its method is hmac", () => {
    expect(row.signature !== null).toBe(row.authType === "hmac");
  });

  test("tries the empty prefix last, which every header starts with", () => {
    const prefixes = row.signature?.prefixes ?? ["x"];
    expect(prefixes.length).toBeGreaterThan(0);
    const empty = prefixes.indexOf("");
    expect(empty === -1 || empty === prefixes.length - 1).toBe(true);
  });

  test("proposes a queue or nothing, and a deadline of whole seconds or none", () => {
    expect(["queue", null]).toContain(row.overflow);
    expect(row.deadlineSeconds ?? 1).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(row.deadlineSeconds ?? 1)).toBe(true);
  });

  test("recognises a repeat for at least a day", () => {
    expect(row.dedupMs).toBeGreaterThanOrEqual(24 * 3_600_000);
  });
});
