// One bash that is given commands piece by piece and keeps its variables between them.

import type { Subprocess } from "bun";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endWithFile } from "./process-cleanup";
import { eventually } from "./process-waiting";

export interface ShellResult {
  /** Of the last command that failed, also inside a pipe; else 0. */
  status: number;
  printed: string;
  errors: string;
}

/** Not what any command prints. */
const MARK = "\u001e";

const SETUP = "set -E -o pipefail; failed=0; trap 'failed=$?' ERR\n";

export class Shell implements AsyncDisposable {
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #scripts: string;
  readonly #forget: () => void;
  #count = 0;
  #out = "";
  #err = "";

  constructor(data: { cwd: string; scripts: string }) {
    this.#scripts = data.scripts;
    this.#child = Bun.spawn(["bash", "--noprofile", "--norc"], {
      cwd: data.cwd,
      env: { PATH: process.env["PATH"], HOME: data.cwd },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#forget = endWithFile(() => this.#child.kill("SIGKILL"));
    void this.#read(this.#child.stdout, (text) => (this.#out += text));
    void this.#read(this.#child.stderr, (text) => (this.#err += text));
    void this.#child.stdin.write(SETUP);
  }

  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    add: (text: string) => void,
  ): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
  }

  /** Runs commands; their input is empty, and a script that breaks off fails. */
  async run(commands: string): Promise<ShellResult> {
    this.#count += 1;
    this.#out = "";
    this.#err = "";
    const script = join(this.#scripts, `${this.#count}.sh`);
    writeFileSync(script, commands);
    const end = `printf '${MARK}%s${MARK}' "$failed"; failed=0`;
    void this.#child.stdin.write(`. '${script}' </dev/null\n${end}\n`);
    void this.#child.stdin.flush();
    const status = await eventually("the end of a shell block", () => {
      const { exitCode } = this.#child;
      if (exitCode !== null) throw new Error(`the shell ended (${exitCode}): ${this.#err}`);
      return new RegExp(`${MARK}(\\d+)${MARK}$`).exec(this.#out)?.[1] ?? null;
    });
    const printed = this.#out.split(MARK)[0] ?? "";
    return { status: Number(status), printed: printed.trim(), errors: this.#err };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#forget();
  }
}
