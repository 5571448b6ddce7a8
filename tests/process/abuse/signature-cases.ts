// Signatures of deliveries that are almost right. What the vectors and the fuzz of `verify` cover
// without a server is not repeated here but for one row each: the bytes come over the wire.

import { createHmac } from "node:crypto";
import { sign } from "../../support/server-calls";
import { toCases, type CaseAgent, type Parts, type Row } from "./abuse-case";

const BODY = '{"a": 1, "b": "\\u00e9"}';
const DENIED = "401 UNAUTHORIZED";
const MISMATCH = "SIGNATURE_MISMATCH";
const MALFORMED = "SIGNATURE_MALFORMED";
const MISSING = "SIGNATURE_MISSING";

/** How one preset is signed. */
interface Scheme {
  preset: "hmac" | "github";
  header: string;
  /** Whether the digest may stand bare. */
  bare: boolean;
}

/** Headers made of the right digest and the secret. */
type Lines = (data: { digest: string; secret: string; header: string }) => string[];

const FORGED: [name: string, reason: string, lines: Lines][] = [
  ["no signature", MISSING, () => []],
  ["an empty signature", MISSING, ({ header }) => [`${header}:`]],
  ["the signature in another header", MISSING, ({ digest }) => [`X-Signature: sha256=${digest}`]],
  ["another key", MISMATCH, ({ header }) => [`${header}: sha256=${sign("another", BODY)}`]],
  [
    "an empty key",
    MISMATCH,
    ({ header }) => [`${header}: sha256=${createHmac("sha256", "").update(BODY).digest("hex")}`],
  ],
  [
    "a hash without a key",
    MISMATCH,
    ({ header }) => [
      `${header}: sha256=${new Bun.CryptoHasher("sha256").update(BODY).digest("hex")}`,
    ],
  ],
  ["a digest of zeros", MISMATCH, ({ header }) => [`${header}: sha256=${"0".repeat(64)}`]],
  [
    "the last digit changed",
    MISMATCH,
    ({ header, digest }) => [
      `${header}: sha256=${digest.slice(0, -1)}${digest.endsWith("0") ? "1" : "0"}`,
    ],
  ],
  [
    "the signature of the secret with a newline",
    MISMATCH,
    ({ header, secret }) => [`${header}: sha256=${sign(`${secret}\n`, BODY)}`],
  ],
  [
    "the signature of other JSON of the same value",
    MISMATCH,
    ({ header, secret }) => [`${header}: sha256=${sign(secret, JSON.stringify(JSON.parse(BODY)))}`],
  ],
  [
    "the signature of the body with a BOM",
    MISMATCH,
    ({ header, secret }) => [`${header}: sha256=${sign(secret, `\ufeff${BODY}`)}`],
  ],
  [
    "the signature of the body with a newline",
    MISMATCH,
    ({ header, secret }) => [`${header}: sha256=${sign(secret, `${BODY}\n`)}`],
  ],
  [
    "a digest in upper case",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest.toUpperCase()}`],
  ],
  [
    "a digest of odd length",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest.slice(1)}`],
  ],
  [
    "a prefix of the digest",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest.slice(0, 32)}`],
  ],
  ["the digest and more", MALFORMED, ({ header, digest }) => [`${header}: sha256=${digest}00`]],
  ["sha256= alone", MALFORMED, ({ header }) => [`${header}: sha256=`]],
  ["SHA256=", MALFORMED, ({ header, digest }) => [`${header}: SHA256=${digest}`]],
  [
    "sha1=",
    MALFORMED,
    ({ header, secret }) => [
      `${header}: sha1=${createHmac("sha1", secret).update(BODY).digest("hex")}`,
    ],
  ],
  [
    "sha512=",
    MALFORMED,
    ({ header, secret }) => [
      `${header}: sha512=${createHmac("sha512", secret).update(BODY).digest("hex")}`,
    ],
  ],
  [
    "sha1= before the digest of SHA-256",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha1=${digest}`],
  ],
  [
    "base64",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${Buffer.from(digest, "hex").toString("base64")}`],
  ],
  [
    "a space behind the prefix",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256= ${digest}`],
  ],
  ["the prefix twice", MALFORMED, ({ header, digest }) => [`${header}: sha256=sha256=${digest}`]],
  ["quotes", MALFORMED, ({ header, digest }) => [`${header}: "sha256=${digest}"`]],
  [
    "two signatures on two lines",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest}`, `${header}: sha256=${digest}`],
  ],
  [
    "a wrong and a right signature on two lines",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${"0".repeat(64)}`, `${header}: sha256=${digest}`],
  ],
  [
    "a right and a wrong signature, comma between",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest},sha256=${"0".repeat(64)}`],
  ],
  [
    "full-width digits",
    MALFORMED,
    ({ header, digest }) => [
      `${header}: sha256=${Buffer.from(digest.replaceAll(/\d/g, "\uff10")).toString("latin1")}`,
    ],
  ],
  [
    "8 KB of digits",
    MALFORMED,
    ({ header, digest }) => [`${header}: sha256=${digest.repeat(128)}`],
  ],
  ["__proto__", MALFORMED, ({ header }) => [`${header}: __proto__`]],
  ["the secret itself", MALFORMED, ({ header, secret }) => [`${header}: ${secret}`]],
  ["the secret as a bearer token", MISSING, ({ secret }) => [`Authorization: Bearer ${secret}`]],
];

const GENUINE: [name: string, lines: Lines][] = [
  ["the right signature", ({ header, digest }) => [`${header}: sha256=${digest}`]],
  ["spaces around the signature", ({ header, digest }) => [`${header}:   sha256=${digest}   `]],
  [
    "the header in upper case",
    ({ header, digest }) => [`${header.toUpperCase()}: sha256=${digest}`],
  ],
];

/** Of the presets github alone reads one, by another field. */
const FORM = { type: ["Content-Type: application/x-www-form-urlencoded"], body: "odd=%7B%7D" };

/** The body with one bit turned over. */
function turned(body: string): Buffer {
  const bytes = Buffer.from(body);
  bytes[2] = (bytes[2] ?? 0) ^ 1;
  return bytes;
}

function signedRows({ preset, header, bare }: Scheme): Row[] {
  const webhook = { auth: { type: "hmac", preset } };
  const more = { webhook, kept: BODY };
  const send =
    (lines: Lines, body: string | Uint8Array = BODY): ((agent: CaseAgent) => Parts) =>
    ({ secret }) => ({ body, lines: lines({ digest: sign(secret, BODY), secret, header }) });
  const right: Lines = ({ digest }) => [`${header}: sha256=${digest}`];
  const alone: Lines = ({ digest }) => [`${header}: ${digest}`];
  const forged = (
    name: string,
    sending: Row[1],
    reason: string,
    kept: string | Uint8Array,
  ): Row => [`${preset}: ${name}`, sending, DENIED, { webhook, kept, ledger: `refused ${reason}` }];
  return [
    ...FORGED.map(([name, reason, lines]) => forged(name, send(lines), reason, BODY)),
    forged("a body of one bit changed", send(right, turned(BODY)), MISMATCH, turned(BODY)),
    forged("a body with a BOM", send(right, `\ufeff${BODY}`), MISMATCH, `\ufeff${BODY}`),
    forged("a body with a newline", send(right, `${BODY}\n`), MISMATCH, `${BODY}\n`),
    forged("no body", send(right, ""), MISMATCH, ""),
    bare
      ? [`${preset}: the digest alone`, send(alone), "200", more]
      : forged("the digest alone", send(alone), MALFORMED, BODY),
    ...GENUINE.map(([name, lines]): Row => [`${preset}: ${name}`, send(lines), "200", more]),
    // What was not signed is told nothing of its type.
    forged("a form without a signature", () => ({ ...FORM, lines: [] }), MISSING, FORM.body),
    [
      `${preset}: a form of nothing with its signature`,
      ({ secret }) => ({ ...FORM, lines: [`${header}: sha256=${sign(secret, FORM.body)}`] }),
      preset === "github" ? "400 INVALID_JSON" : "415 UNSUPPORTED_MEDIA_TYPE",
      { webhook, kept: FORM.body },
    ],
    // Without a key that names it a delivery is its own: bodies may be the same on purpose.
    [
      `${preset}: the same delivery twice`,
      send(right),
      "200, 200",
      { ...more, again: true, ledger: "accepted, accepted" },
    ],
    [
      `${preset}: the same delivery twice under one Idempotency-Key`,
      send((data) => [...right(data), "Idempotency-Key: the-same"]),
      "200, 200",
      { ...more, again: true, ledger: "accepted, duplicate DUPLICATE" },
    ],
  ];
}

const HMAC: Scheme = { preset: "hmac", header: "X-Webhook-Signature", bare: true };
const GITHUB: Scheme = { preset: "github", header: "X-Hub-Signature-256", bare: false };

const PUSH = ["X-GitHub-Event: push", "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958"];

export const SIGNATURES = toCases([
  ...signedRows(HMAC),
  ...signedRows(GITHUB),
  [
    "github: the same delivery id twice",
    ({ secret }) => ({ lines: [...PUSH, `X-Hub-Signature-256: sha256=${sign(secret, "{}")}`] }),
    "200, 200",
    {
      webhook: { auth: { type: "hmac", preset: "github" } },
      again: true,
      ledger: "accepted, duplicate DUPLICATE",
    },
  ],
]);
