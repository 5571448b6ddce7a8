// Headers: many, long, named like something of the language, twice, and credentials that are none.

import { ADMIN_TOKEN } from "../../support/server";
import { CANARY, toCases, toCasesElsewhere, type Parts, type Row } from "./abuse-case";

const TOO_LARGE = "431 bare";

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `X-Odd-${at}: ${at}`);

/** On a delivery, which none of them changes. */
const IGNORED: [name: string, lines: string[]][] = [
  ["__proto__", [`__proto__: ${CANARY}`]],
  ["constructor and toString", ["constructor: a", "toString: b", "hasOwnProperty: c", "then: d"]],
  ["150 headers", numbered(150)],
  ["150 lines of one header", Array<string>(150).fill("X-Odd: a")],
  ["a header of 15,000 bytes", [`X-Odd: ${"a".repeat(15_000)}`]],
  ["a letter of Latin-1", ["X-Odd: \xe9\xff"]],
  ["a letter of UTF-8", ["X-Odd: \xc3\xa9"]],
  ["DEL and a tab within a header", ["X-Odd: a\x7fb\tc"]],
  ["an empty header", ["X-Odd:"]],
  ["an X-Request-Id of markup", [`X-Request-Id: <b>${CANARY}</b>`]],
  ["an X-Request-Id of Latin-1", ["X-Request-Id: \xe9"]],
  ["an X-Request-Id of 5,000 letters", [`X-Request-Id: ${"a".repeat(5_000)}`]],
  ["two X-Request-Ids", [`X-Request-Id: ${CANARY}`, "X-Request-Id: b"]],
  ["a cookie named __proto__", [`Cookie: __proto__=${CANARY}; a=%zz; =; ;`]],
  ["a cookie of 1,000 percent signs", [`Cookie: ${"%".repeat(1_000)}`]],
  ["a foreign origin", ["Origin: null", "Sec-Fetch-Site: cross-site"]],
  ["a range", ["Range: bytes=0-99999999999"]],
  ["a second Host", [`Host: ${CANARY}.example`]],
  ["an address that is none", ["X-Forwarded-For: ,,, ::ffff:, 999.1.1.1"]],
  ["1,500 addresses", [`X-Forwarded-For: ${"192.0.2.1,".repeat(1_500)}`]],
  ["a forwarded host and scheme", [`X-Forwarded-Host: ${CANARY}`, "X-Forwarded-Proto: javascript"]],
  ["a trailer that is announced", ["TE: trailers", "Trailer: Content-Length"]],
  ["an API token", [`Authorization: Bearer ${ADMIN_TOKEN}`]],
];

const KEYS: [name: string, lines: string[]][] = [
  ["of nothing", ["Idempotency-Key:"]],
  ["of two words", [`Idempotency-Key: ${CANARY} ${CANARY}`]],
  ["of 256 letters", [`Idempotency-Key: ${"a".repeat(256)}`]],
  ["of Latin-1", ["Idempotency-Key: \xe9"]],
  ["on two lines", ["Idempotency-Key: a", "Idempotency-Key: b"]],
];

const REFUSED: Row[] = [
  ["200 headers", { lines: numbered(200) }, TOO_LARGE],
  ["1,000 headers", { lines: numbered(1_000) }, [TOO_LARGE, "cut"]],
  ["a header of 16 KiB", { lines: [`X-Odd: ${"a".repeat(16 * 1024)}`] }, TOO_LARGE],
  ["a header of 1 MB", { lines: [`X-Odd: ${"a".repeat(1e6)}`] }, [TOO_LARGE, "cut"]],
  ["a header's name of 1 MB", { lines: [`${"X".repeat(1e6)}: a`] }, [TOO_LARGE, "cut"]],
  ...KEYS.map(([name, lines]): Row => [
    `an Idempotency-Key ${name}`,
    { lines },
    "400 IDEMPOTENCY_KEY_INVALID",
  ]),
];

const asked = (...lines: string[]): Parts => ({
  method: "GET",
  target: "/agents",
  type: [],
  framing: [],
  body: "",
  lines,
});
const bearer = (value: string): Parts => asked(`Authorization: ${value}`);

