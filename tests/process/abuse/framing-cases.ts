// Requests that are no HTTP, or HTTP that two readers could understand in two ways (RFC 9112).

import { chunked, toCases, toChunks, toRequest, type Parts, type Row } from "./abuse-case";

const BARE = "400 bare";
const CHUNKED_LINE = "Transfer-Encoding: chunked";
const ONE_CHUNK = toChunks("{}");

/** What the HTTP stack refuses before the application sees a request. */
const refusedUnseen = (rows: [name: string, send: Row[1]][], outcome = BARE): Row[] =>
  rows.map(([name, send]) => [name, send, outcome]);

/** What it refuses while the application reads the body. */
const brokenOff = (rows: [name: string, body: string][]): Row[] =>
  rows.map(([name, body]) => [
    `chunks with ${name}`,
    chunked(body),
    BARE,
    { ledger: "refused REQUEST_ABORTED" },
  ]);

const framed = (...framing: string[]): Parts => ({ framing });
const inChunks = (...framing: string[]): Parts => ({ framing, body: ONE_CHUNK });

const LENGTHS = refusedUnseen([
  ["two lengths that differ", framed("Content-Length: 2", "Content-Length: 3")],
  ["a list of lengths", framed("Content-Length: 2, 2")],
  ["a negative length", framed("Content-Length: -1")],
  ["a length with a plus", framed("Content-Length: +2")],
  ["a length in hex", framed("Content-Length: 0x2")],
  ["a length with a point", framed("Content-Length: 2.0")],
  ["a length with an exponent", framed("Content-Length: 2e0")],
  ["an empty length", framed("Content-Length:")],
  ["a length of letters", framed("Content-Length: two")],
  ["a length of 2^63", framed("Content-Length: 9223372036854775808")],
  ["a length of 2^64 + 2", framed("Content-Length: 18446744073709551618")],
  ["a length of 30 digits", framed(`Content-Length: ${"9".repeat(30)}`)],
  ["a length with a space before the colon", framed("Content-Length : 2")],
]);

const CODINGS = refusedUnseen([
  ["a length before chunks", inChunks("Content-Length: 4", CHUNKED_LINE)],
  ["a length behind chunks", inChunks(CHUNKED_LINE, "Content-Length: 4")],
  ["gzip, chunked", inChunks("Transfer-Encoding: gzip, chunked")],
  ["chunked, identity", inChunks("Transfer-Encoding: chunked, identity")],
  ["identity", inChunks("Transfer-Encoding: identity")],
  ["xchunked", inChunks("Transfer-Encoding: xchunked")],
  ["chunked in quotes", inChunks('Transfer-Encoding: "chunked"')],
  ["chunked behind a vertical tab", inChunks("Transfer-Encoding: \x0bchunked")],
  ["chunked on a folded line", inChunks("Transfer-Encoding:", " chunked")],
  ["chunked with a space before the colon", inChunks("Transfer-Encoding : chunked")],
  ["chunked twice", inChunks(CHUNKED_LINE, CHUNKED_LINE)],
  ["chunked, then identity", inChunks(CHUNKED_LINE, "Transfer-Encoding: identity")],
  ["an empty coding", inChunks("Transfer-Encoding:")],
  ["chunks under HTTP/1.0", { ...inChunks(CHUNKED_LINE), version: "HTTP/1.0" }],
]);

const LINES = refusedUnseen([
  ["no Host", { host: [] }],
  ["a folded header", { lines: ["X-Folded: 1", " 2"] }],
  ["a space before the first header", { host: [" Host: localhost"] }],
  ["a bare LF behind a header", { lines: ["X-Odd: 1\nX-Next: 2"] }],
  ["a bare CR within a header", { lines: ["X-Odd: 1\rContent-Length: 5"] }],
  ["NUL within a header", { lines: ["X-Odd: a\0b"] }],
  ["a control character within a header", { lines: ["X-Odd: a\x01b"] }],
  ["a header without a colon", { lines: ["X-Odd"] }],
  ["a header without a name", { lines: [": x"] }],
  ["a space within a header's name", { lines: ["X Odd: x"] }],
  ["a letter beyond ASCII within a header's name", { lines: ["X-\xe9: x"] }],
  ["no method", { method: "" }],
  ["two spaces behind the method", { method: "POST " }],
  ["a target that is no path", { target: "agents" }],
  ["an asterisk", { method: "OPTIONS", target: "*" }],
  [
    "the preface of HTTP/2",
    () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
  ],
  ["a TLS hello", () => Buffer.from(`\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${"\0".repeat(200)}`)],
  ["bytes of no meaning", () => Buffer.from([...Buffer.alloc(500, 0xff), 13, 10, 13, 10])],
  ["2,000 empty lines", () => Buffer.from("\r\n".repeat(2_000))],
  [
    "an empty line before the request",
    (agent) => Buffer.concat([Buffer.from("\r\n"), toRequest(agent, {})]),
  ],
]);

