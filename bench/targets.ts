// What is measured: Hookline's binary with its agents, and the baseline servers, each on core 0 and
// on a folder of its own.

import { createServer } from "node:net";
import { join } from "node:path";
import { within } from "../tests/support/process-waiting";
import type { Server } from "../tests/support/server";
import { startServer } from "../tests/support/server";
import { askData, makeAgent, makeProvider } from "../tests/support/server-calls";
import { makeTempFolder } from "../tests/support/temp-folder";
import type { Baseline } from "./baseline-server";
import { SECRET } from "./baseline-server";

/** The server has core 0 to itself; what runs the bench is on core 1. */
export const ON_SERVER_CORE = ["taskset", "--cpu-list", "0"];

/** A server under measurement. */
export interface Target extends AsyncDisposable {
  url: string;
  pid: number;
  /** Ids that deliveries can be sent to. */
  agentIds: string[];
  /** Of Hookline; null of a baseline. */
  dataDir: string | null;
}

async function readFirstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) return text.trim();
  }
  throw new Error("a baseline server ended without its URL");
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `agt_${index}`);

/** A baseline server that listens. */
export async function openBaseline(kind: Baseline, agents: number): Promise<Target> {
  const folder = makeTempFolder();
  const script = join(import.meta.dir, "baseline-server.ts");
  const command = [...ON_SERVER_CORE, process.execPath, script, kind, folder.path];
  const child = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], NODE_ENV: "production" },
  });
  const url = await within("a baseline server", readFirstLine(child.stdout));
  return {
    url,
    pid: child.pid,
    agentIds: numbered(agents),
    dataDir: null,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}

/** A provider that takes every call and never answers. */
async function openSilentProvider(): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<{ destroy(): void }>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const address = silent.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => silent.close(done));
    },
  };
}

/** input → llm_call → output. */
const pipelineOn = (providerId: string) => ({
  nodes: [
    { id: "input", type: "input", data: {} },
    {
      id: "llm",
      type: "llm_call",
      data: { providerId, userPromptTemplate: "{{input}}", timeoutMs: 600_000 },
    },
    { id: "output", type: "output", data: { mapping: "{{nodes.llm.output}}" } },
  ],
  edges: [
    { id: "e1", source: "input", target: "llm" },
    { id: "e2", source: "llm", target: "output" },
  ],
});

export interface HooklineOptions {
  agents: number;
  /** Whether the only slot is taken, so that all that is accepted waits. */
  held?: boolean;
  /** Deliveries that each webhook takes in a minute. */
  perMinute?: number;
  /** Kept at the end, and its agents are those that are used. */
  dataDir?: string;
  /** Another build than `dist/hookline`. */
  binary?: string;
}

/** An agent of the echo provider with a webhook that takes all that comes; its id. */
async function addAgent(server: Server, options: HooklineOptions): Promise<string> {
  const { perMinute = 1_000_000 } = options;
  const limits = { perMinute, maxConcurrent: 1_000_000, overflow: "reject" };
  const webhook = { auth: { type: "hmac" }, limits };
  const { id } = await makeAgent(server, { webhook, pipeline: pipelineOn("echo") });
  const body = { secret: SECRET, graceSeconds: 0 };
  await askData(server, { call: `POST /agents/${id}/webhook/secrets`, body });
  return id;
}

/** Takes the server's one slot for longer than any run lasts. */
async function takeSlot(server: Server, port: number): Promise<void> {
  const providerId = await makeProvider(server, { baseUrl: `http://127.0.0.1:${port}/v1` });
  const { id } = await makeAgent(server, { pipeline: pipelineOn(providerId) });
  await askData(server, { call: `POST /agents/${id}/invoke`, body: { input: {} } });
}

async function listAgents(server: Server): Promise<string[]> {
  const agents: { id: string }[] = await askData(server, "GET /agents?limit=200");
  return agents.map(({ id }) => id);
}

/** The binary as a user starts it, but for its log, of which only warnings are written. */
export async function openHookline(options: HooklineOptions): Promise<Target & { server: Server }> {
  await using opened = new AsyncDisposableStack();
  const silent = options.held === true ? opened.use(await openSilentProvider()) : null;
  const env =
    silent === null
      ? {}
      : { HOOKLINE_SLOTS: "1", HOOKLINE_ALLOW_PRIVATE: `127.0.0.1:${silent.port}` };
  const { dataDir, binary } = options;
  const server = opened.use(
    await startServer({
      launcher: ON_SERVER_CORE,
      env,
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(binary === undefined ? {} : { binary }),
    }),
  );
  let agentIds = await listAgents(server);
  if (agentIds.length === 0) {
    for (let left = options.agents; left > 0; left -= 1)
      agentIds.push(await addAgent(server, options));
  }
  if (silent !== null) await takeSlot(server, silent.port);
  const owned = opened.move();
  return {
    server,
    url: server.url,
    pid: server.pid,
    agentIds,
    dataDir: server.dataDir,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
