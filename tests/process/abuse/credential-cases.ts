// Deliveries whose secret is sent as it is, almost: bearer (RFC 6750), and user and password
// (RFC 7617).

import { toCases, type CaseAgent, type Parts, type Row } from "./abuse-case";

const DENIED = "401 UNAUTHORIZED";

const authorized =
  (value: (secret: string) => string): ((agent: CaseAgent) => Parts) =>
  ({ secret }) => ({ lines: [`Authorization: ${value(secret)}`] });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

type Credential = [name: string, reason: string, value: (secret: string) => string];

const BEARERS: Credential[] = [
  ["nothing", "AUTH_MISSING", () => ""],
  ["the scheme alone", "AUTH_MISSING", () => "Bearer "],
  ["a tab", "AUTH_MISSING", (secret) => `Bearer\t${secret}`],
  ["the bare secret", "AUTH_MISSING", (secret) => secret],
  ["a prefix of the secret", "BEARER_MISMATCH", (secret) => `Bearer ${secret.slice(0, -1)}`],
  ["the secret and a word", "BEARER_MISMATCH", (secret) => `Bearer ${secret} x`],
  ["the secret twice", "BEARER_MISMATCH", (secret) => `Bearer ${secret}, Bearer ${secret}`],
  ["the secret in upper case", "BEARER_MISMATCH", (secret) => `Bearer ${secret.toUpperCase()}`],
  ["15,000 letters", "BEARER_MISMATCH", () => `Bearer ${"a".repeat(15_000)}`],
];

/** The secret that is set: a password may have colons. */
const USER = "sender:pass:with:colons \u00e9";

const BASICS: Credential[] = [
  ["nothing", "AUTH_MISSING", () => ""],
  ["the scheme alone", "AUTH_MISSING", () => "Basic "],
  ["user and password in clear", "BASIC_MISMATCH", (secret) => `Basic ${secret.slice(0, 23)}`],
  ["no colon", "BASIC_MISMATCH", () => `Basic ${base64("sender")}`],
  ["a colon alone", "BASIC_MISMATCH", () => `Basic ${base64(":")}`],
  ["a password up to its first colon", "BASIC_MISMATCH", () => `Basic ${base64("sender:pass")}`],
  ["another user", "BASIC_MISMATCH", (secret) => `Basic ${base64(secret.replace("sender", "x"))}`],
  ["bad base64", "BASIC_MISMATCH", (secret) => `Basic !${base64(secret)}`],
  [
    "base64 without its padding",
    "BASIC_MISMATCH",
    (secret) => `Basic ${base64(secret).replaceAll("=", "")}`,
  ],
  [
    "base64 in two words",
    "BASIC_MISMATCH",
    (secret) => `Basic ${base64(secret).slice(0, 8)} ${base64(secret).slice(8)}`,
  ],
  [
    "Latin-1",
    "BASIC_MISMATCH",
    (secret) => `Basic ${Buffer.from(secret, "latin1").toString("base64")}`,
  ],
  ["NUL behind the password", "BASIC_MISMATCH", (secret) => `Basic ${base64(`${secret}\0`)}`],
  ["15,000 letters", "BASIC_MISMATCH", () => `Basic ${base64(`sender:${"a".repeat(11_000)}`)}`],
];

const credentialRows = (data: {
  type: "bearer" | "basic";
  rows: Credential[];
  secret?: string;
}): Row[] =>
  data.rows.map(([name, reason, value]) => [
    `${data.type}: ${name}`,
    authorized(value),
    DENIED,
    {
      webhook: { auth: { type: data.type } },
      ledger: `refused ${reason}`,
      ...(data.secret === undefined ? {} : { secret: data.secret }),
    },
  ]);

const BEARER_AUTH = { webhook: { auth: { type: "bearer" } } };
const BASIC_AUTH = { webhook: { auth: { type: "basic" } }, secret: USER };

export const CREDENTIALS = toCases([
  ...credentialRows({ type: "bearer", rows: BEARERS }),
  ...credentialRows({ type: "basic", rows: BASICS, secret: USER }),
  [
    "bearer: the scheme in lower case",
    authorized((secret) => `bearer ${secret}`),
    "200",
    BEARER_AUTH,
  ],
  ["bearer: two spaces", authorized((secret) => `Bearer  ${secret}`), "200", BEARER_AUTH],
  [
    "basic: colons and an accent in the password",
    authorized((secret) => `Basic ${base64(secret)}`),
    "200",
    BASIC_AUTH,
  ],
]);
