// Settings of a webhook: merged as in RFC 7396, with defaults of preset and instance, and warnings.

import { describe, expect, test } from "bun:test";
import { createTestApp } from "../../support/app";
import { expectAnswer } from "../../support/expectations";

const MIB = 1024 * 1024;
const DEFAULTS = {
  perMinute: 100,
  maxConcurrent: 10,
  overflow: "reject",
  maxQueued: 1_000,
  maxBodyBytes: MIB,
};

/** PATCHes one after the other, and what the settings are in the end. */
async function patched(patches: unknown[], config = {}) {
  const app = await createTestApp({ config });
  const { id } = await app.agent();
  for (const webhook of patches) {
    const changed = await app.api(`PATCH /agents/${id}`, { webhook });
    expect(changed.status).toBe(200);
  }
  const { auth, limits, respond } = (await app.api(`GET /agents/${id}`)).data.webhook;
  return { auth, limits, respond };
}

const GITHUB = { type: "hmac", preset: "github" };
const LIMITS = { perMinute: 5, maxConcurrent: 6, maxBodyBytes: 7 };

const MERGES: [name: string, patches: unknown[], result: Record<string, unknown>][] = [
  ["nothing is set by an empty patch", [{}], { auth: { type: "none" }, limits: DEFAULTS }],
  [
    "a limit leaves the others as they were",
    [{ limits: LIMITS }, { limits: { perMinute: 9 } }],
    { limits: { ...DEFAULTS, ...LIMITS, perMinute: 9 } },
  ],
  [
    "null sets a limit back",
    [{ limits: LIMITS }, { limits: { perMinute: null } }],
    { limits: { ...DEFAULTS, ...LIMITS, perMinute: 100 } },
  ],
  ["null sets all limits back", [{ limits: LIMITS }, { limits: null }], { limits: DEFAULTS }],
  [
    "limits leave the method as it was",
    [{ auth: GITHUB }, { limits: { perMinute: 9 } }],
    { auth: GITHUB },
  ],
  ["null sets the method back", [{ auth: GITHUB }, { auth: null }], { auth: { type: "none" } }],
  [
    "null sets the preset back to that of the method",
    [{ auth: GITHUB }, { auth: { preset: null } }],
    { auth: { type: "hmac", preset: "hmac" } },
  ],
  ["an empty method leaves it as it was", [{ auth: GITHUB }, { auth: {} }], { auth: GITHUB }],
  [
    "a new type drops the preset of the old one",
    [{ auth: GITHUB }, { auth: { type: "bearer" } }],
    { auth: { type: "bearer", preset: "bearer" } },
  ],
  [
    "the type null drops the preset with it",
    [{ auth: GITHUB }, { auth: { type: null } }],
    { auth: { type: "none" } },
  ],
  [
    "a preset is taken with its type",
    [{ auth: { type: "bearer", preset: "bearer" } }],
    { auth: { type: "bearer", preset: "bearer" } },
  ],
  [
    "github proposes 5 MiB and a queue",
    [{ auth: GITHUB }],
    { limits: { ...DEFAULTS, overflow: "queue", maxBodyBytes: 5 * MIB } },
  ],
  [
    "the owner's overflow goes before the proposal",
    [{ auth: GITHUB, limits: { overflow: "reject" } }],
    { limits: { ...DEFAULTS, maxBodyBytes: 5 * MIB } },
  ],
  [
    "null sets the overflow back to the proposal",
    [{ auth: GITHUB, limits: { overflow: "reject" } }, { limits: { overflow: null } }],
    { limits: { ...DEFAULTS, overflow: "queue", maxBodyBytes: 5 * MIB } },
  ],
  [
    "a queue has the length that was set",
    [{ limits: { overflow: "queue" } }, { limits: { maxQueued: 100_000 } }],
    { limits: { ...DEFAULTS, overflow: "queue", maxQueued: 100_000 } },
  ],
  [
    "the proposal goes with the preset",
    [{ auth: GITHUB }, { auth: { type: "bearer" } }],
    { limits: DEFAULTS },
  ],
  [
    "the owner's size goes before the proposal",
    [{ auth: GITHUB, limits: { maxBodyBytes: 9 } }],
    { limits: { ...DEFAULTS, overflow: "queue", maxBodyBytes: 9 } },
  ],
  ["an answer comes at once where nobody set it", [{ respond: "async" }], { respond: "async" }],
  [
    "an answer waits as long as was set",
    [{ respond: "async" }, { respond: { waitSeconds: 60 } }],
    { respond: { waitSeconds: 60 } },
  ],
  [
    "null lets it come at once again",
    [{ respond: { waitSeconds: 1 } }, { respond: null }],
    { respond: "async" },
  ],
];

