// Rows of secrets: sealed to their place, two live at most, counted, and never shown.

import { describe, expect, test } from "bun:test";
import { createManualClock } from "../../src/lib/clock";
import { sha256 } from "../../src/lib/crypto";
import { createCountingIds } from "../../src/lib/ids";
import type { SecretsDeps } from "../../src/secrets/secrets.store";
import {
  countUnreadable,
  deleteSecrets,
  ensureServerKey,
  insertSecret,
  listLiveSecrets,
  makeWebhookSecret,
  openSecret,
  recordSecretUse,
  retireSecrets,
  toSecretFacts,
} from "../../src/secrets/secrets.store";
import { createTestDb } from "../support/app";

type Deps = SecretsDeps & { clock: ReturnType<typeof createManualClock> };

const OWNER = { purpose: "webhook", ownerId: "agt_1" } as const;
const OTHER = { purpose: "webhook", ownerId: "agt_2" } as const;
const DAY = 86_400_000;

function keyOf(byte: number) {
  const bytes = Buffer.alloc(32, byte);
  return { bytes, id: sha256(bytes).toString("hex").slice(0, 8), created: false };
}

const createDeps = (): Deps => ({
  db: createTestDb(),
  clock: createManualClock(),
  ids: createCountingIds(),
  masterKey: keyOf(1),
});

/** The texts of the owner's live secrets, oldest first. */
const liveTexts = (deps: Deps, owner: typeof OWNER | typeof OTHER = OWNER): (string | null)[] =>
  listLiveSecrets(deps, owner).map((row) => openSecret(deps, row));

describe("a stored secret", () => {
  test("opens with the key that sealed it", () => {
    const deps = createDeps();
    const row = insertSecret(deps, { ...OWNER, text: "whsec_the-text" });
    expect(openSecret(deps, row)).toBe("whsec_the-text");
    expect(liveTexts(deps)).toEqual(["whsec_the-text"]);
  });

  test("stays closed to another key, also where the row claims to be sealed with it", () => {
    const deps = createDeps();
    const row = insertSecret(deps, { ...OWNER, text: "whsec_the-text" });
    const others = { ...deps, masterKey: keyOf(2) };
    expect(openSecret(others, row)).toBeNull();
    expect(openSecret(others, { ...row, keyId: others.masterKey.id })).toBeNull();
  });

  test("stays closed in the row of another secret", () => {
    const deps = createDeps();
    const mine = insertSecret(deps, { ...OWNER, text: "mine" });
    const theirs = insertSecret(deps, { ...OTHER, text: "theirs" });
    expect(openSecret(deps, { ...theirs, sealed: mine.sealed })).toBeNull();
    expect(openSecret(deps, { ...mine, sealed: theirs.sealed })).toBeNull();
  });

  test("stays closed where its row is given another id or purpose", () => {
    const deps = createDeps();
    const row = insertSecret(deps, { ...OWNER, text: "mine" });
    expect(openSecret(deps, { ...row, id: "whs_other" })).toBeNull();
    expect(openSecret(deps, { ...row, purpose: "provider" })).toBeNull();
    expect(openSecret(deps, row)).toBe("mine");
  });

  test("is nowhere in the database as text", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OWNER, text: "a-planted-canary-text" });
    expect(Buffer.from(deps.db.raw.serialize()).includes("a-planted-canary")).toBe(false);
    expect(Buffer.from(deps.db.raw.serialize()).includes("agt_1")).toBe(true);
  });

  test("shows its facts without the text: the end of a long one, nothing of a short one", () => {
    const deps = createDeps();
    const long = insertSecret(deps, { ...OWNER, text: "0123456789abWXYZ" });
    const short = insertSecret(deps, { ...OWNER, text: "0123456789abXYZ" });
    expect(toSecretFacts(long)).toEqual({
      id: "whs_00000000-0000-7000-8000-000000000001",
      fingerprint: "…WXYZ",
      createdAt: "2026-01-01T00:00:00.000Z",
      expiresAt: null,
      lastUsedAt: null,
      uses: 0,
    });
    expect(toSecretFacts(short).fingerprint).toBe("…");
  });
});

describe("a stored secret", () => {
  test("counts its uses and tells the last", () => {
    const deps = createDeps();
    const { id } = insertSecret(deps, { ...OWNER, text: "a" });
    const second = insertSecret(deps, { ...OWNER, text: "b" });
    recordSecretUse(deps, { id, uses: 3, lastUsedAt: 1_000 });
    recordSecretUse(deps, { id, uses: 2, lastUsedAt: 5_000 });
    const facts = listLiveSecrets(deps, OWNER).map(toSecretFacts);
    expect(facts[0]).toMatchObject({ uses: 5, lastUsedAt: "1970-01-01T00:00:05.000Z" });
    expect(facts[1]).toMatchObject({ id: second.id, uses: 0, lastUsedAt: null });
  });
});

