// The built binary as a child process on a data directory: start, stop, kill, start again. Nothing
// of it outlives its scope, also when a test fails. Leaves what is asked of it to `server-calls.ts`.

import type { Subprocess } from "bun";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { endWithFile } from "./process-cleanup";
import { makeFolder } from "./process-files";
import { eventually, within } from "./process-waiting";

export const BINARY = resolve(import.meta.dir, "../../dist/hookline");
export const ADMIN_TOKEN = "hk_live_process-tests-0000000000000000000000";

export interface ServerOptions {
  /** Beside the data directory, port 0 and the admin token; nothing is inherited but PATH. */
  env?: Record<string, string | undefined>;
  args?: string[];
  /** What runs the binary, such as strace. */
  launcher?: string[];
  binary?: string;
  cwd?: string;
  /** Kept at the end; without it the server has its own, which goes with it. */
  dataDir?: string;
}

/** One line of the log. */
export interface LogLine {
  event: string;
  [field: string]: unknown;
}

type Child = Subprocess<"ignore", "pipe", "pipe">;

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function spawnBinary(options: ServerOptions & { dataDir: string }): Child {
  const binary = options.binary ?? BINARY;
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run "bun run build" first`);
  const env = {
    PATH: process.env["PATH"],
    PORT: "0",
    HOOKLINE_DATA_DIR: options.dataDir,
    HOOKLINE_ADMIN_TOKEN: ADMIN_TOKEN,
    ...options.env,
  };
  return Bun.spawn([...(options.launcher ?? []), binary, "serve", ...(options.args ?? [])], {
    cwd: options.cwd ?? tmpdir(),
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a process has written so far. */
class Output {
  text = "";
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.text += decoder.decode(chunk, { stream: true });
  }
}

const parseLines = (text: string): LogLine[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line): LogLine => JSON.parse(line));

/** One start of the binary. */
class Run {
  readonly child: Child;
  readonly out: Output;
  readonly err: Output;
  readonly exited: Promise<number>;
  readonly #forget: () => void;
  #ended = false;
  readonly #end = (): void => {
    // Behind a launcher the server is another process, which does not end with it.
    const pid = this.find("server.started")?.["pid"];
    if (typeof pid === "number") killQuietly(pid);
    killQuietly(this.child.pid);
  };

  constructor(options: ServerOptions & { dataDir: string }) {
    this.child = spawnBinary(options);
    this.#forget = endWithFile(this.#end);
    this.out = new Output(this.child.stdout);
    this.err = new Output(this.child.stderr);
    this.exited = this.#waitForEnd();
  }

  async #waitForEnd(): Promise<number> {
    const code = await this.child.exited;
    await Promise.all([this.out.ended, this.err.ended]);
    this.#ended = true;
    this.#forget();
    return code;
  }

  find(event: string): LogLine | undefined {
    return parseLines(this.out.text).find((line) => line.event === event);
  }

  logged(event: string): Promise<LogLine> {
    return eventually(`the log line ${event}`, () => {
      const line = this.find(event);
      const { exitCode, signalCode } = this.child;
      const end = signalCode ?? exitCode;
      if (line === undefined && end !== null) {
        throw new Error(`the server ended (${end}) without ${event}: ${this.err.text}`);
      }
      return line ?? null;
    });
  }

  async kill(): Promise<void> {
    // Its number may be another's by now.
    if (!this.#ended) this.#end();
    await this.exited;
  }
}

/** A server that can be started again on its data; `url` and `pid` are those of the last start. */
export class Server implements AsyncDisposable {
  readonly dataDir: string;
  readonly token = ADMIN_TOKEN;
  url = "";
  pid = 0;
  readonly #folder: (Disposable & { path: string }) | null;
  #options: ServerOptions;
  #run: Run | null = null;

  constructor(options: ServerOptions) {
    this.#folder = options.dataDir === undefined ? makeFolder() : null;
    this.dataDir = options.dataDir ?? this.#folder?.path ?? "";
    this.#options = options;
  }

  get #current(): Run {
    if (this.#run === null) throw new Error("the server was not started");
    return this.#run;
  }

  /** What the last start wrote. */
  get stdout(): string {
    return this.#current.out.text;
  }
  get stderr(): string {
    return this.#current.err.text;
  }
  get logs(): LogLine[] {
    return parseLines(this.stdout);
  }

  /** Resolves with the exit code once the process has ended. */
  get exited(): Promise<number> {
    return this.#current.exited;
  }

  /** Starts it, and resolves once it listens; `changes` hold from now on. */
  async start(changes: ServerOptions = {}): Promise<void> {
    const env = { ...this.#options.env, ...changes.env };
    this.#options = { ...this.#options, ...changes, env };
    this.#run = new Run({ ...this.#options, dataDir: this.dataDir });
    const { url, pid } = await this.#run.logged("server.started");
    this.url = String(url);
    this.pid = Number(pid);
  }

  logged(event: string): Promise<LogLine> {
    return this.#current.logged(event);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number> {
    this.signal("SIGTERM");
    return within("the end after SIGTERM", this.exited);
  }

  /** SIGKILL, as a crash. */
  kill(): Promise<void> {
    return this.#current.kill();
  }

  /** A crash and a new start. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run?.kill();
    this.#folder?.[Symbol.dispose]();
  }
}

/** A server that listens. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const server = new Server(options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Refused {
  code: number;
  stdout: string;
  stderr: string;
}

/** A start that must end by itself: its exit code and what it wrote. */
export async function startInVain(options: ServerOptions & { dataDir: string }): Promise<Refused> {
  const run = new Run(options);
  try {
    const code = await within("the end of a start in vain", run.exited);
    return { code, stdout: run.out.text, stderr: run.err.text };
  } finally {
    await run.kill();
  }
}
