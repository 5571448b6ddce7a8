import { expect, test } from "bun:test";
import fc from "fast-check";
import { findSpan } from "../../../src/pipelines/code/spans";

test("the first span that ends behind an offset is found, wherever that lies", () => {
  const lengths = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4 })),
  );
  fc.assert(
    fc.property(lengths, fc.nat(40), (pairs, at) => {
      let end = 0;
      const spans = pairs.map(([gap, length]) => {
        const start = end + gap;
        end = start + length;
        return { start, end };
      });
      const first = spans.findIndex((span) => span.end > at);
      expect(findSpan(spans, at)).toBe(first < 0 ? spans.length : first);
    }),
  );
});
