import { expect, test } from "bun:test";
import { readDraft } from "../../../src/pipelines/schemas/keywords";

test.each([
  [undefined, "2020-12"],
  ["https://json-schema.org/draft/2020-12/schema", "2020-12"],
  ["https://json-schema.org/draft/2020-12/schema#", "2020-12"],
  ["http://json-schema.org/draft-07/schema#", "draft-07"],
  ["https://json-schema.org/draft-07/schema", "draft-07"],
  ["http://json-schema.org/draft-06/schema#", null],
  ["https://json-schema.org/draft/2019-09/schema", null],
  ["https://json-schema.org/draft/2020-12/schema/x", null],
])("$schema %p is read as %p", (value, expected) => {
  expect<string | null>(readDraft(value)).toBe(expected);
});