const DENIED: [name: string, send: Parts][] = [
  ["no header", asked()],
  ["an empty header", bearer("")],
  ["Bearer alone", bearer("Bearer")],
  ["Bearer and a space", bearer("Bearer ")],
  ["Bearer and a tab", bearer(`Bearer\t${ADMIN_TOKEN}`)],
  ["Bearer without a space", bearer(`Bearer${ADMIN_TOKEN}`)],
  ["a token and a word", bearer(`Bearer ${ADMIN_TOKEN} x`)],
  ["a token in quotes", bearer(`Bearer "${ADMIN_TOKEN}"`)],
  ["a token in upper case", bearer(`Bearer ${ADMIN_TOKEN.toUpperCase()}`)],
  ["a token without its last letter", bearer(`Bearer ${ADMIN_TOKEN.slice(0, -1)}`)],
  ["a token under Basic", bearer(`Basic ${ADMIN_TOKEN}`)],
  ["a token as a password", bearer(`Basic ${btoa(`:${ADMIN_TOKEN}`)}`)],
  ["a token for a proxy", asked(`Proxy-Authorization: Bearer ${ADMIN_TOKEN}`)],
  ["a token in a cookie", asked(`Cookie: token=${ADMIN_TOKEN}; authorization=${ADMIN_TOKEN}`)],
  ["__proto__", bearer("Bearer __proto__")],
  ["Latin-1", bearer("Bearer \xe9\xff")],
  ["a token of 15,000 letters", bearer(`Bearer hk_live_${"a".repeat(15_000)}`)],
  ["the token twice", asked(...Array<string>(2).fill(`Authorization: Bearer ${ADMIN_TOKEN}`))],
  [
    "the token, then another",
    asked(`Authorization: Bearer ${ADMIN_TOKEN}`, "Authorization: Bearer x"),
  ],
  [
    "another, then the token",
    asked("Authorization: Bearer x", `Authorization: Bearer ${ADMIN_TOKEN}`),
  ],
];

const withHost = (...host: string[]): Parts => ({ ...bearer(`Bearer ${ADMIN_TOKEN}`), host });

/** Of the API's `Host`: a stranger's name is refused however it is written. */
const HOSTS: [name: string, send: Parts][] = [
  ["a stranger's name", withHost(`Host: ${CANARY}.example`)],
  ["a stranger's name beside ours", withHost("Host: localhost", `Host: ${CANARY}.example`)],
  ["our name behind a stranger's", withHost(`Host: ${CANARY}.example`, "Host: localhost")],
  ["an open path within the name", withHost(`Host: ${CANARY}.example/healthz?`)],
  ["an open path behind a fragment", withHost(`Host: ${CANARY}.example/healthz#`)],
  ["a user before our name", withHost(`Host: ${CANARY}@localhost`)],
  ["a space within the name", withHost("Host: local host")],
  ["nothing", withHost("Host:")],
  ["Latin-1", withHost("Host: \xe9")],
];

const ACCESS: Row[] = [
  ...DENIED.map(([name, send]): Row => [`the API with ${name}`, send, "401 UNAUTHORIZED"]),
  ["the API with a token of 1 MB", bearer(`Bearer ${"a".repeat(1e6)}`), [TOO_LARGE, "cut"]],
  ["the API with a token and NUL", bearer(`Bearer ${ADMIN_TOKEN}\0`), "400 bare"],
  ["the API with bearer in lower case", bearer(`bearer ${ADMIN_TOKEN}`), "200"],
  ["the API with two spaces behind Bearer", bearer(`Bearer  ${ADMIN_TOKEN}`), "200"],
  ["the API with spaces behind the token", bearer(`Bearer ${ADMIN_TOKEN}  `), "200"],
  ...HOSTS.map(([name, send]): Row => [
    `the API with a Host of ${name}`,
    send,
    "421 HOST_NOT_ALLOWED",
  ]),
];

export const HEADERS = [
  ...toCases([...IGNORED.map(([name, lines]): Row => [name, { lines }, "200"]), ...REFUSED]),
  ...toCasesElsewhere(ACCESS),
];
