// JSON Merge Patch: the table of RFC 7396, appendix A, and what it must not do to its arguments.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { mergePatch } from "../../src/lib/json";
import { isRecord } from "../../src/lib/json-value";

/** Original, patch, result. */
const APPENDIX_A: [original: string, patch: string, result: string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', "{}"],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', "null", "null"],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
  ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

test.each(APPENDIX_A)("%s patched with %s is %s", (original, patch, result) => {
  expect(mergePatch(JSON.parse(original), JSON.parse(patch))).toEqual(JSON.parse(result));
});

const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes("__"));

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}

test("neither argument is changed", () => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      freeze([target, patch]);
      mergePatch(target, patch);
      expect(JSON.stringify([target, patch])).toBe(before);
    }),
  );
});

test("patching again with the same patch changes nothing", () => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
    }),
  );
});

test("a patched object holds no null that the patch brought", () => {
  fc.assert(
    fc.property(json, (patch) => {
      const holdsNull = (value: unknown): boolean =>
        isRecord(value) && Object.values(value).some((inner) => inner === null || holdsNull(inner));
      expect(holdsNull(mergePatch({}, patch))).toBe(false);
    }),
  );
});

test("a key that every object inherits is a key like others", () => {
  const patch: unknown = JSON.parse('{"constructor":{"a":1},"toString":{"b":null}}');
  const merged = mergePatch({}, patch);
  expect(JSON.stringify(merged)).toBe('{"constructor":{"a":1},"toString":{}}');
});

test("a key named __proto__ becomes no prototype", () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true}}'));
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"admin":true}}');
});