describe("a patch of the webhook:", () => {
  test.each(MERGES)("%s", async (_name, patches, result) => {
    expect(await patched(patches)).toMatchObject(result);
  });

  test("what nobody set follows the instance", async () => {
    const config = { webhookRatePerMinute: 7, webhookMaxConcurrent: 8, maxBody: 9000 };
    expect((await patched([], config)).limits).toEqual({
      perMinute: 7,
      maxConcurrent: 8,
      overflow: "reject",
      maxQueued: 1_000,
      maxBodyBytes: 9000,
    });
  });

  test("the larger of proposal and instance counts", async () => {
    const { limits } = await patched([{ auth: GITHUB }], { maxBody: 8 * MIB });
    expect(limits.maxBodyBytes).toBe(8 * MIB);
  });
});

const REFUSED: [name: string, webhook: unknown, path: string][] = [
  ["a limit of 0", { limits: { perMinute: 0 } }, "/webhook/limits/perMinute"],
  ["a limit below 0", { limits: { maxConcurrent: -1 } }, "/webhook/limits/maxConcurrent"],
  ["a limit of 1,000,001", { limits: { perMinute: 1_000_001 } }, "/webhook/limits/perMinute"],
  ["a limit and a half", { limits: { perMinute: 1.5 } }, "/webhook/limits/perMinute"],
  ["a limit as text", { limits: { perMinute: "5" } }, "/webhook/limits/perMinute"],
  [
    "a body of more than 25 MiB",
    { limits: { maxBodyBytes: 25 * MIB + 1 } },
    "/webhook/limits/maxBodyBytes",
  ],
  ["a limit of nobody", { limits: { perHour: 1 } }, "/webhook/limits/perHour"],
  ["a queue of nothing", { limits: { maxQueued: 0 } }, "/webhook/limits/maxQueued"],
  ["a queue of 100,001", { limits: { maxQueued: 100_001 } }, "/webhook/limits/maxQueued"],
  ["an overflow of nobody", { limits: { overflow: "drop" } }, "/webhook/limits/overflow"],
  ["a wait of 0", { respond: { waitSeconds: 0 } }, "/webhook/respond/waitSeconds"],
  ["a wait of 61", { respond: { waitSeconds: 61 } }, "/webhook/respond/waitSeconds"],
  ["a wait of nothing", { respond: { waitSeconds: null } }, "/webhook/respond/waitSeconds"],
  ["a wait without its length", { respond: {} }, "/webhook/respond/waitSeconds"],
  ["an answer of nobody", { respond: "sync" }, "/webhook/respond"],
  ["a setting of nobody", { retries: 3 }, "/webhook/retries"],
  ["secrets, which have a route of their own", { secrets: [] }, "/webhook/secrets"],
  ["a method of nobody", { auth: { type: "digest" } }, "/webhook/auth/type"],
  ["a preset of nobody", { auth: { type: "hmac", preset: "acme" } }, "/webhook/auth/preset"],
  [
    "a preset of another method",
    { auth: { type: "bearer", preset: "github" } },
    "/webhook/auth/preset",
  ],
  ["a preset without a method", { auth: { preset: "github" } }, "/webhook/auth/preset"],
  ["a preset with no method", { auth: { type: "none", preset: "hmac" } }, "/webhook/auth/preset"],
];

