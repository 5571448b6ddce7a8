// Content types, and JSON that is broken, deep, large, or named like something of the language.

import { CANARY, chunked, toCases, toChunks, type Row } from "./abuse-case";

const UNREAD = "415 UNSUPPORTED_MEDIA_TYPE";
const NO_JSON = "400 INVALID_JSON";

const typed = (type: string, outcome: string, body = "{}"): Row => [
  `Content-Type ${type.length > 60 ? `of ${type.length} bytes` : type}`,
  { type: [`Content-Type: ${type}`], body },
  outcome,
];

const multipart = (name: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"; filename="/etc/${CANARY}"\r\n\r\n/etc/passwd\r\n--b--\r\n`;

const TYPES: Row[] = [
  ["no Content-Type", { type: [] }, "200"],
  typed("application/vnd.github+json; charset=UTF-8", "200"),
  typed('application/json; charset="utf-8"', "200"),
  typed("text/plain", UNREAD, CANARY),
  typed("application/x-www-form-urlencoded", UNREAD, `payload=${CANARY}`),
  typed("application/x-www-form-urlencoded; charset=utf-8", UNREAD, "payload=%7B%7D"),
  typed("multipart/form-data; boundary=b", UNREAD, multipart("files[x][filepath]")),
  typed("multipart/form-data; boundary=c", UNREAD, multipart("__proto__[filepath]")),
  typed("multipart/form-data", UNREAD, multipart("f")),
  typed("application/json; charset=utf-16", UNREAD),
  typed("application/json; charset=utf-7", UNREAD),
  typed("application/json; charset=", UNREAD),
  typed("application/json, text/plain", UNREAD),
  typed("application/jsonp", UNREAD),
  typed("text/html, application/json", UNREAD),
  typed(`application/json; x=${"y".repeat(8_000)}`, "200"),
  typed(`application/${"a".repeat(8_000)}+json`, "200"),
  typed("*/*", UNREAD),
  typed("/", UNREAD),
  [
    "the same Content-Type twice",
    { type: ["Content-Type: application/json", "Content-Type: application/json"] },
    UNREAD,
  ],
  [
    "two Content-Types",
    { type: ["Content-Type: application/json", "Content-Type: text/plain"] },
    UNREAD,
  ],
];

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))),
  );
const BOM = [0xef, 0xbb, 0xbf];

/** What is no JSON value, with its bytes in the ledger all the same. */
const BROKEN: [name: string, body: string | Uint8Array][] = [
  ["nothing", ""],
  ["white space alone", " \n\t "],
  ["an object that is cut", `{"a":"${CANARY}"`],
  ["a string that is cut", '"a'],
  ["an escape that is cut", '"\\u00'],
  ["a value and more", `{} ${CANARY}`],
  ["two values in a row", "{}{}"],
  ["a value a line", "{}\n{}"],
  ["a value and NUL", "{}\0"],
  ["a bare word", CANARY],
  ["NaN", `{"${CANARY}":NaN}`],
  ["Infinity", "[Infinity]"],
  ["-Infinity", "-Infinity"],
  ["undefined", "undefined"],
  ["a number in hex", "0x10"],
  ["a number that starts with 0", "01"],
  ["a number with a plus", "+1"],
  ["a number without its first digit", ".5"],
  ["a number without its last digit", "1."],
  ["single quotes", "{'a':1}"],
  ["an escape that JSON does not have", '"\\x41"'],
  ["a tab within a string", '"\t"'],
  ["NUL within a string", '"\0"'],
  ["a comma too many", "[1,]"],
  ["a comment", "{}//"],
  ["a no-break space before the value", "\u00a0{}"],
  ["a prefix against scripts", ")]}',\n{}"],
  ["a BOM alone", bytes(BOM)],
  ["two BOMs", bytes(BOM, BOM, "{}")],
  ["bytes that are not UTF-8", bytes('"', [0xc3, 0x28], '"')],
  ["half of a surrogate pair as bytes", bytes('"', [0xed, 0xa0, 0x80], '"')],
  ["a slash in more bytes than it needs", bytes('"', [0xc0, 0xaf], '"')],
  ["UTF-16", Buffer.from(`{"a":"${CANARY}"}`, "utf16le")],
  ["UTF-32", Buffer.from("{\0\0\0}\0\0\0")],
  ["65 levels", "[".repeat(65) + "]".repeat(65)],
  ["1,000 levels", "[".repeat(1_000) + "]".repeat(1_000)],
  ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000)],
  ["100,000 open objects", '{"a":'.repeat(100_000)],
  ["400,000 levels", "[".repeat(400_000) + "]".repeat(400_000)],
  ["400,000 brackets that never close", "[".repeat(400_000)],
  ["1e999", "1e999"],
  ["-1e999 within", '{"a":[0,-1E+999]}'],
  ["1e999 behind 64 KB", `["${"x".repeat(100_000)}",1e999]`],
  ["a number of 400 digits", "9".repeat(400)],
];

const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, at) => `"k${at}":0`).join()}}`;

/** JSON that is odd and means something: taken, and kept byte for byte. */
const ODD: [name: string, body: string | Uint8Array][] = [
  ["64 levels", "[".repeat(64) + "]".repeat(64)],
  ["100,000 brackets within a string", `"${"[".repeat(100_000)}"`],
  ["a BOM before the value", bytes(BOM, "{}")],
  ["null", "null"],
  ["0", "0"],
  ["-0", "-0"],
  ["a text", '"text"'],
  ["white space around the value", " \r\n\t{ } \n"],
  ["a lone surrogate as an escape", '{"a":"\\ud800"}'],
  ["NUL as an escape", '{"a\\u0000b":"\\u0000"}'],
  ["a line separator", '"\u2028"'],
  ["a key twice", '{"a":1,"a":2}'],
  ["an integer of 20 digits", '{"id":12345678901234567890}'],
  ["the largest number", "1.7976931348623157e308"],
  ["a number that is smaller than any", "1e-999"],
  ["500,000 digits behind the point", `0.${"1".repeat(500_000)}`],
  ["400 digits that an exponent makes small", `${"9".repeat(400)}e-399`],
  ["1e999 within a string", '{"1e999":"1e999"}'],
  ["__proto__", '{"__proto__":{"a":1},"__proto__":null}'],
  ["constructor", '{"constructor":{"prototype":{"a":1}}}'],
  ["toJSON", '{"toJSON":1,"toString":null,"valueOf":{}}'],
  ["then", '{"then":"not a promise"}'],
  ["a key of 1 MB", `{"${"k".repeat(1_000_000)}":1}`],
  ["80,000 keys", keys(80_000)],
  ["a template", '{"a":"{{input}} {{nodes.llm.output}} ${1+1}"}'],
];

const OTHER: Row[] = [
  [
    "200,000 keys",
    { body: keys(200_000) },
    "200",
    // Three times what a webhook takes by default, and 200 ms on a quiet machine.
    { webhook: { limits: { maxBodyBytes: 4 * 1024 * 1024 } }, limitMs: 10_000 },
  ],
  [
    "a value cut between chunks",
    chunked(toChunks('{"a":"', Buffer.from([0xc3]), Buffer.from([0xa9]), '"}')),
    "200",
    { kept: '{"a":"é"}' },
  ],
  ["two values in two chunks", chunked(toChunks("{}", "{}")), NO_JSON, { kept: "{}{}" }],
];

export const BODY = toCases([
  ...TYPES,
  ...BROKEN.map(([name, body]): Row => [name, { body }, NO_JSON]),
  ...ODD.map(([name, body]): Row => [name, { body }, "200"]),
  ...OTHER,
]);
