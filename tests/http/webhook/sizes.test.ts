// Sizes of deliveries: declared, streamed, and all that are being read together.

import { describe, expect, test } from "bun:test";
import { createApp } from "../../../src/app";
import { createByteBudget } from "../../../src/lib/body";
import { agentWithSecret, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp, readAnswer } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { githubHeaders } from "../../support/signing";

const MIB = 1024 * 1024;
const TOO_LARGE = { status: 413, code: "PAYLOAD_TOO_LARGE" };

/** JSON of exactly that many bytes. */
const jsonOf = (size: number): string => `"${"x".repeat(size - 2)}"`;

/** The text in pieces, so that no length is declared. */
function streamed(text: string): ReadableStream<Uint8Array> {
  const all = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= all.length) return controller.close();
      controller.enqueue(all.subarray(at, at + 64 * 1024));
      at += 64 * 1024;
    },
  });
}

async function deliverStream(app: TestApp, data: { id: string; text: string }) {
  const headers = { "Content-Type": "application/json" };
  const init = { method: "POST", body: streamed(data.text), headers };
  return readAnswer(await app.request(`/agents/${data.id}/webhook`, init));
}

describe("a body of 1 MiB", () => {
  test("is taken to its last byte, declared and streamed", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expect((await app.deliver(id, jsonOf(MIB))).status).toBe(200);
    expect((await deliverStream(app, { id, text: jsonOf(MIB) })).status).toBe(200);
  });

  test("and one byte is refused, declared and streamed", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    expectAnswer(await app.deliver(id, jsonOf(MIB + 1)), TOO_LARGE);
    expectAnswer(await deliverStream(app, { id, text: jsonOf(MIB + 1) }), TOO_LARGE);
  });
});

describe("a body that breaks off", () => {
  test("is refused, and the ledger says why", async () => {
    const app = await createTestApp();
    const { id } = await app.agent();
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        if (pulls === 1) controller.enqueue(Buffer.from('{"a":'));
        else controller.error(new Error("the sender is gone"));
      },
    });
    const headers = { "Content-Type": "application/json" };
    const init = { method: "POST", body, headers };
    const answer = await readAnswer(await app.request(`/agents/${id}/webhook`, init));
    expectAnswer(answer, { status: 400, code: "INVALID_JSON", hides: ["sender"] });
    await app.ledger.flush();
    const { data } = await app.api(`GET /agents/${id}/deliveries`);
    expect(data).toMatchObject([{ gate: "request", reason: "REQUEST_ABORTED" }]);
    expect((await app.api(`GET /agents/${id}/executions`)).data).toEqual([]);
  });
});

describe("the largest body", () => {
  test("is what the webhook says", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({ webhook: { limits: { maxBodyBytes: 10 } } });
    expect((await app.deliver(id, jsonOf(10))).status).toBe(200);
    expectAnswer(await app.deliver(id, jsonOf(11)), TOO_LARGE);
    await app.api(`PATCH /agents/${id}`, { webhook: { limits: { maxBodyBytes: null } } });
    expect((await app.deliver(id, jsonOf(11))).status).toBe(200);
  });

  test("is else what the instance says", async () => {
    const app = await createTestApp({ config: { maxBody: 2048 } });
    const { id } = await app.agent();
    expect((await app.deliver(id, jsonOf(2048))).status).toBe(200);
    expectAnswer(await app.deliver(id, jsonOf(2049)), TOO_LARGE);
  });

  test("is 5 MiB under github, which sends more than others", async () => {
    const app = await createTestApp();
    const { id } = await agentWithSecret(app, { auth: { type: "hmac", preset: "github" } });
    const send = (body: string) =>
      app.deliver(id, body, {
        headers: githubHeaders({ secret: SECRET, body, id: body.slice(-9) }),
      });
    expect((await send(jsonOf(5 * MIB))).status).toBe(200);
    expectAnswer(await send(jsonOf(5 * MIB + 1)), TOO_LARGE);
  });

  test("of a webhook that takes nothing is that of the largest one, so that sizes tell nothing", async () => {
    const app = await createTestApp();
    const { id } = await app.agent({
      webhookEnabled: false,
      webhook: { limits: { maxBodyBytes: 10 } },
    });
    for (const target of [id, "agt_unknown"]) {
      expect((await app.deliver(target, jsonOf(2 * MIB))).status).toBe(404);
      const declared = { "Content-Length": String(25 * MIB + 1) };
      expectAnswer(await app.deliver(target, "1", { headers: declared }), TOO_LARGE);
    }
  });
});

describe("Content-Encoding", () => {
  test.each(["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip"])(
    "%s is refused unread",
    async (encoding) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const headers = { "Content-Encoding": encoding };
      expectAnswer(await app.deliver(id, Bun.gzipSync("1"), { headers }), {
        status: 415,
        code: "UNSUPPORTED_ENCODING",
      });
    },
  );

  test.each(["identity", "Identity"])("%s is none", async (encoding) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const answer = await app.deliver(id, "1", { headers: { "Content-Encoding": encoding } });
    expect(answer.status).toBe(200);
  });
});

describe("bodies that are being read at once", () => {
  async function withBudget(bytes: number) {
    const app = await createTestApp();
    const { id } = await app.agent();
    const budget = createByteBudget(bytes);
    const tight = createApp({ ...app.deps, budget });
    const send = async (text: string, stream = false) => {
      const body = stream ? streamed(text) : text;
      const init = {
        method: "POST",
        body,
        headers: { "Content-Type": "application/json", "Content-Length": String(text.length) },
      };
      if (stream) Reflect.deleteProperty(init.headers, "Content-Length");
      const request = new Request(`http://localhost/agents/${id}/webhook`, init);
      return readAnswer(await tight.handle(request));
    };
    return { app, send, budget };
  }

  const LARGE = 100_000;

  test.each([[false], [true]])(
    "beyond the budget are 503 OVERLOADED (streamed: %p)",
    async (stream) => {
      const { send } = await withBudget(2 * LARGE);
      const refused = await send(jsonOf(LARGE + 1), stream);
      expectAnswer(refused, { status: 503, code: "OVERLOADED" });
      expect(refused.headers.get("retry-after")).toBe("1");
    },
  );

  test("give their bytes back once they are answered, whatever became of them", async () => {
    const { send, budget } = await withBudget(2 * LARGE);
    for (const text of [jsonOf(LARGE), "{".repeat(LARGE), jsonOf(LARGE + 1)]) {
      await send(text);
      await send(text, true);
    }
    expect(budget.reserve("address null", LARGE)).toBe(true);
    expect(budget.reserve("address other", LARGE)).toBe(true);
  });
});
