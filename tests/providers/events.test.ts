// How the bytes of a stream become events: line breaks, pieces, limits.

import { describe, expect, test } from "bun:test";
import { createEventReader, DONE, type StreamEvent } from "../../src/providers/events";

/** All events of a text that arrives in pieces of `size` bytes. */
function readAll(text: string, size: number): StreamEvent[] {
  const read = createEventReader();
  const bytes = Buffer.from(text);
  const found: StreamEvent[] = [];
  for (let at = 0; at < bytes.length; at += size)
    found.push(...read(bytes.subarray(at, at + size)));
  return found;
}

const TEXTS: [what: string, text: string, events: StreamEvent[]][] = [
  ["line feeds", 'data: {"a":1}\n\ndata: {"a":2}\n\n', [{ a: 1 }, { a: 2 }]],
  [
    "carriage returns with line feeds",
    'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n',
    [{ a: 1 }, { a: 2 }],
  ],
  ["carriage returns", 'data: {"a":1}\r\rdata: {"a":2}\r\r:', [{ a: 1 }, { a: 2 }]],
  ["data in several lines", 'data: {"a":\ndata: 1}\n\n', [{ a: 1 }]],
  ["the same with both", 'data: {"a":\r\ndata: 1}\r\n\r\n', [{ a: 1 }]],
  ["no space", 'data:{"a":1}\n\n', [{ a: 1 }]],
  ["names, ids and comments", ': hi\nevent: x\nid: 7\ndata: {"a":1}\nretry: 5\n\n', [{ a: 1 }]],
  ["empty events", 'event: ping\n\n\n\ndata: {"a":1}\n\n', [{ a: 1 }]],
  ["an event without its end", 'data: {"a":1}\n\ndata: {"a":2}\n', [{ a: 1 }]],
  ["a byte order mark", '\uFEFFdata: {"a":1}\n\n', [{ a: 1 }]],
  ["letters of several bytes", 'data: {"a":"é€😀\u2028"}\n\n', [{ a: "é€😀\u2028" }]],
  ["the end of a stream of chat completions", "data: [DONE]\n\n", [DONE]],
  ["nothing", "", []],
];

describe("events are read, whatever the pieces:", () => {
  test.each(TEXTS)("%s", (_what, text, events) => {
    for (const size of [1, 2, 3, 7, 1000])
      expect([size, readAll(text, size)]).toEqual([size, events]);
  });
});

const reads = (bytes: Uint8Array | string) => () => createEventReader()(Buffer.from(bytes));

describe("PROVIDER_RESPONSE_INVALID is thrown for", () => {
  test.each<[what: string, bytes: Uint8Array | string]>([
    ["data that is no JSON", "data: hello\n\n"],
    ["data that is no object", "data: [1]\n\n"],
    ["empty data", "data:\n\n"],
    ["data nested too deeply", `data: {"a":${"[".repeat(65)}${"]".repeat(65)}}\n\n`],
    ["bytes that are not UTF-8", new Uint8Array([0x64, 0xff])],
  ])("%s", (_what, bytes) => {
    expect(reads(bytes)).toThrow(expect.objectContaining({ code: "PROVIDER_RESPONSE_INVALID" }));
  });
});

describe("RESPONSE_TOO_LARGE is thrown for an event of more than 4 Mi characters", () => {
  const large = "x".repeat(4 * 1024 * 1024);
  test.each([
    ["in one line", `data: ${large}`],
    ["in many lines", `data: ${large.slice(8)}\ndata: xx\n`],
    ["in a line that is no data", large + "x"],
  ])("%s", (_what, text) => {
    expect(reads(text)).toThrow(expect.objectContaining({ code: "RESPONSE_TOO_LARGE" }));
  });

  test("and not for many events of less", () => {
    const event = `data: {"a":"${"x".repeat(1_000_000)}"}\n\n`;
    expect(createEventReader()(Buffer.from(event.repeat(6)))).toHaveLength(6);
  });
});
