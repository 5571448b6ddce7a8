// The map for what can be read again: how much it keeps, and what goes.

import { expect, test } from "bun:test";
import { BoundedMap } from "../../src/lib/bounded-map";

test("a new key takes the place of the one added first, once the map is full", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2);
  expect([...map]).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  map.set("c", 3);
  expect([...map]).toEqual([
    ["b", 2],
    ["c", 3],
  ]);
});

test("a known key is changed in its place, and costs no other", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3);
  expect([...map]).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
});

test("what has been deleted leaves room", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2);
  map.delete("b");
  map.set("c", 3);
  expect([...map.keys()]).toEqual(["a", "c"]);
});
