// API tokens at rest: only their digest is stored, and an expired one is none.

import { describe, expect, test } from "bun:test";
import {
  ensureNamedToken,
  findGrant,
  hasTokens,
  insertToken,
  makeToken,
} from "../../src/auth/tokens.store";
import type { TestApp } from "../support/app";
import { createTestApp } from "../support/app";
import { addToken } from "../support/tokens";

describe("a token", () => {
  test("has its prefix and 256 random bits", () => {
    const made = new Set(Array.from({ length: 100 }, makeToken));
    expect(made.size).toBe(100);
    for (const text of made) expect(text).toMatch(/^hk_live_[A-Za-z0-9_-]{43}$/);
  });

  test("is nowhere in the database", async () => {
    const app = await createTestApp();
    const text = makeToken();
    await app.writer.write(() => insertToken(app.deps, { text, name: "n", scope: "read" }));
    expect(findGrant(app.deps, text)).toMatchObject({ scope: "read" });
    expect(Buffer.from(app.db.raw.serialize()).includes(text)).toBe(false);
  });

  test("is found by its whole text alone", async () => {
    const app = await createTestApp();
    const text = await addToken(app, { scope: "operate" });
    for (const other of [text.slice(1), text.slice(0, -1), `${text} `, text.toUpperCase(), ""]) {
      expect(findGrant(app.deps, other)).toBeNull();
    }
  });

  test("ends at the millisecond of its expiry", async () => {
    const app = await createTestApp();
    const text = await addToken(app, { scope: "read", expiresAt: app.clock.now() + 10 });
    app.clock.advance(9);
    expect(findGrant(app.deps, text)).not.toBeNull();
    app.clock.advance(1);
    expect(findGrant(app.deps, text)).toBeNull();
  });
});

describe("the token of a name", () => {
  const NAMED = { name: "same", scope: "admin" } as const;
  const scopesOf = (app: TestApp, texts: string[]) =>
    texts.map((text) => findGrant(app.deps, text)?.scope ?? null);

  test("takes the place of those of its name, and of no others", async () => {
    const app = await createTestApp();
    const [old, other, fresh] = [makeToken(), makeToken(), makeToken()];
    await app.writer.write(() => {
      insertToken(app.deps, { text: old, name: "same", scope: "read" });
      insertToken(app.deps, { text: other, name: "other", scope: "read" });
      ensureNamedToken(app.deps, { ...NAMED, text: fresh });
    });
    expect(scopesOf(app, [old, other, fresh])).toEqual([null, "read", "admin"]);
  });

  test("stays as it is where it is stored already", async () => {
    const app = await createTestApp();
    const text = makeToken();
    const ensure = () => app.writer.write(() => ensureNamedToken(app.deps, { ...NAMED, text }));
    await ensure();
    const id = findGrant(app.deps, text)?.id;
    await ensure();
    expect(findGrant(app.deps, text)?.id).toBe(id);
  });

  test("is made of one that was stored as less, or has expired, or has another name", async () => {
    const app = await createTestApp();
    const { id: agentId } = await app.agent();
    const stored = [
      { scope: "read" },
      { scope: "admin", agentId },
      { scope: "admin", expiresAt: app.clock.now() },
      { scope: "admin" },
    ] as const;
    for (const options of stored) {
      const [old, text] = [makeToken(), await addToken(app, options)];
      await app.writer.write(() => {
        ensureNamedToken(app.deps, { ...NAMED, text: old });
        ensureNamedToken(app.deps, { ...NAMED, text });
      });
      expect(scopesOf(app, [old, text])).toEqual([null, "admin"]);
      expect(findGrant(app.deps, text)?.agentId).toBeNull();
    }
  });
});

test("the first start is told from later ones by any token at all", async () => {
  const app = await createTestApp();
  expect(hasTokens(app.deps)).toBe(true);
  app.db.raw.run("delete from tokens");
  expect(hasTokens(app.deps)).toBe(false);
});
