// A disk that fills up and is cleared again, as a small file system of its own. Needs root.

import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { guardProcesses } from "../support/process-cleanup";
import { findDamage, openStopped } from "../support/process-database";
import { makeFolder } from "../support/process-files";
import { modelPipeline, startStub } from "../support/process-models";
import { eventually, within } from "../support/process-waiting";
import {
  ask,
  deliver,
  deliverAccepted,
  listExecutions,
  makeAgent,
  makeProvider,
  NO_LIMITS,
  readEnded,
  readExecution,
} from "../support/server-calls";
import { Server } from "../support/server";

guardProcesses();

interface SmallDisk extends Disposable {
  path: string;
  /** Leaves no free byte until `clear`. */
  fill(): void;
  clear(): void;
}

/** A file system of 8 MiB until the end of the scope, or null with the reason printed. */
function mountSmallDisk(path: string): SmallDisk | null {
  mkdirSync(path);
  const mounted =
    process.getuid?.() === 0 &&
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path]).exitCode === 0;
  if (!mounted) {
    console.log("not run: a full disk needs root and the right to mount a tmpfs");
    return null;
  }
  const filler = `${path}/filler`;
  return {
    path,
    fill() {
      for (let size = 1024 * 1024; size >= 512; size /= 2) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: "a" });
        } catch {
          // Full for this size: smaller ones may fit.
        }
      }
    },
    clear: () => rmSync(filler),
    [Symbol.dispose]: () => void Bun.spawnSync(["umount", "--lazy", path]),
  };
}

interface Sender {
  agentId: string;
  /** Ids of what was answered 200. */
  acknowledged: Set<string>;
  /** Sends a delivery of about 4 KiB; resolves with the status. */
  send(): Promise<number>;
}

async function openSender(server: Server): Promise<Sender> {
  const { id: agentId } = await makeAgent(server, { webhook: { limits: NO_LIMITS } });
  const acknowledged = new Set<string>();
  let n = 0;
  return {
    agentId,
    acknowledged,
    async send() {
      n += 1;
      const answer = await deliver(server, { agentId, body: { n, text: `${n}`.repeat(2000) } });
      if (answer.status === 200) {
        acknowledged.add(answer.data.executionId);
        return 200;
      }
      expect([answer.status, answer.error.code]).toEqual([503, "STORAGE_UNAVAILABLE"]);
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
      expect(answer.headers.get("location")).toBeNull();
      return answer.status;
    },
  };
}

/** Fills the disk and sends until the server cannot store a delivery any more. */
async function fillUntilRefused(disk: SmallDisk, sender: Sender): Promise<void> {
  disk.fill();
  while ((await sender.send()) === 200);
}

const acceptsAgain = (sender: Sender): Promise<true> =>
  eventually("a delivery that is accepted again", async () =>
    (await sender.send()) === 200 ? true : null,
  );

test("a full disk is answered 503, loses nothing, and the server goes on once there is space", async () => {
  using folder = makeFolder();
  using disk = mountSmallDisk(folder.file("disk"));
  if (disk === null) return;
  await using server = new Server({ dataDir: disk.path });
  await server.start();
  const { pid } = server;
  const sender = await openSender(server);
  expect(await sender.send()).toBe(200);
  for (let round = 0; round < 3; round += 1) {
    await fillUntilRefused(disk, sender);
    expect(await sender.send()).toBe(503);
    expect((await ask(server, "GET /healthz")).status).toBe(200);
    expect((await ask(server, `GET /agents/${sender.agentId}`)).status).toBe(200);
    disk.clear();
    await acceptsAgain(sender);
  }
  for (const executionId of sender.acknowledged) {
    expect((await readEnded(server, { ...sender, executionId })).status).toBe("completed");
  }
  const stored = (await listExecutions(server, sender.agentId)).map(({ id }) => id);
  expect(stored.toSorted()).toEqual([...sender.acknowledged].toSorted());
  expect(server.pid).toBe(pid);
  expect(await server.stop()).toBe(0);
  using database = openStopped(disk.path);
  expect(findDamage(database)).toEqual([]);
});

test("while the disk is full the server is not ready", async () => {
  using folder = makeFolder();
  using disk = mountSmallDisk(folder.file("disk"));
  if (disk === null) return;
  await using server = new Server({ dataDir: disk.path });
  await server.start();
  const sender = await openSender(server);
  await fillUntilRefused(disk, sender);
  const full = await ask(server, "GET /readyz");
  expect([full.status, full.error?.code]).toEqual([503, "STORAGE_UNAVAILABLE"]);
  disk.clear();
  await acceptsAgain(sender);
  expect((await ask(server, "GET /readyz")).status).toBe(200);
});

test("a model's answer that cannot be stored is kept until there is space, and asked for once", async () => {
  using folder = makeFolder();
  using disk = mountSmallDisk(folder.file("disk"));
  if (disk === null) return;
  await using stub = await startStub();
  const env = { HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${stub.port}` };
  await using server = new Server({ dataDir: disk.path, env });
  await server.start();
  const providerId = await makeProvider(server, { baseUrl: stub.baseUrl });
  const call = { providerId, model: "hold", userPromptTemplate: "q" };
  const { id: agentId } = await makeAgent(server, { pipeline: modelPipeline(call) });
  const executionId = await deliverAccepted(server, { agentId, body: {} });
  await within(
    "the call",
    stub.until(() => stub.calls.length === 1),
  );
  const sender = await openSender(server);
  await fillUntilRefused(disk, sender);
  stub.release();
  await within(
    "the end of the call",
    stub.until(() => stub.open() === 0),
  );
  await within("a write that fails", server.logged("database.commit_failed"));
  expect((await readExecution(server, { agentId, executionId })).status).toBe("running");
  disk.clear();
  const execution = await readEnded(server, { agentId, executionId });
  expect(execution).toMatchObject({ status: "completed", output: "echo:q", attempt: 1 });
  expect(stub.calls).toHaveLength(1);
});