/** The stack's own word for what is no version of HTTP that it speaks. */
const VERSIONS = refusedUnseen(
  [
    ["HTTP/0.9", (agent) => Buffer.from(`POST ${agent.path}\r\n`)],
    ["HTTP/1.2", { version: "HTTP/1.2" }],
    ["HTTP/1.10", { version: "HTTP/1.10" }],
    ["HTTP/2.0", { version: "HTTP/2.0" }],
    ["http/1.1", { version: "http/1.1" }],
    ["a space within the target", (agent) => ({ target: `${agent.path} x` })],
    ["NUL within the target", (agent) => ({ target: `${agent.path}\0` })],
    ["a tab behind the method", (agent) => ({ method: `POST\t${agent.path}`, target: "x" })],
    [
      "lines that end in LF",
      (agent) => Buffer.from(toRequest(agent, {}).toString().replaceAll("\r\n", "\n")),
    ],
  ],
  "505 bare",
);

const CUT = refusedUnseen(
  [
    ["an unknown method", { method: "BREW" }],
    ["a method in lower case", { method: "post" }],
    ["a method in mixed case", { method: "PoSt" }],
    ["a method of 5,000 letters", { method: "A".repeat(5_000) }],
  ],
  "cut",
);

const CHUNKS = brokenOff([
  ["a size of 2^64 - 1", `FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n`],
  ["a size of 2^64 + 2", `10000000000000002\r\n{}\r\n0\r\n\r\n`],
  ["a negative size", `-2\r\n{}\r\n0\r\n\r\n`],
  ["a size with 0x", `0x2\r\n{}\r\n0\r\n\r\n`],
  ["no size", `\r\n{}\r\n0\r\n\r\n`],
  ["a size of letters", `g\r\n{}\r\n0\r\n\r\n`],
  ["a space before the size", ` 2\r\n{}\r\n0\r\n\r\n`],
  ["a space behind the size", `2 \r\n{}\r\n0\r\n\r\n`],
  ["LF behind the size", `2\n{}\r\n0\r\n\r\n`],
  ["LF within an extension", `2;a\n{}\r\n0\r\n\r\n`],
  ["CRLF within a quoted extension", `2;a="\r\n"\r\n{}\r\n0\r\n\r\n`],
  ["a terminator of letters", `2\r\n{}XX0\r\n\r\n`],
  ["no terminator", `2\r\n{}0\r\n\r\n`],
  ["LF as a terminator", `2\r\n{}\n0\r\n\r\n`],
  ["more bytes than the size", `1\r\n{}\r\n0\r\n\r\n`],
  ["fewer bytes than the size", `5\r\n{}\r\n0\r\n\r\n`],
]);

/**
 * The stack refuses a trailer, but only once it has handed over the whole body: what is accepted then
 * is answered 400, as if the answer were lost.
 */
const TRAILERS: Row[] = [
  ["a trailer", "X-Odd: 1"],
  ["a length as a trailer", "Content-Length: 99"],
  ["a trailer of 100 KB", `X-Odd: ${"a".repeat(100_000)}`],
].map(([name, trailer]) => [
  `chunks with ${name}`,
  chunked(`2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`),
  [BARE, "cut"],
  { ledger: "accepted", kept: "{}" },
]);

