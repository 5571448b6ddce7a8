// Bodies that are too large, that lie about their size, and bodies that would have to be unpacked.

import { CANARY, chunked, MIB, toCases, toChunks, type Row } from "./abuse-case";

const BARE_TOO_LARGE = "413 bare";
const TOO_LARGE = "413 PAYLOAD_TOO_LARGE";
const ABORTED = { ledger: "refused REQUEST_ABORTED" };
const PIECE = "x".repeat(MIB / 16);

const SIZES: Row[] = [
  ["1 MiB", { body: `"${"x".repeat(MIB - 2)}"` }, "200"],
  ["one byte too many", { body: `"${CANARY}${"x".repeat(MIB)}"` }, TOO_LARGE],
  [
    "one byte too many, declared and not sent",
    { framing: [`Content-Length: ${MIB + 1}`], body: "" },
    TOO_LARGE,
    { unfinished: true },
  ],
  [
    "999,999,999 bytes, declared and not sent",
    { framing: ["Content-Length: 999999999"], body: "" },
    TOO_LARGE,
    { unfinished: true },
  ],
  ["more than 1 GiB, declared", { framing: [`Content-Length: ${1024 ** 3 + 1}`] }, BARE_TOO_LARGE],
  [
    "too many bytes, announced and waited for",
    { framing: [`Content-Length: ${2 * MIB}`], lines: ["Expect: 100-continue"], body: "" },
    [`100, ${TOO_LARGE}`, TOO_LARGE],
    { ledger: "refused PAYLOAD_TOO_LARGE", unfinished: true },
  ],
  [
    "too many bytes in chunks",
    chunked(toChunks(`"${CANARY}`, ...Array<string>(17).fill(PIECE), '"')),
    TOO_LARGE,
  ],
  ["one chunk that is too large", chunked(toChunks(`"${"x".repeat(MIB)}"`)), TOO_LARGE],
  [
    "a chunk of 8 GiB, begun",
    chunked(`200000000\r\n${PIECE.repeat(17)}`),
    TOO_LARGE,
    { unfinished: true },
  ],
  [
    "more bytes than declared",
    { framing: ["Content-Length: 2"], body: `{}${CANARY}` },
    ["400 bare", "200, 400 bare", "cut"],
    // The delivery is whole before the stack reads on and closes the connection.
    { ledger: ["accepted", "refused REQUEST_ABORTED"], kept: "{}" },
  ],
  [
    "70,000 chunks of a byte",
    chunked(toChunks(...Array<string>(70_000).fill(" "), "{}")),
    "200",
    { kept: `${" ".repeat(70_000)}{}` },
  ],
  [
    "an extension of 20 KB",
    chunked(`2;${"a".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
    BARE_TOO_LARGE,
    ABORTED,
  ],
  [
    "an extension of 1 MB",
    chunked(`2;${"a".repeat(1e6)}\r\n{}\r\n0\r\n\r\n`),
    [BARE_TOO_LARGE, "cut"],
    ABORTED,
  ],
  [
    "5,000 chunks with an extension of 20 bytes",
    chunked(Buffer.from(`${`1;${"a".repeat(20)}\r\n \r\n`.repeat(5_000)}2\r\n{}\r\n0\r\n\r\n`)),
    "200",
    { kept: `${" ".repeat(5_000)}{}` },
  ],
];

/** 16 MiB of nothing, in 16 KB. */
const BOMB = Bun.gzipSync(Buffer.alloc(16 * MIB));

const encoded = (encoding: string, body: Uint8Array | string): Row => [
  `Content-Encoding ${encoding === "" ? "of nothing" : encoding}`,
  { lines: [`Content-Encoding: ${encoding}`], body },
  "415 UNSUPPORTED_ENCODING",
];

const ENCODINGS: Row[] = [
  encoded("gzip", Bun.gzipSync(`{"a":"${CANARY}"}`)),
  encoded("GZIP", Bun.gzipSync("{}")),
  encoded("x-gzip", Bun.gzipSync("{}")),
  encoded("deflate", Bun.deflateSync("{}")),
  encoded("br", Buffer.from([0x0b, 0x00, 0x80, 0x7b, 0x7d, 0x03])),
  encoded("zstd", Bun.zstdCompressSync("{}")),
  encoded("compress", "{}"),
  encoded("aes128gcm", "{}"),
  encoded("identity, gzip", Bun.gzipSync("{}")),
  encoded("gzip, gzip", Bun.gzipSync(Bun.gzipSync("{}"))),
  encoded(CANARY, "{}"),
  encoded("", "{}"),
  [
    "a body that unpacks to 16 MiB",
    { lines: ["Content-Encoding: gzip"], body: BOMB },
    "415 UNSUPPORTED_ENCODING",
  ],
  ["gzip that is called JSON", { body: Bun.gzipSync("{}") }, "400 INVALID_JSON"],
  [
    "gzip on two lines",
    { lines: ["Content-Encoding: identity", "Content-Encoding: gzip"], body: Bun.gzipSync("{}") },
    "415 UNSUPPORTED_ENCODING",
  ],
  ["Content-Encoding identity", { lines: ["Content-Encoding: identity"] }, "200"],
];

export const SIZE = toCases([...SIZES, ...ENCODINGS]);
