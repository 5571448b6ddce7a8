// The token of a `Location`: for one execution, for 24 hours, under one server key.

import { describe, expect, test } from "bun:test";
import { createReadTokens } from "../../src/auth/read-token";
import { hmac } from "../../src/lib/crypto";
import { executionIdOf } from "../support/rows";

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 0, 1);
const ID = executionIdOf(1);
const tokens = createReadTokens("server-key");

describe("a read token", () => {
  test("is the expiry in base 36 and an HMAC over id and expiry", () => {
    const expiry = ((NOW + DAY) / 1000).toString(36);
    const parts = [`${ID}.${expiry}`];
    const signature = hmac({ algorithm: "sha256", key: "server-key", parts });
    expect(tokens.make(ID, NOW)).toBe(`${expiry}.${signature.toString("base64url")}`);
    expect(tokens.make(ID, NOW)).toMatch(/^[A-Za-z0-9._-]{40,80}$/);
  });

  test("reads its execution for 24 hours, and not from then on", () => {
    const token = tokens.make(ID, NOW);
    expect(tokens.check({ id: ID, token, now: NOW })).toBe(true);
    expect(tokens.check({ id: ID, token, now: NOW + DAY - 1 })).toBe(true);
    expect(tokens.check({ id: ID, token, now: NOW + DAY })).toBe(false);
  });

  test("reads no other execution", () => {
    const token = tokens.make(ID, NOW);
    expect(tokens.check({ id: executionIdOf(2), token, now: NOW })).toBe(false);
  });

  test("is worth nothing under another server key", () => {
    const token = tokens.make(ID, NOW);
    expect(createReadTokens("other-key").check({ id: ID, token, now: NOW })).toBe(false);
  });

  test("is refused with any other expiry, later or earlier", () => {
    const [expiry = "", signature = ""] = tokens.make(ID, NOW).split(".");
    const moved = (by: number): string =>
      `${(Number.parseInt(expiry, 36) + by).toString(36)}.${signature}`;
    for (const by of [-3_600, -1, 1, 1e9]) {
      expect(tokens.check({ id: ID, token: moved(by), now: NOW })).toBe(false);
    }
    expect(tokens.check({ id: ID, token: moved(0), now: NOW })).toBe(true);
  });

  test.each([
    ["nothing", () => ""],
    ["a dot", () => "."],
    ["the expiry alone", (token: string) => token.split(".")[0] ?? ""],
    ["the expiry and a dot", (token: string) => `${token.split(".")[0] ?? ""}.`],
    ["the signature alone", (token: string) => `.${token.split(".")[1] ?? ""}`],
    ["half of the signature", (token: string) => token.slice(0, -20)],
    ["the signature in hex", () => `zzzzzz.${"a".repeat(64)}`],
    ["an expiry that is no number", (token: string) => token.replace(/^[^.]+/, "!!")],
    ["a very long text", () => "a".repeat(100_000)],
  ])("that is %s is refused", (_name, change) => {
    const token = change(tokens.make(ID, NOW));
    expect(tokens.check({ id: ID, token, now: NOW })).toBe(false);
  });
});

describe("a read token", () => {
  test("has one spelling: nothing can be added, and no letter written otherwise", () => {
    const token = tokens.make(ID, NOW);
    const last = token.at(-1) ?? "";
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const others = Array.from(letters).filter((letter) => letter !== last);
    const spellings = [
      ...others.map((letter) => token.slice(0, -1) + letter),
      ...["=", " ", ".", ".x", "A"].map((more) => token + more),
      ` ${token}`,
      `0${token}`,
      token.toUpperCase(),
    ];
    for (const spelling of spellings) {
      expect(tokens.check({ id: ID, token: spelling, now: NOW })).toBe(false);
    }
    expect(tokens.check({ id: ID, token, now: NOW })).toBe(true);
  });

  test("without an expiry is refused also where it is signed", () => {
    const parts = [`${ID}.`];
    const signature = hmac({ algorithm: "sha256", key: "server-key", parts }).toString("base64url");
    expect(tokens.check({ id: ID, token: `.${signature}`, now: NOW })).toBe(false);
  });
});
