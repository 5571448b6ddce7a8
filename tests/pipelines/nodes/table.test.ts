import { expect, test } from "bun:test";
import { nodeTypeOf } from "../../../src/pipelines/nodes/table";
import { NODE_TYPES } from "../../../src/vocabulary";

test("every node type has a row, whose fields have names of their own", () => {
  expect(NODE_TYPES).toHaveLength(10);
  for (const type of NODE_TYPES) {
    const { fields, codeField } = nodeTypeOf(type);
    expect(new Set(fields).size).toBe(fields.length);
    if (codeField !== undefined) expect(fields).toContain(codeField);
  }
});
