// Verification of senders: every vector gets its verdict, and what the verdict says of the secrets.

import { describe, expect, test } from "bun:test";
import { sha256 } from "../../src/lib/crypto";
import { PRESET_ROWS } from "../../src/webhooks/presets/table";
import type { VerifySecret } from "../../src/webhooks/verify";
import { verify } from "../../src/webhooks/verify";
import { agentWithSecret, setSecret } from "../support/agents";
import { createTestApp } from "../support/app";
import { basicHeaders, bearerHeaders, sign } from "../support/signing";
import type { Vector } from "../support/vectors";
import { bodyOf, headersOf, VECTORS } from "../support/vectors";

const secretOf = (text: string | null, change: Partial<VerifySecret> = {}): VerifySecret => ({
  id: `id of ${text}`,
  text,
  digest: sha256(text ?? ""),
  expiresAt: null,
  ...change,
});

const rowOf = (name: string) => {
  const row = Object.values(PRESET_ROWS).find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`no preset ${name}`);
  return row;
};

const judge = (vector: Vector, secrets = [secretOf(vector.secret)]) =>
  verify({
    row: rowOf(vector.provider),
    secrets,
    headers: headersOf(vector),
    body: bodyOf(vector),
    now: vector.now * 1000,
  });

const valid = VECTORS.filter((vector) => vector.valid);
const invalid = VECTORS.filter((vector) => !vector.valid);

describe("the vectors", () => {
  test("are those of every preset that is built, in number", () => {
    const names = new Set(VECTORS.map((vector) => vector.provider));
    expect([...names].toSorted()).toEqual(Object.keys(PRESET_ROWS).toSorted());
    expect([valid.length, invalid.length]).toEqual([25, 36]);
  });

  test.each(valid)("$id passes ($level)", (vector) => {
    expect(judge(vector)).toEqual({ ok: true, secretId: `id of ${vector.secret}` });
  });

  test.each(invalid)("$id is refused ($level)", (vector) => {
    expect(judge(vector).ok).toBe(false);
  });

  test.each(valid)("$id passes under no other preset", (vector) => {
    const others = Object.values(PRESET_ROWS).filter((row) => row.name !== vector.provider);
    for (const row of others) {
      const request = { secrets: [secretOf(vector.secret)], headers: headersOf(vector) };
      expect(verify({ row, ...request, body: bodyOf(vector), now: 0 }).ok).toBe(false);
    }
  });
});

describe("of several secrets", () => {
  test.each(valid)("the one that fits $id is named, wherever it stands", (vector) => {
    const wrong = [secretOf("one that is wrong"), secretOf("another that is wrong")];
    for (const place of [0, 1, 2]) {
      const secrets = wrong.toSpliced(place, 0, secretOf(vector.secret));
      expect(judge(vector, secrets)).toEqual({ ok: true, secretId: `id of ${vector.secret}` });
    }
  });

  test.each(valid)("none that has expired verifies $id", (vector) => {
    const at = vector.now * 1000;
    expect(judge(vector, [secretOf(vector.secret, { expiresAt: at + 1 })]).ok).toBe(true);
    expect(judge(vector, [secretOf(vector.secret, { expiresAt: at })])).toEqual({
      ok: false,
      reason: "SECRET_UNAVAILABLE",
    });
  });

  const REASONS: [name: string, secrets: VerifySecret[], reason: string][] = [
    ["no secret", [], "SECRET_UNAVAILABLE"],
    ["an empty one", [secretOf("")], "SECRET_UNAVAILABLE"],
    ["one that cannot be read", [secretOf(null)], "SECRET_UNREADABLE"],
    ["one empty and one that cannot be read", [secretOf(""), secretOf(null)], "SECRET_UNREADABLE"],
    [
      "one that cannot be read and has expired",
      [secretOf(null, { expiresAt: 1 })],
      "SECRET_UNAVAILABLE",
    ],
    [
      "one wrong beside one that cannot be read",
      [secretOf("x"), secretOf(null)],
      "SIGNATURE_MISMATCH",
    ],
  ];
  test.each(REASONS)("%s is told apart", (_name, secrets, reason) => {
    const vector = VECTORS.find((candidate) => candidate.id === "hmac/valid");
    if (vector === undefined) throw new Error("the vector is gone");
    expect(judge(vector, secrets)).toEqual({ ok: false, reason } as never);
  });

  test("an empty secret verifies nothing, not even what it signed", () => {
    const body = Buffer.from("1");
    const requests = [
      {
        row: rowOf("hmac"),
        headers: new Headers({ "X-Webhook-Signature": sign({ secret: "", body }) }),
      },
      { row: rowOf("bearer"), headers: new Headers(bearerHeaders("")) },
      { row: rowOf("basic"), headers: new Headers(basicHeaders("")) },
    ];
    for (const request of requests) {
      expect(verify({ ...request, secrets: [secretOf("")], body, now: 0 }).ok).toBe(false);
    }
  });
});