const TAKEN: Row[] = [
  ["one chunk", chunked(), "200", { kept: "{}" }],
  ["CHUNKED", { ...chunked(), framing: ["Transfer-Encoding: CHUNKED"] }, "200", { kept: "{}" }],
  [
    "a chunk's size in upper case",
    chunked(`A\r\n{"a":1234}\r\n0\r\n\r\n`),
    "200",
    { kept: '{"a":1234}' },
  ],
  [
    "a chunk's size behind 30 zeros",
    chunked(`${"0".repeat(30)}2\r\n{}\r\n0\r\n\r\n`),
    "200",
    { kept: "{}" },
  ],
  ["an extension of a chunk", chunked(`2;a=b\r\n{}\r\n0\r\n\r\n`), "200", { kept: "{}" }],
  ["the same length twice", framed("Content-Length: 2", "Content-Length: 2"), "200"],
  ["a length behind zeros", framed("Content-Length: 002"), "200"],
  ["HTTP/1.0", { version: "HTTP/1.0" }, "200"],
  ["Connection: close", { lines: ["Connection: close"] }, "200"],
  ["a Connection that names the length", { lines: ["Connection: content-length"] }, "200"],
  ["Expect: 100-continue", { lines: ["Expect: 100-continue"] }, "100, 200", { ledger: "accepted" }],
  ["an expectation of nothing known", { lines: ["Expect: 200-maybe"] }, "200"],
  [
    "an upgrade to h2c",
    { lines: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"] },
    "200",
  ],
  ["a target with its host", (agent) => ({ target: `http://localhost${agent.path}` }), "200"],
];

const UNDECLARED: Row[] = [
  [
    "a body without a length",
    { framing: [] },
    ["400 INVALID_JSON", "400 INVALID_JSON, 400 bare"],
    { kept: "" },
  ],
  [
    "Content_Length",
    framed("Content_Length: 2"),
    ["400 INVALID_JSON", "400 INVALID_JSON, 400 bare"],
    { kept: "" },
  ],
  ["no chunk but the last", chunked("0\r\n\r\n"), "400 INVALID_JSON", { kept: "" }],
];

const LEFT = { ledger: "refused REQUEST_ABORTED" };
/** Senders that leave before their request is whole. */
const LEAVING: Row[] = [
  ["a FIN behind nothing", () => Buffer.alloc(0), "cut", { leaves: "by FIN" }],
  ["a FIN within the first line", () => Buffer.from("POST /ag"), "cut", { leaves: "by FIN" }],
  [
    "a FIN within a head",
    (agent) => toRequest(agent, {}).subarray(0, 60),
    "cut",
    { leaves: "by FIN" },
  ],
  ["a FIN within a body", framed("Content-Length: 10"), "cut", { ...LEFT, leaves: "by FIN" }],
  [
    "a FIN within a large body",
    framed("Content-Length: 100000"),
    "cut",
    { ...LEFT, leaves: "by FIN" },
  ],
  ["a FIN before the last chunk", chunked("2\r\n{}\r\n"), "cut", { ...LEFT, leaves: "by FIN" }],
  [
    "a FIN within a chunk of 4 GiB",
    chunked("100000002\r\n{}\r\n0\r\n\r\n"),
    "cut",
    { ...LEFT, leaves: "by FIN" },
  ],
  ["a FIN behind a whole delivery", {}, "200", { leaves: "by FIN" }],
  [
    "an RST within a head",
    (agent) => toRequest(agent, {}).subarray(0, 60),
    "cut",
    { leaves: "by RST" },
  ],
  [
    "an RST within a body",
    framed("Content-Length: 10"),
    "cut",
    { ledger: ["", "refused REQUEST_ABORTED"], leaves: "by RST" },
  ],
  [
    "an RST behind a whole delivery",
    {},
    "cut",
    { ledger: ["", "accepted", "refused REQUEST_ABORTED"], leaves: "by RST" },
  ],
];

const twice =
  (first: Parts, second: Parts): Row[1] =>
  (agent) =>
    Buffer.concat([toRequest(agent, first), toRequest(agent, second)]);

/** Requests behind a request: what the second says must never become a part of the first. */
const PIPELINED: Row[] = [
  [
    "a delivery behind a delivery that is not answered yet",
    twice({}, {}),
    ["cut", "200, 200"],
    { ledger: ["accepted", "accepted, accepted", "refused REQUEST_ABORTED"] },
  ],
  [
    "a delivery behind one that is refused at once",
    twice({ lines: ["Content-Encoding: gzip"] }, {}),
    "415 UNSUPPORTED_ENCODING, 200",
    { ledger: "accepted, refused UNSUPPORTED_ENCODING" },
  ],
  ["a delivery behind one of a negative length", twice(framed("Content-Length: -1"), {}), BARE],
  [
    "bytes of no meaning behind a delivery",
    (agent) => Buffer.concat([toRequest(agent, {}), Buffer.from("XX\r\n\r\n")]),
    [BARE, "cut", "200", "200, 400 bare"],
    { ledger: ["accepted", "refused REQUEST_ABORTED"] },
  ],
  [
    "a delivery within the body of another",
    { body: `POST /agents HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}` },
    "400 INVALID_JSON",
  ],
];

export const FRAMING = toCases([
  ...LENGTHS,
  ...CODINGS,
  ...LINES,
  ...VERSIONS,
  ...CUT,
  ...CHUNKS,
  ...TRAILERS,
  ...TAKEN,
  ...UNDECLARED,
  ...LEAVING,
  ...PIPELINED,
]);
