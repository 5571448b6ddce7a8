// What is ours to blame: hidden from the caller, told to the log under the request's id.

import { describe, expect, test } from "bun:test";
import type { AppDeps } from "../../../src/app";
import { createApp } from "../../../src/app";
import type { TestApp } from "../../support/app";
import { ADMIN_TOKEN, createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { createRecordedLog } from "../../support/recorded-log";
import { bearerHeaders } from "../../support/signing";

const INTERNAL = "internal-text-of-the-tests";
const HEADERS = {
  ...bearerHeaders(ADMIN_TOKEN),
  "Content-Type": "application/json",
  "X-Request-Id": "the-id",
};

const breaking = (): never => {
  throw new TypeError(INTERNAL, { cause: new Error("the deeper cause") });
};

/** One dependency replaced by one that throws, and a request that needs it. */
const BROKEN: [name: string, deps: Partial<AppDeps>, call: string, body: string | null][] = [
  [
    "the directory, on a delivery",
    {
      directory: {
        find: breaking,
        forget: breaking,
        maxConcurrentOf: breaking,
        allowedCallsOf: breaking,
      },
    },
    "POST /agents/ID/webhook",
    "1",
  ],
  [
    "the failure counter's clock, on a delivery",
    { windowNow: breaking },
    "POST /agents/ID/webhook",
    "1",
  ],
  [
    "the ledger, on a refused delivery",
    { ledger: { record: breaking, flush: breaking, sweep: breaking } },
    "POST /agents/ID/webhook",
    "{",
  ],
  ["the versions, on a delivery", { versions: { find: breaking } }, "POST /agents/ID/webhook", "1"],
  [
    "the read tokens, on a delivery",
    { readTokens: { make: breaking, check: breaking } },
    "POST /agents/ID/webhook",
    "1",
  ],
  [
    "the read tokens, on a read",
    { readTokens: { make: breaking, check: breaking } },
    "GET /agents/ID/executions/x?token=t",
    null,
  ],
  [
    "the look-up of providers, on a change",
    { providerExists: breaking },
    "PATCH /agents/ID",
    '{"name":"a"}',
  ],
  ["the public URL, on a list", { publicUrl: breaking }, "GET /agents", null],
  [
    "the health, on a probe",
    { health: { noteUnhandled: breaking, noteStopping: breaking, problem: breaking } },
    "GET /readyz",
    null,
  ],
];

async function askBroken(data: { deps: Partial<AppDeps>; call: string; body: string | null }) {
  const log = createRecordedLog();
  const app = await createTestApp({ log });
  const { id } = await app.agent();
  const [method = "", path = ""] = data.call.replace("ID", id).split(" ");
  const broken = createApp({ ...app.deps, ...data.deps, log });
  const headers = new Headers(HEADERS);
  if (path.includes("?token=")) headers.delete("authorization");
  const body = data.body === null ? {} : { body: data.body };
  const request = new Request(`http://localhost${path}`, { method, headers, ...body });
  return { answer: await readAnswer(await broken.handle(request)), log };
}

describe("500 hides what broke:", () => {
  test.each(BROKEN)("%s", async (_name, deps, call, body) => {
    const { answer, log } = await askBroken({ deps, call, body });
    expectAnswer(answer, {
      status: 500,
      code: "INTERNAL",
      hides: [INTERNAL, "TypeError", "deeper", ".ts"],
    });
    expect(answer.body).toEqual({
      success: false,
      error: {
        code: "INTERNAL",
        message: "Something went wrong on our side.",
        requestId: "the-id",
      },
    });
    const lines = log.lines.filter((line) => line.event === "request.failed");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "error",
      fields: {
        requestId: "the-id",
        error: `TypeError: ${INTERNAL}`,
        cause: "Error: the deeper cause",
      },
    });
    expect(String(lines[0]?.fields["stack"])).toContain("internal.test.ts");
  });

  test("what is thrown need not be an error", async () => {
    const publicUrl = (): never => {
      throw INTERNAL;
    };
    const { answer, log } = await askBroken({
      deps: { publicUrl },
      call: "GET /agents",
      body: null,
    });
    expectAnswer(answer, { status: 500, code: "INTERNAL", hides: [INTERNAL] });
    expect(log.events()).toEqual(["request.failed"]);
  });

  test("an answer that does not fit its own schema is not sent, and not logged whole", async () => {
    const log = createRecordedLog();
    const app = await createTestApp({ log });
    const { id } = await app.agent({ description: INTERNAL });
    app.db.raw.run("update agents set webhook_settings = ?", ['{"limits":{"perMinute":"many"}}']);
    const answer = await app.api(`GET /agents/${id}`);
    expectAnswer(answer, { status: 500, code: "INTERNAL", hides: [INTERNAL, "perMinute", "many"] });
    expect(log.events()).toContain("request.failed");
    expect(JSON.stringify(log.lines)).not.toContain(INTERNAL);
  });
});

async function reached(app: TestApp): Promise<number> {
  return (await app.request("/healthz")).status;
}

describe("after a failure", () => {
  test("the next request is answered as ever", async () => {
    const app = await createTestApp();
    let fails = true;
    const publicUrl = (): string => (fails ? breaking() : "http://x");
    const broken = createApp({ ...app.deps, publicUrl });
    await app.agent();
    const list = () => broken.handle(new Request("http://localhost/agents", { headers: HEADERS }));
    expect((await list()).status).toBe(500);
    fails = false;
    expect((await list()).status).toBe(200);
    expect(await reached(app)).toBe(200);
  });
});
