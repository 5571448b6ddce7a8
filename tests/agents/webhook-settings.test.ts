// Settings of a webhook as pure functions: merging, what is not built, conflicts, what applies.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { WebhookPatch } from "../../src/agents/agents.schema";
import type { StoredWebhook } from "../../src/agents/webhook-settings";
import {
  applyWebhookPatch,
  findConflicts,
  findUnavailable,
  readStoredWebhook,
  resolveWebhook,
} from "../../src/agents/webhook-settings";
import { createConfig } from "../../src/config";
import { AUTH_TYPES, BUILT_PRESETS } from "../../src/vocabulary";
import { PRESET_ROWS } from "../../src/webhooks/presets/table";

const MIB = 1024 * 1024;
const deps = (config = {}) => ({
  config: createConfig(config),
  proposalOf: (preset: keyof typeof PRESET_ROWS) => PRESET_ROWS[preset],
});

const GITHUB: StoredWebhook = { auth: { type: "hmac", preset: "github" } };

describe("applyWebhookPatch", () => {
  const ROWS: [name: string, stored: StoredWebhook, patch: WebhookPatch, after: StoredWebhook][] = [
    ["takes what is new", {}, { auth: { type: "bearer" } }, { auth: { type: "bearer" } }],
    [
      "leaves what is not named",
      GITHUB,
      { limits: { perMinute: 5 } },
      { ...GITHUB, limits: { perMinute: 5 } },
    ],
    [
      "takes a key away by null",
      { limits: { perMinute: 5, maxConcurrent: 6 } },
      { limits: { perMinute: null } },
      { limits: { maxConcurrent: 6 } },
    ],
    ["takes an object away by null", GITHUB, { auth: null }, {}],
    [
      "drops the preset of another type",
      GITHUB,
      { auth: { type: "bearer" } },
      { auth: { type: "bearer" } },
    ],
    [
      "drops the preset although the type is the same",
      GITHUB,
      { auth: { type: "hmac" } },
      { auth: { type: "hmac" } },
    ],
    [
      "keeps a preset that comes with its type",
      {},
      { auth: { type: "hmac", preset: "github" } },
      GITHUB,
    ],
    [
      "keeps the type of a new preset",
      { auth: { type: "hmac" } },
      { auth: { preset: "github" } },
      GITHUB,
    ],
    ["keeps nothing of a type that is taken away", GITHUB, { auth: { type: null } }, { auth: {} }],
    ["is nothing for an empty patch", GITHUB, {}, GITHUB],
    [
      "replaces a word by an object, and an object by a word",
      { respond: "async" },
      { respond: { waitSeconds: 5 } },
      { respond: { waitSeconds: 5 } },
    ],
    ["takes the wait away", { respond: { waitSeconds: 5 } }, { respond: null }, {}],
  ];
  test.each(ROWS)("%s", (_name, stored, patch, after) => {
    const before = structuredClone(stored);
    expect(applyWebhookPatch(stored, patch)).toEqual(after);
    expect(stored).toEqual(before);
  });
});

describe("applyWebhookPatch, whatever it is given,", () => {
  const limits = fc.record(
    {
      perMinute: fc.option(fc.integer({ min: 1, max: 9 })),
      maxConcurrent: fc.option(fc.integer({ min: 1, max: 9 })),
      maxBodyBytes: fc.option(fc.integer({ min: 1, max: 9 })),
    },
    { requiredKeys: [] },
  );

  test("twice is as once, and reads back from its text", () => {
    fc.assert(
      fc.property(limits, limits, (first, second) => {
        const stored = applyWebhookPatch({}, { limits: first });
        const once = applyWebhookPatch(stored, { limits: second });
        expect(applyWebhookPatch(once, { limits: second })).toEqual(once);
        expect(readStoredWebhook(JSON.stringify(once))).toEqual(once);
      }),
    );
  });

  test("of all nulls leaves the defaults", () => {
    fc.assert(
      fc.property(limits, (first) => {
        const stored = applyWebhookPatch({}, { limits: first });
        const none = { perMinute: null, maxConcurrent: null, maxBodyBytes: null };
        const after = applyWebhookPatch(stored, { limits: none });
        expect(resolveWebhook(deps(), after)).toEqual(resolveWebhook(deps(), {}));
      }),
    );
  });
});

