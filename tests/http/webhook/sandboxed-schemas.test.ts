// Inputs whose schema has keywords that may block: checked in the sandbox, for deliveries and for
// manual runs, and refused in words where that takes too long or there is no sandbox.

import { afterAll, describe, expect, test } from "bun:test";
import type { ErrorDetail } from "../../../src/errors";
import { CodeError } from "../../../src/sandbox/code";
import { agentWithSecret, pipelineOf, SECRET } from "../../support/agents";
import type { TestApp } from "../../support/app";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";
import { openSandbox } from "../../support/sandboxes";
import { bearerHeaders } from "../../support/signing";
import { passTurns } from "../../support/turns";

/** Its children hold nothing of a test. */
const sandbox = openSandbox();
afterAll(() => sandbox.stop());

const SCHEMA = {
  type: "object",
  properties: {
    mail: { format: "email" },
    slow: { pattern: "^(a+)+$" },
    tags: { uniqueItems: true },
  },
  patternProperties: { "^n_": { type: "number" } },
};

const SLOW = { slow: `${"a".repeat(40)}!` };

const countExecutions = async (app: TestApp, id: string): Promise<number> =>
  (await app.api(`GET /agents/${id}/executions`)).data.length;

describe("a delivery and a manual run with", () => {
  test.each<[string, unknown, number, string[]]>([
    ["what fits", { mail: "a@b.test", slow: "aaa", tags: [1, 2], n_1: 1 }, 200, []],
    ["another format", { mail: "nobody" }, 422, ["/mail FORMAT"]],
    ["what does not match", { slow: "b" }, 422, ["/slow PATTERN"]],
    ["an item twice", { tags: [1, 1] }, 422, ["/tags UNIQUE_ITEMS"]],
    ["a wrong property by its name", { n_1: "x" }, 422, ["/n_1 TYPE"]],
    ["what would take for ever", SLOW, 422, [" CHECK_LIMIT"]],
  ])("%s", async (_name, input, status, details) => {
    const app = await createTestApp({ sandbox });
    const { id } = await app.agent({ pipeline: pipelineOf({ schema: SCHEMA }) });
    const delivered = await app.deliver(id, JSON.stringify(input));
    const invoked = await app.api(`POST /agents/${id}/invoke`, { input });
    for (const answer of [delivered, invoked]) {
      expect(answer.status).toBe(status);
      const found: ErrorDetail[] = answer.error?.details ?? [];
      expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual(details);
      expect(answer.text).not.toContain(SLOW.slow);
    }
    expect(await countExecutions(app, id)).toBe(status === 200 ? 2 : 0);
    await app.pool.idle();
  });
});

describe("where there is no sandbox", () => {
  test.each(["SANDBOX_BUSY", "SANDBOX_UNAVAILABLE"] as const)(
    "as %s says, they are to be sent again, and the ledger has the reason",
    async (code) => {
      const checkSchema = (): Promise<never> => Promise.reject(new CodeError(code));
      const app = await createTestApp({ sandbox: { ...sandbox, checkSchema } });
      const { id } = await app.agent({ pipeline: pipelineOf({ schema: SCHEMA }) });
      const delivered = await app.deliver(id, "{}");
      const invoked = await app.api(`POST /agents/${id}/invoke`, { input: {} });
      for (const answer of [delivered, invoked]) {
        expectAnswer(answer, { status: 503, code });
        expect(answer.headers.get("retry-after")).toBe("5");
      }
      await app.ledger.flush();
      const { data } = await app.api(`GET /agents/${id}/deliveries`);
      expect(data).toMatchObject([{ verdict: "refused", gate: "input", reason: code }]);
      expect(await countExecutions(app, id)).toBe(0);
    },
  );

  test("a schema that cannot block is checked all the same", async () => {
    const checkSchema = (): Promise<never> => Promise.reject(new CodeError("SANDBOX_UNAVAILABLE"));
    const app = await createTestApp({ sandbox: { ...sandbox, checkSchema } });
    const { id } = await app.agent({ pipeline: pipelineOf({ schema: { type: "object" } }) });
    expect((await app.deliver(id, "{}")).status).toBe(200);
    expect((await app.deliver(id, "1")).status).toBe(422);
    await app.pool.idle();
  });
});

/** A sandbox whose checks are ended by the test, one after the other. */
function holdChecks() {
  const open: ((details: ErrorDetail[]) => void)[] = [];
  const checkSchema = (): Promise<ErrorDetail[]> => new Promise((resolve) => open.push(resolve));
  return { sandbox: { ...sandbox, checkSchema }, open };
}

describe("an agent that is changed while its input is checked", () => {
  const deliverHeld = async (change: (app: TestApp, id: string) => Promise<unknown>) => {
    const held = holdChecks();
    const app = await createTestApp({ sandbox: held.sandbox });
    const patch = { pipeline: pipelineOf({ schema: SCHEMA }) };
    const { id } = await agentWithSecret(app, { auth: { type: "bearer" }, patch });
    const answer = app.deliver(id, "{}", { headers: bearerHeaders(SECRET) });
    await passTurns(3);
    expect(held.open).toHaveLength(1);
    app.clock.advance(1);
    await change(app, id);
    return { app, held, answer };
  };

  test.each<[string, number, (app: TestApp, id: string) => Promise<unknown>]>([
    ["nothing", 200, async () => null],
    ["its name", 200, (app, id) => app.api(`PATCH /agents/${id}`, { name: "other" })],
    ["its status", 404, (app, id) => app.api(`POST /agents/${id}/deactivate`)],
    [
      "its secret",
      401,
      (app, id) => app.api(`POST /agents/${id}/webhook/secrets`, { graceSeconds: 0 }),
    ],
    [
      "its schema",
      422,
      async (app, id) => {
        await app.api(`PATCH /agents/${id}`, {
          pipeline: pipelineOf({ schema: { type: "null" } }),
        });
        await app.api(`POST /agents/${id}/activate`);
      },
    ],
  ])("in %s answers %d", async (_name, status, change) => {
    const { app, held, answer } = await deliverHeld(change);
    for (let turn = 0; turn < 5; turn += 1) {
      for (const end of held.open.splice(0)) end([]);
      await passTurns(1);
    }
    expect((await answer).status).toBe(status);
    await app.pool.idle();
  });
});
