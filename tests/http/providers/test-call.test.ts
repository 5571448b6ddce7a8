// POST /providers/{id}/test: one small call, and in the owner's words what came of it.

import { afterEach, describe, expect, test } from "bun:test";
import { AppError, type ErrorCode } from "../../../src/errors";
import { OutboundError } from "../../../src/lib/network/outbound-error";
import { createOutbound, type Outbound } from "../../../src/lib/outbound";
import { PROVIDER_TEST_REASONS } from "../../../src/vocabulary";
import { createTestApp, restart, type TestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { startModelStub, type ModelStub } from "../../support/model-stub";
import { LEAK } from "../../support/model-stub-answers";
import type { StubFormatName } from "../../support/model-stub-formats";
import { localOutbound } from "../../support/provider-calls";

const KEY = "sk-key-that-must-not-leak-1234";

const stubs: ModelStub[] = [];
afterEach(async () => {
  for (const stub of stubs.splice(0)) await stub.close();
});

async function startStub(behaviour: string): Promise<ModelStub> {
  const stub = await startModelStub({ behaviour: () => behaviour });
  stubs.push(stub);
  return stub;
}

interface Scene {
  app: TestApp;
  id: string;
}

/** An app with one provider, which has a key. */
async function createScene(data: {
  type?: string;
  baseUrl?: string;
  outbound?: Outbound;
  enabled?: boolean;
}): Promise<Scene> {
  const app = await createTestApp({ outbound: data.outbound ?? localOutbound });
  const { type = "openai-compatible", baseUrl = "https://models.test/v1", enabled = true } = data;
  const body = { type, name: "p", baseUrl, apiKey: KEY, enabled };
  return { app, id: (await app.api("POST /providers", body)).data.id };
}

const testIt = ({ app, id }: Scene, body: unknown = { model: "small" }) =>
  app.api(`POST /providers/${id}/test`, body);

const TYPES: StubFormatName[] = ["openai", "anthropic", "google", "openai-compatible"];

describe("a provider that answers", () => {
  test.each(TYPES)("is ok after one call of few tokens: %s", async (type) => {
    const stub = await startStub("ok");
    const answer = await testIt(await createScene({ type, baseUrl: stub.baseUrl }));
    expectAnswer(answer, { status: 200, hides: [KEY] });
    expect(answer.data).toEqual({ ok: true, latencyMs: expect.any(Number), failure: null });
    expect(stub.calls).toMatchObject([{ model: "small" }]);
    const sent = JSON.stringify(stub.calls[0]?.body);
    expect(sent).toMatch(/"(?:max_tokens|max_output_tokens|maxOutputTokens)":16/);
    expect(sent).not.toContain("temperature");
  });

  test("is ok though it is switched off", async () => {
    const stub = await startStub("ok");
    const answer = await testIt(await createScene({ baseUrl: stub.baseUrl, enabled: false }));
    expect(answer.data.ok).toBe(true);
  });

  test("may be echo, which needs no model", async () => {
    const app = await createTestApp();
    expect((await testIt({ app, id: "echo" }, {})).data).toEqual({
      ok: true,
      latencyMs: 0,
      failure: null,
    });
  });

  test("is called once for an Idempotency-Key", async () => {
    const stub = await startStub("ok");
    const { app, id } = await createScene({ baseUrl: stub.baseUrl });
    const call = `POST /providers/${id}/test`;
    const send = () =>
      app.send({ call, body: { model: "small" }, headers: { "Idempotency-Key": "k" } });
    const [first, again] = [await send(), await send()];
    expect(again.text).toBe(first.text);
    expect(stub.calls).toHaveLength(1);
  });
});

const failing =
  (error: unknown): Outbound["fetch"] =>
  async () => {
    throw error;
  };

/** What the stub does, the reason, and the status that is told. */
const FAULTS: [behaviour: string, reason: string, status: number | undefined][] = [
  ["status-401", "KEY_REFUSED", 401],
  ["status-403", "KEY_REFUSED", 403],
  ["status-400", "KEY_REFUSED", 400],
  ["status-404", "MODEL_UNKNOWN", 404],
  ["status-422", "REQUEST_REFUSED", 422],
  ["status-429", "RATE_LIMITED", 429],
  ["status-500", "PROVIDER_FAILED", 500],
  ["status-408", "PROVIDER_FAILED", 408],
  ["redirect:http://127.0.0.1:1/", "ANSWER_INVALID", 302],
  ["error-event", "PROVIDER_FAILED", undefined],
  ["cut", "PROVIDER_FAILED", undefined],
  ["html", "ANSWER_INVALID", undefined],
  ["garbage", "ANSWER_INVALID", undefined],
  ["flood-line", "ANSWER_INVALID", undefined],
  ["hang-up", "HOST_UNREACHABLE", undefined],
];

/** What fails without a stub. */
const UNREACHED: [what: string, outbound: Outbound, baseUrl: string, reason: string][] = [
  [
    "a name that nobody knows",
    createOutbound({ allowPrivate: [], resolve: async () => [] }),
    "https://models.test/v1",
    "HOST_UNKNOWN",
  ],
  [
    "a private address",
    createOutbound({ allowPrivate: [] }),
    "http://127.0.0.1:9/v1",
    "ADDRESS_REFUSED",
  ],
  [
    "a certificate that is not trusted",
    { fetch: failing(new OutboundError("untrusted", { message: "CERT_HAS_EXPIRED" })) },
    "https://models.test/v1",
    "TLS_FAILED",
  ],
];

describe("a provider that fails is told by a reason, after one call, without its text:", () => {
  test.each(FAULTS)("%s as %s", async (behaviour, reason, status) => {
    const stub = await startStub(behaviour);
    const answer = await testIt(await createScene({ baseUrl: stub.baseUrl }));
    expectAnswer(answer, { status: 200, hides: [KEY, LEAK] });
    expect(answer.data).toEqual({
      ok: false,
      latencyMs: expect.any(Number),
      failure: {
        reason,
        message: expect.stringMatching(/\.$/),
        ...(status === undefined ? {} : { status }),
      },
    });
    expect(stub.calls).toHaveLength(1);
  });

  test.each(UNREACHED)("%s", async (_what, outbound, baseUrl, reason) => {
    const { data } = await testIt(await createScene({ outbound, baseUrl }));
    expect(data).toMatchObject({ ok: false, failure: { reason } });
  });

  test("a private address names the setting that allows it", async () => {
    const outbound = createOutbound({ allowPrivate: [] });
    const { data } = await testIt(await createScene({ outbound, baseUrl: "http://10.0.0.1/v1" }));
    expect(data.failure.message).toContain("HOOKLINE_ALLOW_PRIVATE=10.0.0.1:80");
  });

  test("one that says nothing, once its 15 seconds are over", async () => {
    const { app, id } = await createScene({});
    const waited: number[] = [];
    const callProvider = app.deps.callProvider;
    app.deps.callProvider = (data) => {
      waited.push(data.call.timeoutMs);
      app.clock.advance(15_000);
      return callProvider({ ...data, call: { ...data.call, timeoutMs: 20 } });
    };
    const stub = await startStub("silent");
    await app.api(`PATCH /providers/${id}`, { baseUrl: stub.baseUrl, apiKey: KEY });
    const { data } = await testIt({ app, id });
    expect(data).toMatchObject({ latencyMs: 15_000, failure: { reason: "TIMED_OUT" } });
    expect(waited).toEqual([15_000]);
  });

  test("a key that was sealed with another master key", async () => {
    const { app, id } = await createScene({});
    const later = await restart(app, { masterKey: Buffer.alloc(32, 9) });
    const { data } = await testIt({ app: later, id });
    expect(data.failure.reason).toBe("KEY_UNREADABLE");
  });
});

test("every reason is tested", () => {
  const tested = new Set([
    ...FAULTS.map(([, reason]) => reason),
    ...UNREACHED.map(([, , , reason]) => reason),
    "TIMED_OUT",
    "KEY_UNREADABLE",
  ]);
  expect([...tested].toSorted()).toEqual([...PROVIDER_TEST_REASONS].toSorted());
});

describe("a test is refused", () => {
  test("without a model", async () => {
    const refused = await testIt(await createScene({}), {});
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details).toMatchObject([{ path: "/model", code: "REQUIRED" }]);
  });

  test("for a provider of nobody", async () => {
    const app = await createTestApp();
    const refused = await testIt({ app, id: "prv_none" });
    expectAnswer(refused, { status: 404, code: "NOT_FOUND" });
  });
});

test.each<[code: ErrorCode, status: number, error: Error]>([
  ["INTERNAL", 500, new TypeError(KEY)],
  ["STORAGE_UNAVAILABLE", 503, new AppError("STORAGE_UNAVAILABLE")],
])("an error of ours is none of the provider: %s", async (code, status, error) => {
  const { app, id } = await createScene({});
  app.deps.callProvider = async () => {
    throw error;
  };
  expectAnswer(await testIt({ app, id }), { status, code, hides: [KEY] });
});
