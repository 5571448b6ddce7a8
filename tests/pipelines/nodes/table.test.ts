import { expect, test } from "bun:test";
import { findNodeType, isBuilt } from "../../../src/pipelines/nodes/table";
import { BUILT_NODE_TYPES, NODE_TYPES } from "../../../src/vocabulary";

test("exactly the built node types have a row", () => {
  const found = NODE_TYPES.filter((type) => findNodeType(type) !== null);
  expect(found).toEqual([...BUILT_NODE_TYPES]);
  expect(NODE_TYPES.filter(isBuilt)).toEqual([...BUILT_NODE_TYPES]);
});

test("no field is both built and not available", () => {
  for (const type of BUILT_NODE_TYPES) {
    const row = findNodeType(type);
    expect(row?.fields.filter((field) => row.unavailable.includes(field))).toEqual([]);
  }
});

test.each(["toString", "constructor", "__proto__", ""])("%p is no node type", (type) => {
  expect(findNodeType(type)).toBeNull();
});