describe("rotation", () => {
  const rotate = (deps: Deps, data: { text: string; graceMs: number }): void => {
    deps.clock.advance(1);
    retireSecrets(deps, { ...OWNER, at: deps.clock.now() + data.graceMs });
    insertSecret(deps, { ...OWNER, text: data.text });
  };

  test("keeps the secret before it until its grace is over, to the millisecond", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OWNER, text: "first" });
    rotate(deps, { text: "second", graceMs: DAY });
    expect(liveTexts(deps)).toEqual(["first", "second"]);
    deps.clock.advance(DAY - 1);
    expect(liveTexts(deps)).toEqual(["first", "second"]);
    deps.clock.advance(1);
    expect(liveTexts(deps)).toEqual(["second"]);
  });

  test("without a grace ends the secret before it at once", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OWNER, text: "first" });
    rotate(deps, { text: "second", graceMs: 0 });
    expect(liveTexts(deps)).toEqual(["second"]);
  });

  test("leaves two live at most, however often it comes within a grace", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OWNER, text: "0" });
    for (const text of ["1", "2", "3", "4"]) {
      rotate(deps, { text, graceMs: DAY });
      expect(liveTexts(deps)).toEqual([String(Number(text) - 1), text]);
    }
  });

  test("touches no secret of another owner or purpose", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OTHER, text: "theirs" });
    const key = { purpose: "provider", ownerId: OWNER.ownerId, text: "key" } as const;
    insertSecret(deps, key);
    insertSecret(deps, { ...OWNER, text: "mine" });
    rotate(deps, { text: "new", graceMs: 0 });
    expect(liveTexts(deps, OTHER)).toEqual(["theirs"]);
    expect(listLiveSecrets(deps, key)).toMatchObject([{ expiresAt: null }]);
  });

  test("gives an expired secret no second life", () => {
    const deps = createDeps();
    insertSecret(deps, { ...OWNER, text: "first" });
    rotate(deps, { text: "second", graceMs: 1_000 });
    deps.clock.advance(2_000);
    rotate(deps, { text: "third", graceMs: DAY });
    expect(liveTexts(deps)).toEqual(["second", "third"]);
  });
});

test("deleting an owner's secrets leaves those of others", () => {
  const deps = createDeps();
  insertSecret(deps, { ...OWNER, text: "mine" });
  insertSecret(deps, { ...OTHER, text: "theirs" });
  deleteSecrets(deps, OWNER);
  expect([liveTexts(deps), liveTexts(deps, OTHER)]).toEqual([[], ["theirs"]]);
});

describe("the server's own key", () => {
  const countRows = (deps: Deps): unknown =>
    deps.db.raw.query("select count(*) from secrets").values()[0]?.[0];

  test("is made once, of 256 bits, and stays the same at every start", () => {
    const deps = createDeps();
    const first = ensureServerKey(deps);
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(ensureServerKey(deps)).toBe(first);
    expect(ensureServerKey({ ...deps, ids: createCountingIds() })).toBe(first);
    expect(countRows(deps)).toBe(1);
  });

  test("differs from that of another database", () => {
    expect(ensureServerKey(createDeps())).not.toBe(ensureServerKey(createDeps()));
  });

  test("is made anew where another key sealed it, and each is found again under its own", () => {
    const deps = createDeps();
    const others = { ...deps, masterKey: keyOf(2) };
    const first = ensureServerKey(deps);
    const second = ensureServerKey(others);
    expect(second).not.toBe(first);
    expect([ensureServerKey(deps), ensureServerKey(others)]).toEqual([first, second]);
    expect(countRows(deps)).toBe(2);
  });
});

test("secrets that another key sealed are counted", () => {
  const deps = createDeps();
  expect(countUnreadable(deps)).toBe(0);
  insertSecret(deps, { ...OWNER, text: "mine" });
  insertSecret({ ...deps, masterKey: keyOf(2) }, { ...OWNER, text: "a" });
  insertSecret({ ...deps, masterKey: keyOf(3) }, { ...OTHER, text: "b" });
  expect(countUnreadable(deps)).toBe(2);
  expect(countUnreadable({ ...deps, masterKey: keyOf(4) })).toBe(3);
});

test("webhook secrets are made in the form that secret scanners know", () => {
  for (const type of ["none", "bearer", "hmac"] as const) {
    expect(makeWebhookSecret(type)).toMatch(/^whsec_[A-Za-z0-9_-]{43}$/);
  }
});

test("secrets for basic are made as user and password", () => {
  expect(makeWebhookSecret("basic")).toMatch(/^hookline:[A-Za-z0-9_-]{43}$/);
});
