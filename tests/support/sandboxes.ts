// Sandboxes with real children, from source, and runs in them with a deadline that tests can wait for.

import { sandboxCommand } from "../../src/commands/sandbox-command";
import { silentLog } from "../../src/lib/log";
import type { ChildrenDeps } from "../../src/sandbox/children";
import type { CodeCall } from "../../src/sandbox/code";
import { CodeError } from "../../src/sandbox/code";
import type { Sandbox } from "../../src/sandbox/sandbox";
import { createSandbox } from "../../src/sandbox/sandbox";

/** A sandbox whose children end with the scope. */
export function openSandbox(options: Partial<ChildrenDeps> = {}): Sandbox & Disposable {
  const sandbox = createSandbox({ command: sandboxCommand(), log: silentLog, ...options });
  return { ...sandbox, [Symbol.dispose]: () => sandbox.stop() };
}

/** A call of a body without bindings; one agent, and five seconds. */
export const callOf = (body: string, options: Partial<CodeCall> = {}): CodeCall => ({
  agent: 1,
  body,
  bindings: {},
  deadlineMs: 5_000,
  signal: new AbortController().signal,
  ...options,
});

/** How a run ended: its value, or its error's code, and the lines it logged. */
export interface Ended {
  value?: unknown;
  code?: string;
  message?: string;
  logs: string[];
}

/** Runs to the end; errors that are no `CodeError` stay errors. */
export async function runToEnd(sandbox: Sandbox, call: CodeCall): Promise<Ended> {
  try {
    return await sandbox.runCode(call);
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    return { code: error.code, message: error.message, logs: error.logs };
  }
}
