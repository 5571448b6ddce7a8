// Settings as the binary meets them: all faults at once, secrets from files, flags, and a first
// start that prints its token once.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guardProcesses } from "../support/process-cleanup";
import { makeFolder } from "../support/process-files";
import { openStopped } from "../support/process-database";
import { ask, askData, deliver } from "../support/server-calls";
import { ADMIN_TOKEN, BINARY, startInVain, startServer } from "../support/server";

guardProcesses();

const KEY = Buffer.alloc(32, 5).toString("base64");

/** No line of code and no stack: words for the owner. */
function expectWords(text: string): void {
  expect(text).not.toMatch(/^\s*at |\.ts\b|\n *\^|\$bunfs/m);
}

describe("a bad configuration", () => {
  test("is told with all its faults at once, and exits 1 before anything is made", async () => {
    using folder = makeFolder();
    const dataDir = folder.file("data");
    const env = {
      PORT: "99999",
      HOOKLINE_SLOTS: "0",
      HOOKLINE_SLOT: "3",
      HOOKLINE_MAX_BODY: "1",
      HOOKLINE_ADMIN_TOKEN: "hk_live_short",
      HOOKLINE_ALLOW_PRIVATE: "nonsense",
      HOOKLINE_PUBLIC_URL: "ftp://x",
      HOOKLINE_LOG_LEVEL: "loud",
      HOOKLINE_READ_LINKS: "yes",
      HOOKLINE_EXECUTION_TIMEOUT: "",
    };
    const { code, stdout, stderr } = await startInVain({ dataDir, env });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /^HOOKLINE_SLOT is not a setting.* did you mean "?HOOKLINE_SLOTS"?\?$/im,
    );
    const lines = stderr.trim().split("\n");
    expect(lines).toHaveLength(Object.keys(env).length);
    for (const name of Object.keys(env)) {
      expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
    }
    expect(stderr).not.toContain("hk_live_short");
    expectWords(stderr);
    expect(existsSync(dataDir)).toBe(false);
  });

  test("with variables of a Kubernetes Service is no bad one", async () => {
    const env = { HOOKLINE_PORT: "tcp://10.0.0.1:3000", HOOKLINE_SERVICE_HOST: "10.0.0.1" };
    await using server = await startServer({ env });
    expect((await ask(server, "GET /healthz")).status).toBe(200);
  });

  test.each([
    [["--prot", "3000"], "--prot"],
    [["--port"], "--port"],
    [["stray"], "stray"],
  ])("of flags (%p) exits 2 and names what it does not know", async (args, named) => {
    using folder = makeFolder();
    const { code, stdout, stderr } = await startInVain({ dataDir: folder.path, args });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(named);
    expectWords(stderr);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("an unknown command exits 2 and lists those there are", async () => {
  const child = Bun.spawn([BINARY, "sreve"], { stdio: ["ignore", "pipe", "pipe"], env: {} });
  expect(await child.exited).toBe(2);
  expect(await child.stderr.text()).toMatch(/sreve[\s\S]*serve +start the server/);
});

test("flags go before the environment", async () => {
  using folder = makeFolder();
  const dataDir = folder.file("by-flag");
  await using server = await startServer({
    args: [
      "--data",
      dataDir,
      "--port",
      "0",
      "--host",
      "127.0.0.1",
      "--public-url",
      "https://h.example",
    ],
    env: { PORT: "1", HOOKLINE_DATA_DIR: folder.file("by-variable"), HOOKLINE_HOST: "192.0.2.1" },
  });
  expect(server.url).toBe("https://h.example");
  expect(readdirSync(folder.path)).toEqual(["by-flag"]);
});

describe("a secret", () => {
  test("may come from the file that its _FILE names", async () => {
    using folder = makeFolder();
    const token = "hk_live_from-a-file-0000000000000000000000";
    writeFileSync(folder.file("token"), `${token}\n`);
    writeFileSync(folder.file("key"), `${KEY}\n`);
    await using server = await startServer({
      env: {
        HOOKLINE_ADMIN_TOKEN: undefined,
        HOOKLINE_ADMIN_TOKEN_FILE: folder.file("token"),
        HOOKLINE_ENCRYPTION_KEY_FILE: folder.file("key"),
      },
    });
    expect((await ask(server, { call: "GET /agents", token })).status).toBe(200);
    expect((await ask(server, { call: "GET /agents", token: ADMIN_TOKEN })).status).toBe(401);
    expect(existsSync(join(server.dataDir, "secret.key"))).toBe(false);
    expect(server.stdout + server.stderr).not.toContain(token);
  });

  test("given twice, or in a file that is not there, is a fault", async () => {
    using folder = makeFolder();
    const env = {
      HOOKLINE_ADMIN_TOKEN_FILE: folder.file("token"),
      HOOKLINE_ENCRYPTION_KEY_FILE: folder.file("missing"),
    };
    const { code, stderr } = await startInVain({ dataDir: folder.file("data"), env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^HOOKLINE_ADMIN_TOKEN .*both/m);
    expect(stderr).toMatch(/^HOOKLINE_ENCRYPTION_KEY .*cannot be read/m);
    expectWords(stderr);
  });
});

describe("the admin token", () => {
  const ownToken = { HOOKLINE_ADMIN_TOKEN: undefined };

  test("is made and printed on the first start only, and works on the second", async () => {
    await using server = await startServer({ env: ownToken });
    const [token = "", ...more] = server.stderr.match(/hk_live_[\w-]+/g) ?? [];
    expect(token).toMatch(/^hk_live_[\w-]{43}$/);
    expect(more).toEqual([]);
    expect(server.stdout).not.toContain(token);
    expect((await ask(server, { call: "GET /agents", token })).status).toBe(200);

    expect(await server.stop()).toBe(0);
    await server.start();
    expect(server.stderr).toBe("");
    expect(server.stdout).not.toContain("hk_live_");
    expect((await ask(server, { call: "GET /agents", token })).status).toBe(200);
  });

  test("is not printed where it was given, and a new one takes the place of the old", async () => {
    await using server = await startServer();
    expect(server.stdout + server.stderr).not.toContain("hk_live_");
    await server.kill();
    const token = "hk_live_another-0000000000000000000000000000";
    await server.start({ env: { HOOKLINE_ADMIN_TOKEN: token } });
    expect(server.stdout + server.stderr).not.toContain("hk_live_");
    expect((await ask(server, { call: "GET /agents", token })).status).toBe(200);
    expect((await ask(server, { call: "GET /agents", token: ADMIN_TOKEN })).status).toBe(401);
  });
});

test("a new data directory is private, its file vacuums by steps and writes ahead", async () => {
  await using server = await startServer();
  const modeOf = (name: string): string =>
    (statSync(join(server.dataDir, name)).mode & 0o777).toString(8);
  expect(modeOf("secret.key")).toBe("600");
  const others = readdirSync(server.dataDir).filter((name) => modeOf(name) !== "600");
  expect(others).toEqual([]);
  expect(await server.stop()).toBe(0);
  using database = openStopped(server.dataDir);
  expect(database.pragma("auto_vacuum")).toBe(2);
  expect(database.pragma("journal_mode")).toBe("wal");
});

test("the database of a start on a missing directory is made in it, for its owner alone", async () => {
  using folder = makeFolder();
  await using server = await startServer({ dataDir: folder.file("a/b/c") });
  expect(statSync(server.dataDir).mode & 0o777).toBe(0o700);
  await askData(server, { call: "POST /agents", body: { name: "kept" } });
});

describe("another encryption key", () => {
  test("than the one that sealed the data starts, and refuses what needs a secret until it is back", async () => {
    await using server = await startServer({ env: { HOOKLINE_ENCRYPTION_KEY: KEY } });
    const webhook = { auth: { type: "bearer" } };
    const body = { name: "kept", webhookEnabled: true, webhook };
    const { id, webhookSecret } = await askData(server, { call: "POST /agents", body });
    const headers = { Authorization: `Bearer ${webhookSecret}` };
    const send = async () => {
      const { status, error } = await deliver(server, { agentId: id, body: 1, headers });
      return [status, error?.code];
    };
    expect(await send()).toEqual([200, undefined]);
    expect(await server.stop()).toBe(0);

    const other = Buffer.alloc(32, 6).toString("base64");
    await server.start({ env: { HOOKLINE_ENCRYPTION_KEY: other } });
    expect(await server.logged("secret.unreadable")).toMatchObject({ level: "error", secrets: 2 });
    expect(await send()).toEqual([503, "SECRET_UNREADABLE"]);
    expect(server.stdout + server.stderr).not.toContain(other);
    expect(await server.stop()).toBe(0);

    await server.start({ env: { HOOKLINE_ENCRYPTION_KEY: KEY } });
    expect(await send()).toEqual([200, undefined]);
  });

  test("of a malformed file is refused in words", async () => {
    using folder = makeFolder();
    writeFileSync(folder.file("secret.key"), "not a key\n");
    const { code, stderr } = await startInVain({ dataDir: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain("secret.key");
    expect(stderr).not.toContain("not a key");
    expectWords(stderr);
  });
});

test("a database that is none is told in words, and left as it is", async () => {
  using folder = makeFolder();
  const text = "this is no database\n".repeat(500);
  writeFileSync(folder.file("hookline.db"), text);
  const { code, stderr } = await startInVain({ dataDir: folder.path });
  expect(code).toBe(1);
  expect(stderr).toContain("The database cannot be used");
  expectWords(stderr);
  expect(readFileSync(folder.file("hookline.db"), "utf8")).toBe(text);
});

test("a data directory that cannot be made is told in words", async () => {
  using folder = makeFolder();
  writeFileSync(folder.file("file"), "");
  const { code, stderr } = await startInVain({ dataDir: folder.file("file/data") });
  expect(code).toBe(1);
  expect(stderr).toContain(folder.file("file/data"));
  expectWords(stderr);
});

test("durability normal is warned of at every start, and full is not", async () => {
  await using server = await startServer({ env: { HOOKLINE_DURABILITY: "normal" } });
  const warnings = () => server.logs.filter(({ level }) => level === "warn");
  expect(warnings()).toMatchObject([{ event: "database.not_durable" }]);
  await server.restart();
  expect(warnings()).toHaveLength(1);
  await server.kill();
  await server.start({ env: { HOOKLINE_DURABILITY: undefined } });
  expect(warnings()).toEqual([]);
});