describe("a bearer secret beyond ASCII", () => {
  test("is compared by the bytes of its UTF-8, as senders put them into the header", () => {
    const secret = "Schlüssel-鍵";
    const wire = Buffer.from(secret).toString("latin1");
    const headers = new Headers({ Authorization: `Bearer ${wire}` });
    const request = { row: rowOf("bearer"), headers, body: new Uint8Array(), now: 0 };
    expect(verify({ ...request, secrets: [secretOf(secret)] }).ok).toBe(true);
  });
});

describe("a basic secret", () => {
  const judgeBasic = (secret: string, authorization: string) =>
    verify({
      row: rowOf("basic"),
      secrets: [secretOf(secret)],
      headers: new Headers({ Authorization: authorization }),
      body: new Uint8Array(),
      now: 0,
    });

  test.each(["u:p", ":p", "u:", ":", "u:p:q", "u: p", "Schlüssel:鍵"])("%p passes", (secret) => {
    const { Authorization = "" } = basicHeaders(secret);
    expect(judgeBasic(secret, Authorization).ok).toBe(true);
  });

  const OTHER_SPELLINGS: [name: string, encoded: string][] = [
    ["without its padding", "dXNlcjpwYTpzcw"],
    ["with more padding", "dXNlcjpwYTpzcw==="],
    ["with bits behind its end", "dXNlcjpwYTpzcx=="],
    ["with a space inside", "dXNl cjpwYTpzcw=="],
    ["twice", "dXNlcjpwYTpzcw==, dXNlcjpwYTpzcw=="],
    ["in clear", "user:pa:ss"],
    ["encoded again", "ZFhObGNqcHdZVHB6Y3c9PQ=="],
  ];
  test.each(OTHER_SPELLINGS)("is refused %s", (_name, encoded) => {
    expect(judgeBasic("user:pa:ss", "Basic dXNlcjpwYTpzcw==").ok).toBe(true);
    expect(judgeBasic("user:pa:ss", `Basic ${encoded}`)).toEqual({
      ok: false,
      reason: "BASIC_MISMATCH",
    });
  });

  test("without a colon verifies nothing, not even itself", () => {
    const { Authorization = "" } = basicHeaders("no-colon-at-all");
    expect(judgeBasic("no-colon-at-all", Authorization).ok).toBe(false);
  });
});

describe("through the app", () => {
  const told = VECTORS.filter((vector) => vector.expect !== undefined);

  test.each(told)("$id gives delivery id and event", async (vector) => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "hmac", preset: vector.provider } });
    await setSecret(app, { id, secret: vector.secret });
    const answer = await app.deliver(id, bodyOf(vector), { headers: headersOf(vector) });
    expect(answer.status).toBe(200);
    await app.ledger.flush();
    const [row] = (await app.api(`GET /agents/${id}/deliveries`)).data;
    expect(row.deliveryKey).toBe(vector.expect?.deliveryId);
    // Where the body has an action it stands behind the event's own name.
    expect(row.event.split(".")[0]).toBe(vector.expect?.eventType);
    expect(row.verified).toBe(true);
  });

  test.each(VECTORS)("$id is let in or refused with 401", async (vector) => {
    const app = await createTestApp();
    const auth = { type: rowOf(vector.provider).authType, preset: vector.provider };
    const { id } = await agentWithSecret(app, { auth });
    await setSecret(app, { id, secret: vector.secret });
    const { status } = await app.deliver(id, bodyOf(vector), { headers: headersOf(vector) });
    // What is let in may still be no JSON, or of another content type.
    expect(status === 401).toBe(!vector.valid);
    expect([200, 400, 401, 415]).toContain(status);
  });
});
