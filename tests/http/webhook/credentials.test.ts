// Credentials: the configured method is the only one accepted, and the answer tells no reason.

import { describe, expect, test } from "bun:test";
import { agentWithSecret, BASIC_SECRET, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import {
  basicHeaders,
  bearerHeaders,
  githubHeaders,
  hmacHeaders,
  sign,
} from "../../support/signing";

const BODY = '{"message":"Hello"}';
const ZEROS = "0".repeat(64);
const SIGNED = { secret: SECRET, body: BODY };
const DIGEST = sign(SIGNED);

type Auth = Record<string, unknown>;
const BEARER: Auth = { type: "bearer" };
const BASIC: Auth = { type: "basic" };
const HMAC: Auth = { type: "hmac" };
const GITHUB: Auth = { type: "hmac", preset: "github" };

const own = (value: string) => ({ "X-Webhook-Signature": value });
const hub = (value: string) => ({ "X-Hub-Signature-256": value });
const authorization = (value: string) => ({ Authorization: value });

type Row = [name: string, auth: Auth, headers: Record<string, string>, reason: string];

const REFUSED: Row[] = [
  ["bearer without a header", BEARER, {}, "AUTH_MISSING"],
  ["bearer with another secret", BEARER, bearerHeaders("other"), "BEARER_MISMATCH"],
  [
    "bearer with a prefix of the secret",
    BEARER,
    bearerHeaders(SECRET.slice(0, -1)),
    "BEARER_MISMATCH",
  ],
  ["bearer with more than the secret", BEARER, bearerHeaders(`${SECRET} x`), "BEARER_MISMATCH"],
  [
    "bearer with the secret in upper case",
    BEARER,
    bearerHeaders(SECRET.toUpperCase()),
    "BEARER_MISMATCH",
  ],
  ["bearer with the scheme alone", BEARER, authorization("Bearer "), "AUTH_MISSING"],
  ["bearer with the bare secret", BEARER, authorization(SECRET), "AUTH_MISSING"],
  [
    "bearer by the scheme Basic",
    BEARER,
    authorization(`Basic ${btoa(`:${SECRET}`)}`),
    "AUTH_MISSING",
  ],
  ["bearer by the scheme Token", BEARER, authorization(`Token ${SECRET}`), "AUTH_MISSING"],
  [
    "bearer with two secrets in a row",
    BEARER,
    authorization(`Bearer ${SECRET}, Bearer ${SECRET}`),
    "BEARER_MISMATCH",
  ],
  ["bearer by the seed's signature", BEARER, hmacHeaders(SIGNED), "AUTH_MISSING"],
  ["bearer by GitHub's signature", BEARER, githubHeaders(SIGNED), "AUTH_MISSING"],
  ["bearer with an API token", BEARER, bearerHeaders(ADMIN_TOKEN), "BEARER_MISMATCH"],
  ["basic without a header", BASIC, {}, "AUTH_MISSING"],
  ["basic with the scheme alone", BASIC, authorization("Basic "), "AUTH_MISSING"],
  ["basic with another password", BASIC, basicHeaders("sender:other"), "BASIC_MISMATCH"],
  ["basic with another user", BASIC, basicHeaders(`other:${SECRET}`), "BASIC_MISMATCH"],
  ["basic with the password alone", BASIC, basicHeaders(SECRET), "BASIC_MISMATCH"],
  ["basic without a user", BASIC, basicHeaders(`:${SECRET}`), "BASIC_MISMATCH"],
  ["basic with more than the password", BASIC, basicHeaders(`${BASIC_SECRET}x`), "BASIC_MISMATCH"],
  ["basic in clear", BASIC, authorization(`Basic ${BASIC_SECRET}`), "BASIC_MISMATCH"],
  ["basic by the scheme Bearer", BASIC, bearerHeaders(BASIC_SECRET), "AUTH_MISSING"],
  ["basic by the seed's signature", BASIC, hmacHeaders(SIGNED), "AUTH_MISSING"],
  ["basic with an API token", BASIC, basicHeaders(`:${ADMIN_TOKEN}`), "BASIC_MISMATCH"],
  ["hmac without a header", HMAC, {}, "SIGNATURE_MISSING"],
  ["hmac with an empty header", HMAC, own(""), "SIGNATURE_MISSING"],
  ["hmac with a wrong digest", HMAC, own(`sha256=${ZEROS}`), "SIGNATURE_MISMATCH"],
  ["hmac with the digest cut", HMAC, own(`sha256=${DIGEST.slice(0, -2)}`), "SIGNATURE_MALFORMED"],
  [
    "hmac with the digest in upper case",
    HMAC,
    own(`sha256=${DIGEST.toUpperCase()}`),
    "SIGNATURE_MALFORMED",
  ],
  ["hmac with the prefix in upper case", HMAC, own(`SHA256=${DIGEST}`), "SIGNATURE_MALFORMED"],
  ["hmac by SHA-1", HMAC, own(`sha1=${sign(SIGNED, "sha1")}`), "SIGNATURE_MALFORMED"],
  ["hmac with two digests", HMAC, own(`sha256=${ZEROS}, sha256=${DIGEST}`), "SIGNATURE_MALFORMED"],
  ["hmac with the secret itself", HMAC, own(SECRET), "SIGNATURE_MALFORMED"],
  ["hmac by Bearer", HMAC, bearerHeaders(SECRET), "SIGNATURE_MISSING"],
  ["hmac in GitHub's header", HMAC, githubHeaders(SIGNED), "SIGNATURE_MISSING"],
  ["hmac with an API token", HMAC, bearerHeaders(ADMIN_TOKEN), "SIGNATURE_MISSING"],
  ["github without a header", GITHUB, {}, "SIGNATURE_MISSING"],
  ["github with a wrong digest", GITHUB, hub(`sha256=${ZEROS}`), "SIGNATURE_MISMATCH"],
  ["github with the bare digest", GITHUB, hub(DIGEST), "SIGNATURE_MALFORMED"],
  [
    "github by SHA-1 alone",
    GITHUB,
    { "X-Hub-Signature": `sha1=${sign(SIGNED, "sha1")}` },
    "SIGNATURE_MISSING",
  ],
  ["github in the seed's header", GITHUB, hmacHeaders(SIGNED), "SIGNATURE_MISSING"],
  ["github by Bearer", GITHUB, bearerHeaders(SECRET), "SIGNATURE_MISSING"],
];

const ACCEPTED: [name: string, auth: Auth, headers: Record<string, string>][] = [
  ["no method asks for nothing", { type: "none" }, {}],
  ["no method minds a credential", { type: "none" }, bearerHeaders("any")],
  ["bearer takes its secret", BEARER, bearerHeaders(SECRET)],
  ["bearer takes the scheme in any case", BEARER, authorization(`bEARER ${SECRET}`)],
  ["bearer takes more than one space", BEARER, authorization(`Bearer   ${SECRET}`)],
  ["basic takes user and password", BASIC, basicHeaders(BASIC_SECRET)],
  [
    "basic takes the scheme in any case",
    BASIC,
    authorization(`bAsIc  ${Buffer.from(BASIC_SECRET).toString("base64")}`),
  ],
  ["hmac takes the digest with its prefix", HMAC, hmacHeaders(SIGNED)],
  ["hmac takes the bare digest", HMAC, own(DIGEST)],
  ["github takes its own header", GITHUB, githubHeaders(SIGNED)],
  [
    "github minds a wrong SHA-1 beside it",
    GITHUB,
    { ...githubHeaders(SIGNED), "X-Hub-Signature": "sha1=0" },
  ],
];

async function deliverWith(app: TestApp, data: { auth: Auth; headers: Record<string, string> }) {
  const agent = await agentWithSecret(app, { auth: data.auth });
  const answer = await app.deliver(agent.id, BODY, { headers: data.headers });
  return { agent, answer };
}

describe("is refused with 401:", () => {
  test.each(REFUSED)("%s", async (_name, auth, headers, reason) => {
    const app = await createTestApp();
    const { agent, answer } = await deliverWith(app, { auth, headers });
    expectAnswer(answer, { status: 401, code: "UNAUTHORIZED", hides: [reason, SECRET, DIGEST] });
    expect(answer.error).toEqual({
      code: "UNAUTHORIZED",
      message: "A valid credential is required.",
      requestId: answer.error.requestId,
    });
    const challenge = auth === BASIC ? 'Basic realm="webhook", charset="UTF-8"' : "Bearer";
    expect(answer.headers.get("www-authenticate")).toBe(challenge);

    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${agent.id}/deliveries`);
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({ gate: "credential", reason, verified: false });
  });
});

describe("is accepted:", () => {
  test.each(ACCEPTED)("%s", async (_name, auth, headers) => {
    const app = await createTestApp();
    const { answer } = await deliverWith(app, { auth, headers });
    expectAnswer(answer, { status: 200, shows: ['"status":"running"'] });
  });
});

describe("a change of the method", () => {
  test("counts from the next delivery on, with the same secret", async () => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: BEARER });
    const bearer = { headers: bearerHeaders(SECRET) };
    const signed = { headers: hmacHeaders(SIGNED) };
    expect((await app.deliver(agent.id, BODY, bearer)).status).toBe(200);
    await app.api(`PATCH /agents/${agent.id}`, { webhook: { auth: HMAC } });
    expect((await app.deliver(agent.id, BODY, bearer)).status).toBe(401);
    expect((await app.deliver(agent.id, BODY, signed)).status).toBe(200);
  });

  test("to none lets everybody in, and back asks again", async () => {
    const app = await createTestApp();
    const agent = await agentWithSecret(app, { auth: BEARER });
    await app.api(`PATCH /agents/${agent.id}`, { webhook: { auth: { type: "none" } } });
    expect((await app.deliver(agent.id, BODY)).status).toBe(200);
    await app.api(`PATCH /agents/${agent.id}`, { webhook: { auth: BEARER } });
    expect((await app.deliver(agent.id, BODY)).status).toBe(401);
  });
});
