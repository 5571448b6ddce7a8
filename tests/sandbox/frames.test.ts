// Frames over any cut of the stream.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { FrameReader, FrameTooLarge, toFrame } from "../../src/sandbox/frames";

const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("payloads come out whole and in order, however the stream is cut", () => {
  const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { maxLength: 6 });
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(texts, cuts, (payloads, sizes) => {
      const stream = Buffer.concat(payloads.map(toFrame));
      const reader = new FrameReader(1_000);
      const read: string[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        read.push(...reader.push(stream.subarray(at, at + size)).map(decode));
        at += size;
      }
      expect(read).toEqual(payloads);
    }),
  );
});

test("a frame of the limit is read, and one byte more is refused with its head", () => {
  const reader = new FrameReader(5);
  expect(reader.push(toFrame("12345")).map(decode)).toEqual(["12345"]);
  expect(() => reader.push(toFrame("123456").subarray(0, 4))).toThrow(FrameTooLarge);
});
