// Who may use a data directory, and from where: one process at a time, no file of a newer version,
// any install and working folder, and a disk that may fill up.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guardProcesses } from "../support/process-cleanup";
import { makeFolder } from "../support/process-files";
import {
  ask,
  deliver,
  deliverAccepted,
  listExecutions,
  makeAgent,
  NO_LIMITS,
  readEnded,
} from "../support/server-calls";
import { BINARY, startInVain, startServer } from "../support/server";

guardProcesses();

const isRoot = process.getuid?.() === 0;
/** Nobody, on Debian and most others. */
const NOBODY = 65534;

describe("a second process", () => {
  test("on a data directory names the holder and exits 1, and the first goes on unharmed", async () => {
    await using first = await startServer();
    const { dataDir, url, pid } = first;
    const { id: agentId } = await makeAgent(first);
    const { code, stdout, stderr } = await startInVain({ dataDir });
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${pid} at ${url}`);
    expect(stderr).toContain(dataDir);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    const executionId = await deliverAccepted(first, { agentId, body: { n: 1 } });
    expect((await readEnded(first, { agentId, executionId })).status).toBe("completed");
  });

  test("starts at once where the first was killed", async () => {
    await using first = await startServer();
    await makeAgent(first, { name: "kept" });
    await first.kill();
    await using second = await startServer({ dataDir: first.dataDir });
    expect((await ask(second, "GET /agents")).data).toMatchObject([{ name: "kept" }]);
  });

  test("on a port in use says so and exits 1, and leaves its data directory free", async () => {
    await using first = await startServer();
    using folder = makeFolder();
    const dataDir = folder.path;
    const port = new URL(first.url).port;
    const { code, stderr } = await startInVain({ dataDir, env: { PORT: port } });
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).not.toMatch(/^\s*at /m);
    await using second = await startServer({ dataDir });
    expect((await ask(second, "GET /healthz")).status).toBe(200);
    expect((await ask(first, "GET /healthz")).status).toBe(200);
  });
});

describe("a second start", () => {
  test("keeps agents, executions and secrets", async () => {
    await using server = await startServer();
    const webhook = { auth: { type: "bearer" } };
    const { id: agentId, webhookSecret } = await makeAgent(server, { name: "kept", webhook });
    const headers = { Authorization: `Bearer ${webhookSecret}` };
    const request = { agentId, body: { n: 1 }, headers };
    const executionId = await deliverAccepted(server, request);
    const before = await readEnded(server, { agentId, executionId });
    expect(await server.stop()).toBe(0);
    await server.start();
    expect(await readEnded(server, { agentId, executionId })).toEqual(before);
    expect((await ask(server, "GET /agents")).data).toMatchObject([{ name: "kept" }]);
    expect((await deliver(server, request)).status).toBe(200);
    expect((await deliver(server, { agentId, body: { n: 1 } })).status).toBe(401);
  });

  test("leaves executions that have ended as they are", async () => {
    await using server = await startServer();
    const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
    for (let n = 0; n < 20; n += 1) {
      const executionId = await deliverAccepted(server, { agentId, body: { n } });
      await readEnded(server, { agentId, executionId });
    }
    const before = await listExecutions(server, agentId);
    for (let crash = 0; crash < 3; crash += 1) await server.restart();
    expect(await listExecutions(server, agentId)).toEqual(before);
  });
});

test("the database of a newer version is refused in words and keeps what it holds", async () => {
  await using server = await startServer();
  await makeAgent(server, { name: "kept" });
  expect(await server.stop()).toBe(0);
  const change = (sql: string): void => {
    using database = new Database(join(server.dataDir, "hookline.db"));
    database.run(sql);
  };
  change("insert into migrations (name, hash, applied_at) values ('9999_future', 'x', 0)");

  const { code, stdout, stderr } = await startInVain({ dataDir: server.dataDir });
  expect(code).toBe(1);
  expect(stderr).toContain("9999_future");
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stdout).not.toContain("database.migrated");

  change("delete from migrations where name = '9999_future'");
  await server.start();
  expect((await ask(server, "GET /agents")).data).toMatchObject([{ name: "kept" }]);
});

/** Nothing can be made in these folders until the end of the scope. */
function makeReadOnly(paths: string[]): Disposable {
  for (const path of paths) chmodSync(path, 0o555);
  return {
    [Symbol.dispose]() {
      for (const path of paths) chmodSync(path, 0o755);
    },
  };
}

test("the binary runs from a read-only folder, in any working folder, and writes to its data alone", async () => {
  using folder = makeFolder();
  const install = folder.file("install");
  const cwd = folder.file("work");
  const dataDir = folder.file("data");
  for (const path of [install, cwd, dataDir]) mkdirSync(path);
  const binary = join(install, "hookline");
  copyFileSync(BINARY, binary);
  // What a binary must not pick up from where it is started.
  writeFileSync(join(cwd, ".env"), "HOOKLINE_SLOTS=nonsense\n");
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./missing.ts"]\n');
  using _locked = makeReadOnly([install, cwd]);
  chmodSync(folder.path, 0o755);
  // Root may write anywhere, so the server is run as somebody else.
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY);
  const drop = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  const launcher = isRoot ? drop : [];
  await using server = await startServer({ binary, launcher, cwd, dataDir });
  const { id: agentId } = await makeAgent(server);
  const executionId = await deliverAccepted(server, { agentId, body: { n: 1 } });
  expect((await readEnded(server, { agentId, executionId })).status).toBe("completed");
  expect(await server.stop()).toBe(0);
  expect(readdirSync(install)).toEqual(["hookline"]);
  expect(readdirSync(cwd).toSorted()).toEqual([".env", "bunfig.toml"]);
  expect(readdirSync(dataDir)).toContain("hookline.db");
});

test("probes answer without a credential", async () => {
  await using server = await startServer();
  for (const [path, status] of [
    ["/healthz", "ok"],
    ["/readyz", "ready"],
  ]) {
    const answer = await ask(server, { call: `GET ${path}`, token: null });
    expect([answer.status, answer.body]).toEqual([200, { success: true, data: { status } }]);
  }
  const check = Bun.spawn([BINARY, "healthcheck"], {
    env: { PORT: new URL(server.url).port },
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(await check.exited).toBe(0);
});