describe("a patch of the webhook is refused, and changes nothing, with", () => {
  test.each(REFUSED)("%s", async (_name, webhook, path) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const before = (await app.api(`GET /agents/${id}`)).data;
    const refused = await app.api(`PATCH /agents/${id}`, { webhook, name: "new" });
    expectAnswer(refused, { status: 422, code: "VALIDATION_ERROR" });
    expect(refused.error.details.map((detail: { path: string }) => detail.path)).toEqual([path]);
    expect((await app.api(`GET /agents/${id}`)).data).toEqual(before);
  });

  test.each([[0], [1.5], ["5"]])(
    "the limit %p, of which it says what would fit",
    async (perMinute) => {
      const app = await createTestApp();
      const { id } = await app.agent();
      const { error } = await app.api(`PATCH /agents/${id}`, {
        webhook: { limits: { perMinute } },
      });
      expect(error.details[0].message).toMatch(/integer/i);
    },
  );
});

describe("warnings", () => {
  const codes = (data: { warnings?: { code: string }[] }) =>
    (data.warnings ?? []).map((warning) => warning.code);

  test("tell that the webhook is open, on every answer, until it has a method", async () => {
    const app = await createTestApp();
    const { id } = (await app.api("POST /agents", { name: "a" })).data;
    const enabled = await app.api(`PATCH /agents/${id}`, { webhookEnabled: true });
    expect(codes(enabled.data)).toEqual(["WEBHOOK_OPEN"]);
    expect(codes((await app.api(`GET /agents/${id}`)).data)).toEqual(["WEBHOOK_OPEN"]);
    const closed = await app.api(`PATCH /agents/${id}`, { webhook: { auth: { type: "bearer" } } });
    expect(codes(closed.data)).toEqual([]);
  });

  test.each([
    ["tell of an answer that comes after the sender's deadline", GITHUB, 11, true],
    ["say nothing of one that comes in time", GITHUB, 10, false],
    ["say nothing where no deadline is known", { type: "bearer" }, 60, false],
  ] as const)("%s", async (_name, auth, waitSeconds, tells) => {
    const app = await createTestApp();
    const { id } = await app.agent();
    const webhook = { auth, respond: { waitSeconds } };
    const { data } = await app.api(`PATCH /agents/${id}`, { webhook });
    expect(codes(data)).toEqual(tells ? ["WAIT_BEYOND_DEADLINE"] : []);
    if (tells) expect(data.warnings[0].message).toContain("github wait 10 seconds");
  });

  test("say nothing of a webhook that is off", async () => {
    const app = await createTestApp();
    const { data } = await app.api("POST /agents", { name: "a" });
    expect(codes(data)).toEqual([]);
  });
});

describe("with HOOKLINE_REQUIRE_WEBHOOK_AUTH", () => {
  const config = { requireWebhookAuth: true };

  test("enabling without a method makes a bearer secret and shows it once", async () => {
    const app = await createTestApp({ config });
    const { id } = (await app.api("POST /agents", { name: "a" })).data;
    const { data } = await app.api(`PATCH /agents/${id}`, { webhookEnabled: true });
    expect(data.webhook.auth).toEqual({ type: "bearer", preset: "bearer" });
    expect(data.warnings).toBeUndefined();
    expect((await app.deliver(id, "1")).status).toBe(401);
    const headers = { Authorization: `Bearer ${data.webhookSecret}` };
    expect((await app.deliver(id, "1", { headers })).status).toBe(200);
    expect((await app.api(`GET /agents/${id}`)).data.webhookSecret).toBeUndefined();
  });

  test("a method that was chosen is kept", async () => {
    const app = await createTestApp({ config });
    const agent = await app.agent({ webhook: { auth: { type: "hmac" } } });
    expect(agent.webhook.auth).toEqual({ type: "hmac", preset: "hmac" });
  });

  test.each([[{ type: "none" }], [null]])(
    "a webhook that is on cannot be opened by auth %o",
    async (auth) => {
      const app = await createTestApp({ config });
      const { id } = await app.agent();
      await app.api(`PATCH /agents/${id}`, { webhook: { auth } });
      expect((await app.deliver(id, "1")).status).toBe(401);
    },
  );
});