describe("findUnavailable", () => {
  test("finds nothing in what is built, nor in nulls", () => {
    const built: WebhookPatch[] = [
      {},
      { auth: { type: "none" }, limits: { overflow: "reject" }, respond: "async" },
      { limits: { overflow: "queue", maxQueued: 5 }, respond: { waitSeconds: 5 } },
      { auth: null, limits: null, respond: null, filter: null, callback: null },
      ...BUILT_PRESETS.map((preset): WebhookPatch => ({ auth: { type: "hmac", preset } })),
    ];
    for (const patch of built) expect(findUnavailable(patch)).toEqual([]);
  });

  test("says of each value what may stand there instead", () => {
    const found = findUnavailable({ auth: { type: "hmac", preset: "slack" }, filter: {} });
    expect(found.map(({ path, message }) => [path, message])).toEqual([
      ["/webhook/auth/preset", expect.stringContaining("hmac or github or bearer or basic")],
      ["/webhook/filter", expect.stringContaining("leave it out")],
    ]);
  });
});

describe("findConflicts", () => {
  const ROWS: [auth: StoredWebhook["auth"], conflicts: number][] = [
    [{ type: "hmac", preset: "hmac" }, 0],
    [{ type: "hmac", preset: "github" }, 0],
    [{ type: "bearer", preset: "bearer" }, 0],
    [{ type: "bearer" }, 0],
    [{}, 0],
    [{ type: "bearer", preset: "github" }, 1],
    [{ type: "hmac", preset: "bearer" }, 1],
    [{ type: "basic", preset: "basic" }, 0],
    [{ type: "bearer", preset: "basic" }, 1],
    [{ type: "basic", preset: "bearer" }, 1],
    [{ type: "none", preset: "hmac" }, 1],
    [{ preset: "github" }, 1],
  ];
  test.each(ROWS)("of %j are %i", (auth, conflicts) => {
    const stored = auth === undefined ? {} : { auth };
    expect(findConflicts(deps(), stored)).toHaveLength(conflicts);
  });
});

describe("resolveWebhook", () => {
  test("gives every method its own preset", () => {
    const presets = AUTH_TYPES.map(
      (type) => resolveWebhook(deps(), { auth: { type } }).auth.preset,
    );
    expect(presets).toEqual([null, "bearer", "basic", "hmac"]);
  });

  test("takes the larger body of preset and instance, and the owner's before both", () => {
    const sizeOf = (stored: StoredWebhook, maxBody: number) =>
      resolveWebhook(deps({ maxBody }), stored).limits.maxBodyBytes;
    expect(sizeOf(GITHUB, MIB)).toBe(5 * MIB);
    expect(sizeOf(GITHUB, 6 * MIB)).toBe(6 * MIB);
    expect(sizeOf({ ...GITHUB, limits: { maxBodyBytes: 7 } }, 6 * MIB)).toBe(7);
    expect(sizeOf({}, 2 * MIB)).toBe(2 * MIB);
  });

  test("queues where the preset proposes it, unless the owner says otherwise", () => {
    const overflowOf = (stored: StoredWebhook) => resolveWebhook(deps(), stored).limits.overflow;
    expect(overflowOf({})).toBe("reject");
    expect(overflowOf({ auth: { type: "hmac" } })).toBe("reject");
    expect(overflowOf(GITHUB)).toBe("queue");
    expect(overflowOf({ ...GITHUB, limits: { overflow: "reject" } })).toBe("reject");
    expect(overflowOf({ limits: { overflow: "queue" } })).toBe("queue");
  });

  test("has room for 1000 in a queue, and answers at once", () => {
    expect(resolveWebhook(deps(), {})).toMatchObject({
      limits: { maxQueued: 1_000 },
      respond: "async",
    });
    const own: StoredWebhook = { limits: { maxQueued: 7 }, respond: { waitSeconds: 9 } };
    expect(resolveWebhook(deps(), own)).toMatchObject(own);
  });
});
