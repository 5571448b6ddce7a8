// The key for secrets at rest: made once for its owner alone, taken from the settings, or refused.

import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { sha256 } from "../../src/lib/crypto";
import { loadMasterKey } from "../../src/secrets/master-key";
import { makeTempFolder } from "../support/temp-folder";

const CONFIGURED = Buffer.alloc(32, 9).toString("base64");

describe("a directory without a key", () => {
  test("gets one of 32 random bytes, in a file that only its owner can read", () => {
    using folder = makeTempFolder();
    const key = loadMasterKey({ configured: null, dataDir: folder.path });
    expect(key.created).toBe(true);
    expect(key.bytes).toHaveLength(32);
    expect(key.id).toBe(sha256(key.bytes).toString("hex").slice(0, 8));
    expect(statSync(folder.file("secret.key")).mode & 0o777).toBe(0o600);
    const text = readFileSync(folder.file("secret.key"), "utf8");
    expect(text).toBe(`${key.bytes.toString("base64")}\n`);
  });

  test("gets one of its own", () => {
    using one = makeTempFolder();
    using two = makeTempFolder();
    const keys = [one, two].map(({ path }) => loadMasterKey({ configured: null, dataDir: path }));
    expect(keys[0]?.bytes).not.toEqual(keys[1]?.bytes);
  });

  test("that is not there gets none", () => {
    using folder = makeTempFolder();
    const dataDir = folder.file("missing");
    expect(() => loadMasterKey({ configured: null, dataDir })).toThrow("ENOENT");
  });
});

describe("a directory with a key", () => {
  test("keeps it at every start", () => {
    using folder = makeTempFolder();
    const first = loadMasterKey({ configured: null, dataDir: folder.path });
    const second = loadMasterKey({ configured: null, dataDir: folder.path });
    expect(second).toEqual({ ...first, created: false });
  });

  test("closes a file that others could read", () => {
    using folder = makeTempFolder();
    loadMasterKey({ configured: null, dataDir: folder.path });
    chmodSync(folder.file("secret.key"), 0o644);
    loadMasterKey({ configured: null, dataDir: folder.path });
    expect(statSync(folder.file("secret.key")).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["nothing", ""],
    ["too few bytes", Buffer.alloc(31, 1).toString("base64")],
    ["too many bytes", Buffer.alloc(33, 1).toString("base64")],
    ["no base64", "correct horse battery staple"],
  ])("that holds %s is refused by its path, and left as it is", (_name, text) => {
    using folder = makeTempFolder();
    const path = folder.file("secret.key");
    writeFileSync(path, text);
    expect(() => loadMasterKey({ configured: null, dataDir: folder.path })).toThrow(
      `${path} does not hold 32 bytes as base64.`,
    );
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

describe("a configured key", () => {
  test("is taken before the file, and none is made", () => {
    using folder = makeTempFolder();
    const key = loadMasterKey({ configured: CONFIGURED, dataDir: folder.path });
    expect(key).toMatchObject({ bytes: Buffer.alloc(32, 9), created: false });
    expect(() => statSync(folder.file("secret.key"))).toThrow("ENOENT");
  });

  test("is known by the same id as the file that holds it", () => {
    using folder = makeTempFolder();
    writeFileSync(folder.file("secret.key"), `${CONFIGURED}\n`);
    const fromFile = loadMasterKey({ configured: null, dataDir: folder.path });
    const configured = loadMasterKey({ configured: CONFIGURED, dataDir: folder.path });
    expect(configured).toEqual(fromFile);
  });

  test("of another length is refused by the name of its setting, without the key", () => {
    const short = Buffer.alloc(16, 9).toString("base64");
    const refused = () => loadMasterKey({ configured: short, dataDir: "/nowhere" });
    expect(refused).toThrow("HOOKLINE_ENCRYPTION_KEY does not hold 32 bytes as base64.");
    expect(refused).not.toThrow(short);
  });
});
